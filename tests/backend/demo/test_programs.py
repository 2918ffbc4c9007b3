from __future__ import annotations

import sys
from pathlib import Path

import pytest

from backend.demo import programs as module
from backend.demo.label_studio import Account, load_account
from backend.demo.ports import Ports
from backend.demo.processes import DemoError, Program, free_port, start, stop_all
from backend.demo.programs import Running, backend_environment, start_programs, wait_for_programs

SAY_MODEL = (
    "import http.server, sys\n"
    "class Handler(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        body = sys.argv[2].encode()\n"
    "        self.send_response(200)\n"
    "        self.send_header('Content-Length', str(len(body)))\n"
    "        self.end_headers()\n"
    "        self.wfile.write(body)\n"
    "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()"
)


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return load_account(tmp_path)


def test_the_readers_other_settings_do_not_reach_the_backend(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_MODEL", "mine-2")
    monkeypatch.setenv("WEFT_DATABASE_URL", "postgresql://theirs")
    monkeypatch.setenv("WEFT_SHOW_RENDERED", "true")
    environment = backend_environment(
        account,
        label_studio_url="http://127.0.0.1:8091",
        port=9091,
        data_dir=tmp_path,
        show_rendered=False,
    )
    ours = {name: text for name, text in environment.items() if name.startswith("WEFT_")}
    assert ours == {
        "WEFT_REVIEWERS": "Demo:lead",
        "WEFT_BLIND_SHARE": "0",
        "WEFT_MODEL": "mine-2",
        "WEFT_HOST": "127.0.0.1",
        "WEFT_PORT": "9091",
        "WEFT_DATA_DIR": str(tmp_path),
        "WEFT_LABEL_STUDIO_URL": "http://127.0.0.1:8091",
        "WEFT_LABEL_STUDIO_TOKEN": account.token,
        "WEFT_WEBHOOK_SECRET": account.webhook_secret,
        "WEFT_SHOW_RENDERED": "false",
    }
    assert environment["PATH"]


def test_what_was_started_is_known_even_if_the_next_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(executable: Path, account: Account, *, port: int, folder: Path) -> Program:
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        return start("label-studio", command, environment={}, folder=folder)

    def refuse(*_: object, **__: object) -> Program:
        raise DemoError("no backend")

    monkeypatch.setattr(module, "default_program", lambda: tmp_path / "label-studio-program")
    monkeypatch.setattr(module, "start_label_studio", sleep)
    monkeypatch.setattr(module, "start", refuse)
    started: list[Program] = []
    said: list[str] = []
    try:
        with Ports(tmp_path) as ports, pytest.raises(DemoError, match="no backend"):
            start_programs(tmp_path, started, ports=ports, show_rendered=True, say=said.append)
        assert [program.name for program in started] == ["label-studio"]
        assert "starting Label Studio (the first time takes a minute)" in said
    finally:
        stop_all(started)


def test_a_model_that_cannot_be_loaded_ends_the_wait_with_its_reason(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "wait_for_label_studio", lambda *_, **__: None)
    port = free_port(18080)
    state = '{"model": "failed: weights are damaged"}'
    backend = start(
        "backend",
        [sys.executable, "-c", SAY_MODEL, str(port), state],
        environment={},
        folder=tmp_path,
    )
    running = Running(
        programs=(backend, backend),
        account=account,
        label_studio_url="http://127.0.0.1:1",
        backend_url=f"http://127.0.0.1:{port}",
        webhook_secret=account.webhook_secret,
    )
    try:
        with pytest.raises(DemoError, match=r"weights are damaged; run: .*weft doctor"):
            wait_for_programs(running)
    finally:
        stop_all([backend])
