from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from backend.log_setup import configure_logging
from backend.settings import Settings


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def fail_with_a_secret_at_hand() -> None:
    token = "s3cret"
    raise RuntimeError(f"failed with {len(token)} letters")


def log_a_failure() -> None:
    log = structlog.get_logger("weft")
    log.debug("too_fine")
    try:
        fail_with_a_secret_at_hand()
    except RuntimeError:
        log.error("it_failed", task_id=7, exc_info=True)


@pytest.mark.parametrize("is_json", [True, False])
def test_a_logged_failure_shows_where_but_no_local_variables(
    capsys: pytest.CaptureFixture[str], is_json: bool
) -> None:
    configure_logging(Settings(log_json=is_json))
    log_a_failure()
    text = capsys.readouterr().err
    assert "it_failed" in text
    assert "failed with 6 letters" in text
    assert "fail_with_a_secret_at_hand" in text
    assert "'s3cret'" not in text
    assert "too_fine" not in text


def test_json_logs_are_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_json=True))
    log_a_failure()
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["task_id"], entry["level"]) == ("it_failed", 7, "error")
