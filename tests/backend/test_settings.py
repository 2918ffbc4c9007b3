from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from backend.settings import Settings, SettingsError, load_settings

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("WEFT_"):
            monkeypatch.delenv(name)


def documented() -> dict[str, str]:
    rows = re.findall(r"^\| `WEFT_(\w+)` \| ([^|]+) \|", DOCS.read_text("utf-8"), re.MULTILINE)
    return {name.lower(): default.strip() for name, default in rows}


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    assert set(documented()) == set(Settings.model_fields)


def test_the_documented_defaults_are_the_real_ones() -> None:
    settings = Settings()
    for name, text in documented().items():
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if name == "data_dir":
            assert text == "the user's data folder"
        elif value in ("", ()):
            assert text == "empty", name
        else:
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            assert text.strip("`") == shown.removesuffix(".0"), name


def test_the_environment_is_read_and_arguments_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_PORT", "9191")
    monkeypatch.setenv("WEFT_BATCH_SIZE", "4")
    monkeypatch.setenv("WEFT_LOCAL_ROOTS", os.pathsep.join(["/a/b", "c"]))
    monkeypatch.setenv("WEFT_ALLOW_PRIVATE_HOSTS", " Files.internal , 10.0.0.5:9000,")
    monkeypatch.setenv("WEFT_LABEL_STUDIO_URL", "http://studio:8080/")
    settings = load_settings(port=9292)
    assert settings.port == 9292
    assert settings.batch_size == 4
    assert settings.local_roots == (Path("/a/b"), Path.cwd() / "c")
    assert settings.allow_private_hosts == ("files.internal", "10.0.0.5:9000")
    assert settings.label_studio_url == "http://studio:8080"


def test_a_wrong_value_is_named_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_PORT", "many")
    monkeypatch.setenv("WEFT_LABEL_STUDIO_URL", "studio-and-secret")
    with pytest.raises(SettingsError, match="WEFT_PORT") as caught:
        load_settings()
    assert "WEFT_LABEL_STUDIO_URL" in str(caught.value)
    assert "studio-and-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_cannot_be_changed_and_do_not_show_secrets() -> None:
    settings = Settings(label_studio_token=SecretStr("abc123"), webhook_secret=SecretStr("xyz789"))
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]  # that is the point
    assert "abc123" not in repr(settings)
    assert "xyz789" not in repr(settings)


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("weft", False)],  # noqa: S104 - a case
)
def test_settings_know_whether_others_can_reach_the_server(host: str, is_loopback: bool) -> None:
    assert Settings(host=host).is_loopback is is_loopback
