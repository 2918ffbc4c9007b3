"""Maps that are taught where a part is seen."""

from types import SimpleNamespace

import pytest
import torch

from ontology.labels import CellLabel, CellState
from ontology.load import default_ontology_path, load_ontology
from ontology.targets import layout
from tagger.boxes import PixelBox
from tagger.explain.gradients import cams_under_pooling
from tagger.model import AttributeModel, ModelConfig
from tagger.part_loss import PartCells, cells_on, part_loss, part_targets

LEFT_TOP = PixelBox(x0=0, y0=0, x1=10, y1=10)


@pytest.fixture(scope="module")
def ontology():
    """Give the shipped ontology."""
    return load_ontology(default_ontology_path())


def _targets(*boxes):
    return (((3, boxes),),)


def _cells(boxes, frame, *, cells=4):
    return cells_on(
        _targets(*boxes),
        torch.tensor([0]),
        torch.tensor([frame], dtype=torch.float32),
        cells=cells,
    )


def test_a_part_marks_the_cells_that_it_touches():
    asked = _cells([PixelBox(x0=30, y0=50, x1=55, y1=74)], (0, 0, 100, 100, 0))

    assert asked.values.tolist() == [3]
    assert asked.cells[0].nonzero().tolist() == [[2, 1], [2, 2]]


def test_a_mirrored_crop_has_its_parts_on_the_other_side():
    asked = _cells([LEFT_TOP], (0, 0, 100, 100, 1))

    assert asked.cells[0].nonzero().tolist() == [[0, 3]]


def test_a_window_moves_its_parts():
    asked = _cells([LEFT_TOP], (-50, -100, 50, 100, 0))

    assert asked.cells[0].nonzero().tolist() == [[2, 2]]


def test_a_part_outside_of_the_crop_is_not_asked_for():
    assert _cells([LEFT_TOP], (20, 20, 100, 100, 0)) is None


def test_all_parts_of_an_attribute_are_marked_together():
    asked = _cells([LEFT_TOP, PixelBox(x0=90, y0=90, x1=100, y1=100)], (0, 0, 100, 100, 0))

    assert asked.cells[0].nonzero().tolist() == [[0, 0], [3, 3]]


@pytest.fixture(scope="module")
def sample(ontology):
    """Give a sample with a label that is certain, one that is not and one without a part."""
    certain, open_, elsewhere = ontology.attributes[:3]

    def cell(attribute, count):
        return CellLabel(
            state=CellState.VALUE, any_of=frozenset(v.id for v in attribute.values[:count])
        )

    return SimpleNamespace(
        label=SimpleNamespace(
            cells={
                certain.id: cell(certain, 1),
                open_.id: cell(open_, 2),
                elsewhere.id: cell(elsewhere, 1),
            }
        ),
        parts={certain.id: (LEFT_TOP,), open_.id: (LEFT_TOP,), elsewhere.id: ()},
    )


def test_only_a_certain_value_with_a_part_is_taught(ontology, sample):
    [shown] = part_targets(ontology, [sample])

    attribute = next(iter(sample.parts))
    [value] = sample.label.cells[attribute].any_of
    assert shown == ((layout(ontology).positions[attribute, value], (LEFT_TOP,)),)


def _model(ontology):
    torch.manual_seed(0)
    model = AttributeModel(ModelConfig(image_size=96), layout(ontology)).eval()
    torch.nn.init.normal_(model.branches.direct.weight, std=0.1)
    return model


def test_the_loss_is_of_the_maps_that_are_shown(ontology):
    model = _model(ontology)
    feature_map = torch.rand(2, model.num_channels, 3, 3, requires_grad=True)
    cams = cams_under_pooling(model, feature_map[1], torch.eye(len(model.branches.bias))[[5]])[0]
    peak = torch.zeros(3, 3, dtype=torch.bool).flatten()
    peak[cams.argmax()] = True

    def loss(cells):
        asked = PartCells(
            rows=torch.tensor([1]), values=torch.tensor([5]), cells=cells.view(1, 3, 3)
        )
        return float(part_loss(model, feature_map, asked).detach())

    assert loss(torch.ones(3, 3, dtype=torch.bool)) == pytest.approx(0.0, abs=1e-5)
    assert (
        0
        < loss(peak)
        < min(
            loss(torch.eye(9, dtype=torch.bool)[at]) for at in range(9) if at != int(cams.argmax())
        )
    )


def test_descending_on_the_loss_moves_the_peak_onto_the_part(ontology):
    model = _model(ontology)
    feature_map = torch.rand(1, model.num_channels, 3, 3, requires_grad=True)
    cells = torch.zeros(1, 3, 3, dtype=torch.bool)
    cells[0, 2, 0] = True
    asked = PartCells(rows=torch.tensor([0]), values=torch.tensor([5]), cells=cells)
    before = float(part_loss(model, feature_map, asked).detach())
    parameters = [*model.branches.parameters()]
    optimiser = torch.optim.SGD(parameters, lr=0.05)

    for _ in range(60):
        optimiser.zero_grad()
        part_loss(model, feature_map, asked).backward()
        optimiser.step()

    cam = cams_under_pooling(model, feature_map[0], torch.eye(len(model.branches.bias))[[5]])[0]
    assert float(part_loss(model, feature_map, asked).detach()) < 0.5 * before
    assert divmod(int(cam.argmax()), 3) == (2, 0)
