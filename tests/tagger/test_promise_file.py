from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tagger.promise import PromiseCell, PromiseError
from tagger.promise_file import PromiseSet, fit_set, read_promises, write_promises
from tagger.promise_pooled import PooledPromise
from tagger.promise_scope import Scope
from tests.tagger.promised import promise_set


def promises(version: str = "v1") -> PromiseSet:
    overall = PooledPromise(
        coverage=0.5,
        error_interval=(0.0, 0.02),
        n=400,
        num_accepted=200,
        num_products=200,
        num_wrong=0,
    )
    return replace(promise_set(version, pattern=0.9), overall=overall)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    write_promises(tmp_path / "promises", promises())

    assert read_promises(tmp_path / "promises", "v1") == promises()


def test_a_version_without_promises_accepts_nothing(tmp_path: Path) -> None:
    assert read_promises(tmp_path, "v1") is None
    assert not promises().accepts("season", 1.0)
    assert not promises().accepts("pattern", 0.89)
    assert promises().accepts("pattern", 0.9)


@pytest.mark.parametrize("text", ["", "[]", '{"version": "v1"}', '{"heads": 3, "version": "v1"}'])
def test_a_damaged_file_is_refused_and_says_what_to_do(text: str, tmp_path: Path) -> None:
    (tmp_path / "v1.json").write_text(text, encoding="utf-8")

    with pytest.raises(PromiseError, match="weft promise"):
        read_promises(tmp_path, "v1")


def test_promises_of_another_version_are_refused(tmp_path: Path) -> None:
    write_promises(tmp_path, promises("v2")).rename(tmp_path / "v1.json")

    with pytest.raises(PromiseError, match="'v2'"):
        read_promises(tmp_path, "v1")


def test_a_file_from_before_scopes_is_read_as_promises_of_each_attribute(tmp_path: Path) -> None:
    path = write_promises(tmp_path, promises())
    plain = json.loads(path.read_text("utf-8"))
    del plain["scope"], plain["overall"]
    path.write_text(json.dumps(plain), encoding="utf-8")

    found = read_promises(tmp_path, "v1")

    assert found is not None
    assert (found.scope, found.overall) == (Scope.EACH, None)
    assert found.accepts("pattern", 0.95)


def test_an_unknown_scope_is_refused(tmp_path: Path) -> None:
    path = write_promises(tmp_path, promises())
    path.write_text(path.read_text("utf-8").replace('"all"', '"some"'), encoding="utf-8")

    with pytest.raises(PromiseError, match="some"):
        read_promises(tmp_path, "v1")


@pytest.mark.parametrize("scope", list(Scope))
def test_promises_of_either_scope_are_fitted(scope: Scope) -> None:
    cells = [
        PromiseCell(attribute=name, product=str(at), cell=str(at), is_right=True, score=0.9)
        for name in ("pattern", "season")
        for at in range(300)
    ]

    found = fit_set(
        cells,
        scope=scope,
        never=["season"],
        version="v1",
        error=0.02,
        confidence=0.95,
        source="test",
        fitted_on="2026-11-21",
    )

    assert found.scope is scope
    assert (found.overall is not None) == (scope is Scope.ALL)
    assert found.accepts("pattern", 0.9)
    assert not found.accepts("season", 0.9)
