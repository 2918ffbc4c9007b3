"""`docs/http.md` has every route and every metric, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from backend.app import create_app
from backend.metrics import Metrics
from backend.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "http.md"


def test_every_route_has_its_heading(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path))
    routes = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    documented = set(re.findall(r"^### `(\w+ /\S*)`", PAGE.read_text("utf-8"), flags=re.M))

    assert documented == routes


def test_every_metric_is_in_the_table() -> None:
    names = {metric.name for metric in Metrics().registry.collect()}

    documented = set(re.findall(r"^\| `(weft_\w+)`", PAGE.read_text("utf-8"), flags=re.M))

    assert documented == names
