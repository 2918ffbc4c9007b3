from __future__ import annotations

from pathlib import Path

from backend.demo.label_studio import environment_for, load_account


def test_account_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = load_account(tmp_path)

    assert load_account(tmp_path) == first
    assert (tmp_path / "account.json").stat().st_mode & 0o077 == 0


def test_accounts_differ_between_folders(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    assert load_account(tmp_path / "a").password != load_account(tmp_path / "b").password


def test_settings_of_another_label_studio_do_not_leak_in(tmp_path: Path) -> None:
    account = load_account(tmp_path)
    base = {"PATH": "/bin", "LABEL_STUDIO_PORT": "1", "POSTGRE_HOST": "db", "WEFT_TOKEN": "t"}

    environment = environment_for(account, port=8090, data=tmp_path, base=base)

    assert environment["PATH"] == "/bin"
    assert not {"LABEL_STUDIO_PORT", "POSTGRE_HOST", "WEFT_TOKEN"} & set(environment)


def test_label_studio_may_call_a_backend_on_loopback_and_nothing_outside(tmp_path: Path) -> None:
    environment = environment_for(load_account(tmp_path), port=8090, data=tmp_path, base={})

    assert environment["USE_DEFAULT_BANNED_SUBNETS"] == "false"
    assert environment["LATEST_VERSION_CHECK"] == "false"
    assert environment["LABEL_STUDIO_HOST"] == "http://127.0.0.1:8090"
