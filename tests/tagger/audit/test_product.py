"""Which of several garments is the product, and looking again where it seems to be none."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tagger.audit.listing import Listing
from tagger.audit.product import pick_product, seems_another
from tagger.audit.run import audit_listings
from tagger.audit.seen import look_closer
from tagger.boxes import PixelBox
from tagger.pipeline import ImagePrediction

_SPEC = importlib.util.spec_from_file_location(
    "audit_support", Path(__file__).with_name("support.py")
)
support = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(support)

ABOVE, BELOW = PixelBox(x0=10, y0=0, x1=90, y1=45), PixelBox(x0=10, y0=40, x1=90, y1=100)


@pytest.fixture
def lantern(lamps):
    return replace(support.garment(lamps, "lantern", {}), box=BELOW)


@pytest.fixture
def torch(lamps):
    return replace(support.garment(lamps, "torch", {}, sure=0.88), box=ABOVE, primary=False)


def both(first, *others):
    garments = (first, *others)
    regions = tuple({"id": one.id, "primary": one is first} for one in garments)
    return replace(support.seen("both.jpg", first), garments=garments, regions=regions)


def test_the_claimed_garment_is_the_product_even_if_it_is_not_the_primary_one(
    lamps, lantern, torch
):
    found = pick_product(both(lantern, torch), {"torch"}, lamps)

    assert (found.garment.category, found.garment.primary) == ("torch", True)
    assert [(one["id"], one["primary"]) for one in found.regions] == [
        (lantern.id, False),
        (torch.id, True),
    ]


@pytest.mark.parametrize("claimed", [set(), {"lantern"}, {"lantern", "torch"}, {"desk_lamp"}])
def test_without_a_claim_or_a_garment_that_fits_better_it_is_the_primary_one(
    lamps, lantern, torch, claimed
):
    picture = both(lantern, torch)

    assert pick_product(picture, claimed, lamps) == picture


def test_of_several_that_fit_it_is_the_one_in_which_the_claim_is_likeliest(lamps, lantern, torch):
    surer = replace(
        support.garment(lamps, "torch", {}, sure=0.9), id="surer", box=ABOVE, primary=False
    )

    assert pick_product(both(lantern, torch, surer), {"torch"}, lamps).garment.id == "surer"


def test_a_part_of_the_primary_garment_is_no_other_one(lamps, lantern, torch):
    part = replace(torch, box=PixelBox(x0=20, y0=45, x1=60, y1=80))

    assert pick_product(both(lantern, part), {"torch"}, lamps).garment.category == "lantern"


def test_inside_a_whole_outfit_garments_that_lie_apart_are_garments(lamps, lantern, torch):
    outfit = replace(lantern, id="outfit", box=PixelBox(x0=5, y0=0, x1=95, y1=100))

    assert pick_product(both(outfit, torch), {"torch"}, lamps).garment is outfit
    found = pick_product(both(outfit, replace(lantern, primary=False), torch), {"torch"}, lamps)
    assert found.garment.id == torch.id


@pytest.mark.parametrize(("sure", "picked"), [(0.85, True), (0.99, False)])
def test_a_garment_of_a_near_branch_fits_if_it_makes_the_claim_likelier(
    lamps, lantern, sure, picked
):
    near = replace(support.garment(lamps, "floor_lamp", {}, sure=sure), box=ABOVE, primary=False)
    unlikely = replace(lantern, category_scores={"lantern": 0.997, "torch": 0.001})

    found = pick_product(both(unlikely, near), {"torch"}, lamps)

    assert (found.garment.id == near.id) == picked


def test_only_a_claim_of_another_branch_makes_a_picture_seem_another(lamps, lantern):
    picture = support.seen("one.jpg", lantern)

    assert seems_another(picture, {"torch"}, lamps)
    assert not seems_another(picture, {"lantern"}, lamps)
    assert not seems_another(picture, set(), lamps)
    assert not seems_another(support.SeenPicture(reference="x", error="gone"), {"torch"}, lamps)


def test_claims_are_judged_by_the_garment_that_the_listing_is_about(lamps, lantern, torch):
    listing = Listing(id="p", pictures=("both.jpg",), claims={"category": "Torch"})

    def found(*garments):
        report = audit_listings(
            [listing],
            {"both.jpg": both(*garments)},
            lamps,
            taught=support.everything(lamps),
        )
        return [one.kind.value for one in report.findings]

    assert found(lantern, torch) == []
    assert found(lantern) == ["wrong_garment"]


class Looker:
    """Finds two garments where one was promised."""

    version = "v1"

    def __init__(self, *garments):
        self.garments, self.asked = garments, []

    def predict(self, images, *, regions="auto", show_rendered=False):
        self.asked.append(regions)
        return [ImagePrediction(image_wh=images[0].size, garments=self.garments)]


def test_looking_closer_adds_what_was_not_found_and_keeps_the_first_choice(
    lamps, lantern, torch, tmp_path
):
    Image.new("RGB", (100, 100)).save(tmp_path / "both.jpg")
    before = both(lantern)
    tagger = Looker(replace(lantern, id="again"), torch)

    (after,) = look_closer(tagger, [before], tmp_path)

    assert tagger.asked == ["detect"]
    assert after.garment == before.garment
    assert [one.id for one in after.garments] == [lantern.id, "again", torch.id]
    assert [one["id"] for one in after.regions] == [lantern.id, "again", torch.id]
    assert [one["primary"] for one in after.regions] == [True, False, False]


def test_a_picture_that_is_gone_by_then_stays_as_it_was_seen(lamps, lantern, tmp_path):
    before = both(lantern)

    assert list(look_closer(Looker(), [before], tmp_path)) == [before]
