import pytest
from typer.testing import CliRunner

from backend.cli import app
from backend.retraining.lock import training_lock


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("WEFT_RETRAIN_THREADS", "1")
    return tmp_path


def _retrain(*options):
    return CliRunner().invoke(app, ["retrain", *options])


def test_a_dry_run_says_what_there_is_and_starts_nothing(data_dir):
    result = _retrain("--dry-run", "--fast")
    assert result.exit_code == 0, result.output
    assert "corrected garments to learn from: 0" in result.output
    assert not (data_dir / "training.lock").exists()


def test_without_corrections_it_ends_with_one_clear_line(data_dir):
    result = _retrain("--fast")
    assert result.exit_code == 2
    assert "error: nothing to learn" in result.stderr


def test_while_another_process_trains_it_stops(data_dir):
    with training_lock(data_dir):
        result = _retrain("--fast")
    assert result.exit_code == 3
    assert "another process trains" in result.stderr
