from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tagger.boxes import PixelBox
from tagger.detect.examples import DrawnBox
from tagger.detect.scores import BoxAgreement, box_agreement, coco_scores
from tagger.detect.serving import Detection
from tagger.run_length import encode_mask


def _box(x, y=10, side=20) -> PixelBox:
    return PixelBox.from_xywh(x, y, side, side)


def _mask(box: PixelBox):
    mask = np.zeros((60, 80), dtype=bool)
    mask[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)] = True
    return encode_mask(mask)


def _seen(name, box, score, *, mask=None) -> Detection:
    return Detection(box=box, name=name, leaves=frozenset(), score=score, mask=mask)


def test_perfect_boxes_and_masks_score_one():
    truth = [[("chair", _box(5), _mask(_box(5))), ("lamp", _box(40), _mask(_box(40)))]]
    seen = [
        [
            _seen("chair", _box(5), 0.9, mask=_mask(_box(5))),
            _seen("lamp", _box(40), 0.8, mask=_mask(_box(40))),
        ]
    ]

    scores = coco_scores(truth, seen, names=["chair", "lamp"])

    assert (scores["box_ap"], scores["box_ap50"], scores["mask_ap"]) == (1.0, 1.0, 1.0)
    assert (scores["images"], scores["garments"]) == (1, 2)


def test_average_precision_is_the_area_under_the_curve():
    # Three garments. By score: right, wrong, right. Recall 1/3 at precision 1, then 2/3 at 2/3:
    # of COCO's 101 recalls 34 lie in the first third and 33 in the second.
    truth = [[("chair", _box(x), None) for x in (0, 25, 50)]]
    seen = [
        [
            _seen("chair", _box(0), 0.9),
            _seen("chair", _box(0, y=38), 0.8),
            _seen("chair", _box(25), 0.7),
        ]
    ]

    scores = coco_scores(truth, seen, names=["chair"])

    assert scores["box_ap50"] == pytest.approx((34 + 33 * 2 / 3) / 101, abs=1e-3)
    assert scores["mask_ap"] is None


def test_a_loose_box_counts_at_half_overlap_and_not_at_three_quarters():
    truth = [[("chair", PixelBox(x0=0, y0=0, x1=10, y1=10), None)]]
    seen = [[_seen("chair", PixelBox(x0=0, y0=0, x1=10, y1=16), 0.9)]]  # IoU 0.625

    scores = coco_scores(truth, seen, names=["chair"])

    assert (scores["box_ap50"], scores["box_ap75"]) == (1.0, 0.0)
    assert scores["box_ap"] == pytest.approx(0.3)  # 0.50, 0.55 and 0.60 of ten thresholds


def test_classes_that_are_not_scored_count_neither_way():
    truth = [[("chair", _box(5), None), ("rug", _box(40), None)]]
    seen = [[_seen("chair", _box(5), 0.9), _seen("rug", _box(5), 0.95)]]

    scores = coco_scores(truth, seen, names=["chair"])

    assert scores["box_ap50"] == 1.0
    assert set(scores["classes"]) == {"chair"}


def test_a_class_without_a_garment_has_no_figure_and_does_not_lower_the_mean():
    truth = [[("chair", _box(5), None)]]
    seen = [[_seen("chair", _box(5), 0.9), _seen("lamp", _box(40), 0.9)]]

    scores = coco_scores(truth, seen, names=["chair", "lamp"])

    assert scores["classes"]["lamp"] == {"n": 0, "ap": None, "ap50": None, "mask_ap": None}
    assert scores["box_ap50"] == 1.0


def test_no_detection_at_all_scores_nothing():
    scores = coco_scores([[("chair", _box(5), None)]], [[]], names=["chair", "lamp"])

    assert scores["box_ap50"] == 0.0
    assert scores["classes"]["lamp"]["ap"] is None


def test_agreement_counts_worn_and_lying_products_apart():
    agreement = BoxAgreement(ious={"1": 0.9, "2": 0.79, "3": 0.8}, worn=frozenset({"2", "3"}))

    assert agreement.reached() == (2, 3)
    assert agreement.reached(worn=True) == (1, 2)
    assert agreement.to_dict()["reached"]["lying"] == {"iou_0.8": 1, "n": 1}
    assert agreement.to_dict()["mean_iou"] == pytest.approx(0.83)


def test_agreement_compares_with_the_boxes_of_one_use(sample_of):
    boxes = {
        "a": DrawnBox(key="a", edges=(0.1, 0.1, 0.6, 0.6), worn=False, use="test"),
        "b": DrawnBox(key="b", edges=(0.1, 0.1, 0.6, 0.6), worn=False, use="train"),
    }
    asked = []

    def find(image: Image.Image, aspect: float) -> PixelBox:
        asked.append(aspect)
        return PixelBox(x0=10, y0=10, x1=60, y1=60)

    agreement = box_agreement(
        find, [sample_of("a", aspect=0.75), sample_of("b"), sample_of("c")], boxes
    )

    assert agreement.ious == {"a": pytest.approx(1.0)}
    assert asked == [0.75]
