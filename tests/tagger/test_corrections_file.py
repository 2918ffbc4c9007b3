import pytest

from ontology.labels import CellLabel, CellState, GarmentLabel
from tagger.corrections_file import CorrectionsFileError, load_garments, save_garments
from tests.tagger.corrected import embedding, garment


def test_garments_survive_a_file_but_for_their_embeddings(tmp_path):
    label = GarmentLabel(
        categories=frozenset({"lantern"}),
        category_vocabulary=frozenset({"lantern", "torch"}),
        category_weight=0.25,
        cells={
            "power": CellLabel(
                state=CellState.VALUE,
                positives=frozenset({"mains"}),
                negatives=frozenset({"solar"}),
                vocabulary=frozenset({"mains", "solar"}),
                looked_at=True,
                weight=0.5,
            ),
            "stand": CellLabel(state=CellState.CANNOT_TELL),
        },
    )
    one = garment(1, label, embedding("lantern"), encoder="e", is_blind=True, is_moved=True)
    save_garments([one], tmp_path / "g.json")
    (found,) = load_garments(tmp_path / "g.json")
    assert found.label == label
    assert (found.id, found.box, found.is_blind, found.is_moved) == (one.id, one.box, True, True)
    assert found.embedding is None


@pytest.mark.parametrize("text", ["[{}]", "no json", '[{"id": 1}]'])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "g.json").write_text(text)
    with pytest.raises(CorrectionsFileError, match="start the round over"):
        load_garments(tmp_path / "g.json")
