"""Random legal ontologies, scores and labels, for property tests of any package."""

from __future__ import annotations

import random
from typing import Any

import yaml
from hypothesis import strategies as st

from ontology import (
    AttributeKind,
    CellLabel,
    CellState,
    GarmentLabel,
    Ontology,
    OntologyError,
    Scores,
    parse_ontology,
)

Spec = dict[str, Any]

ODD_SCORES = (float("nan"), float("inf"), float("-inf"), -0.1, 1.1, 0.0, 1.0, 0.5, None, "0.7")


@st.composite
def ontologies(
    draw: st.DrawFn, *, max_attributes: int = 4, max_values: int = 4, num_rules: int = 6
) -> Ontology:
    """Draw an ontology with a tree of categories, both kinds of attributes and some rules."""
    leaves, categories = draw(_trees())
    nodes = sorted(leaves)
    count = draw(st.integers(1, max_attributes))
    attributes = [draw(_attributes(f"a{i}", nodes, leaves, max_values)) for i in range(count)]
    _add_rules(draw, attributes, draw(st.integers(0, num_rules)))
    spec = {
        "format": 1,
        "id": "random",
        "version": "1",
        "label": "Random",
        "categories": categories,
        "attributes": attributes,
    }
    return _parse_legal(spec)


@st.composite
def ruled_ontologies(draw: st.DrawFn) -> Ontology:
    """Draw an ontology of one category in which many rules meet."""
    attributes: list[Spec] = [
        {
            "id": f"a{i}",
            "label": f"Attribute a{i}",
            "kind": draw(st.sampled_from(["exclusive", "exclusive", "multiple"])),
            "applies_to": ["c0"],
            "values": [{"id": f"v{j}", "label": f"Value {j}"} for j in range(3)],
        }
        for i in range(4)
    ]
    _add_rules(draw, attributes, draw(st.integers(4, 10)))
    spec = {
        "format": 1,
        "id": "ruled",
        "version": "1",
        "label": "Ruled",
        "categories": [{"id": "c0", "label": "Category c0"}],
        "attributes": attributes,
    }
    return _parse_legal(spec)


@st.composite
def _trees(draw: st.DrawFn) -> tuple[dict[str, set[str]], list[Spec]]:
    """Draw a tree; return the leaves under each node, and the file's form of it."""
    leaves: dict[str, set[str]] = {}

    def grow(depth: int) -> Spec:
        name = f"c{len(leaves)}"
        leaves[name] = set()
        node: Spec = {"id": name, "label": f"Category {name}"}
        size = draw(st.integers(0, 3)) if depth < 2 and len(leaves) < 8 else 0
        children = [grow(depth + 1) for _ in range(size)]
        if children:
            node["children"] = children
            leaves[name] = set().union(*(leaves[child["id"]] for child in children))
        else:
            leaves[name] = {name}
        return node

    roots = [grow(0) for _ in range(draw(st.integers(1, 2)))]
    return leaves, roots


@st.composite
def _attributes(
    draw: st.DrawFn, name: str, nodes: list[str], leaves: dict[str, set[str]], max_values: int
) -> Spec:
    applies = draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=2, unique=True))
    here = set().union(*(leaves[node] for node in applies))
    spec: Spec = {
        "id": name,
        "label": f"Attribute {name}",
        "kind": draw(st.sampled_from(["exclusive", "multiple"])),
        "applies_to": applies,
    }
    removed = draw(st.sampled_from(sorted(here)))
    if len(here) > 1 and draw(st.booleans()):
        spec["except_for"] = [removed]
        here -= {removed}
    if draw(st.booleans()):
        spec["required_for"] = [draw(st.sampled_from(sorted(here)))]
    values: list[Spec] = []
    for i in range(draw(st.integers(1, max_values))):
        value: Spec = {"id": f"v{i}", "label": f"Value {i}"}
        restriction = draw(st.sampled_from(["none", "none", "only_for", "except_for"]))
        leaf = draw(st.sampled_from(sorted(here)))
        if i and (restriction == "only_for" or (restriction == "except_for" and len(here) > 1)):
            value[restriction] = [leaf]
        values.append(value)
    spec["values"] = values
    return spec


def _add_rules(draw: st.DrawFn, attributes: list[Spec], count: int) -> None:
    for _ in range(count):
        attribute = draw(st.sampled_from(attributes))
        value = draw(st.sampled_from(attribute["values"]))
        other = draw(st.sampled_from(attributes))
        names = [v["id"] for v in other["values"] if other is not attribute or v is not value]
        if not names or (other is attribute and attribute["kind"] == "exclusive"):
            continue
        chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        kind = draw(st.sampled_from(["implies", "excludes"]))
        named: Any = "any" if kind == "excludes" and draw(st.booleans()) else chosen
        value.setdefault(kind, {})[other["id"]] = named


def _parse_legal(spec: Spec) -> Ontology:
    """Parse, taking away `implies` of the values that contradict themselves until it is legal."""
    while True:
        text = yaml.safe_dump(spec, sort_keys=False)
        try:
            return parse_ontology(text, file="random.yaml")
        except OntologyError as error:
            heads = [v for a in spec["attributes"] for v in a["values"] if "implies" in v]
            if not heads:
                raise
            named = [v for v in heads if any(f"'{v['id']}'" in f.reason for f in error.faults)]
            (named or heads)[-1].pop("implies")


def seeded(seed: int) -> random.Random:
    """Return a generator whose numbers are the same in every run."""
    return random.Random(seed)  # noqa: S311  # test data, nothing secret


def random_scores(ontology: Ontology, rng: random.Random, *, odd_share: float = 0.1) -> Scores:
    """Make a score for everything, some of it no probability or left out."""

    def score() -> Any:
        if rng.random() < odd_share:
            return rng.choice(ODD_SCORES)
        return rng.random() if rng.random() < 0.5 else rng.betavariate(0.3, 0.3)

    return Scores(
        category={leaf: score() for leaf in ontology.leaves if rng.random() > odd_share / 2},
        attributes={
            a.id: {v.id: score() for v in a.values if rng.random() > odd_share / 2}
            for a in ontology.attributes
            if rng.random() > odd_share / 4
        },
    )


@st.composite
def labels(draw: st.DrawFn, ontology: Ontology) -> GarmentLabel:
    """Draw a label: exact, ambiguous or missing category, and any state in its cells."""
    categories = draw(st.frozensets(st.sampled_from(ontology.leaves), max_size=2))
    cells = {}
    for attribute in ontology.attributes:
        if not draw(st.booleans()):
            continue
        some = st.frozensets(st.sampled_from([v.id for v in attribute.values]))
        is_multiple = attribute.kind is AttributeKind.MULTIPLE
        cells[attribute.id] = CellLabel(
            state=draw(st.sampled_from(CellState)),
            any_of=draw(some),
            positives=draw(some) if is_multiple else frozenset(),
            negatives=draw(some),
            vocabulary=draw(st.none() | some),
            looked_at=draw(st.booleans()),
            weight=draw(st.sampled_from([1.0, 0.5])),
        )
    return GarmentLabel(categories=categories, cells=cells)
