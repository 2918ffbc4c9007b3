"""The panel of a labeling config that shows what the model saw."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ontology.compare import compare
from ontology.config_map import ConfigMap
from ontology.errors import LabelConfigError
from ontology.evidence_panel import panel_address_in, with_panel
from ontology.keep_config import migrated_config
from ontology.label_config import build_label_config
from ontology.load import load_ontology

FIXTURES = Path(__file__).parents[1] / "fixtures"
ONTOLOGY = load_ontology(FIXTURES / "recorded.yaml")
ADDRESS = "http://127.0.0.1:9090/overlays/abc/evidence.jpg?image=$image"


def test_the_panel_asks_for_nothing_more_than_the_picture() -> None:
    xml = build_label_config(ONTOLOGY, evidence=ADDRESS)

    config = ConfigMap.parse(xml, ONTOLOGY)
    assert (config.image_tag, config.image_key, config.unmapped) == ("image", "image", ())
    assert re.findall(r'value="(\$\w+)', xml) == ["$image"], "no other key"


def test_putting_it_in_and_out_again_leaves_the_config_as_it_was() -> None:
    plain = build_label_config(ONTOLOGY)
    put = with_panel(plain, ADDRESS)

    assert put == build_label_config(ONTOLOGY, evidence=ADDRESS)
    assert panel_address_in(put) == ADDRESS
    assert with_panel(put, ADDRESS) is put
    assert with_panel(put, "") == plain
    assert panel_address_in(plain) == ""


def test_another_address_replaces_the_old_one() -> None:
    other = ADDRESS.replace("abc", "def")

    changed = with_panel(with_panel(build_label_config(ONTOLOGY), ADDRESS), other)

    assert changed == build_label_config(ONTOLOGY, evidence=other)


def test_a_config_of_somebody_else_stays_as_it_is() -> None:
    xml = (FIXTURES / "payloads" / "labeling-config.working.xml").read_text("utf-8")

    assert with_panel(xml, ADDRESS) is xml


@pytest.mark.parametrize(
    "address", ["http://x/evidence.jpg", "javascript:alert(1)?image=$image", ADDRESS + '"><b']
)
def test_an_address_of_another_form_is_refused(address: str) -> None:
    with pytest.raises(LabelConfigError, match="evidence address"):
        build_label_config(ONTOLOGY, evidence=address)


def test_a_changed_ontology_keeps_the_panel() -> None:
    old = build_label_config(ONTOLOGY, evidence=ADDRESS)

    assert panel_address_in(migrated_config(old, compare(ONTOLOGY, ONTOLOGY))) == ADDRESS
