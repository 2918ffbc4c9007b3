from __future__ import annotations

import csv
import sys
from types import SimpleNamespace

import pytest

from bench import street
from tagger.boxes import PixelBox

JUDGED = """\
picture,shown,bad_box,wrong_category,wrong_attribute,missing
0001,3,0,0,0,0
0002,2,1,0,2,0
0003,4,0,1,0,1
"""


def test_judgements_are_added_up_and_untouched_pictures_counted():
    found = street.totals(list(csv.DictReader(JUDGED.splitlines())))

    assert found == {
        "pictures": 3,
        "shown": 9,
        "bad_box": 1,
        "wrong_category": 1,
        "wrong_attribute": 2,
        "missing": 1,
        "clean": 1,
    }


BOXES = """\
picture,x0,y0,x1,y1,kinds
0001,0,0,100,100,boots
0001,200,0,300,100,coat|jacket
0001,400,0,500,100,
"""


def _garment(x, category, *, width=100):
    return SimpleNamespace(box=PixelBox(x0=x, y0=0, x1=x + width, y1=100), category=category)


def test_a_versions_boxes_are_compared_with_those_that_were_judged():
    judged = street.read_judged(BOXES)["0001"]
    shown = [
        _garment(5, "boots"),  # right
        _garment(200, "blazer"),  # neither of two
        _garment(205, "jacket"),  # one of two
        _garment(400, "tie"),  # useless whatever it is called
        _garment(600, "tie"),  # nobody saw it
        _garment(0, "boots", width=300),  # overlaps, but is another box
    ]

    assert street.count(shown, judged) == {
        "shown": 6,
        "unjudged": 2,
        "bad_box": 1,
        "wrong_category": 1,
    }
    assert street.count(shown[:1], [])["unjudged"] == 1


def test_no_judgement_gives_zeros():
    assert set(street.totals([]).values()) == {0}


def test_a_cell_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="many"):
        street.totals(list(csv.DictReader(JUDGED.replace("0001,3", "0001,many").splitlines())))


def test_show_prints_a_figure_a_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "judged.csv").write_text(JUDGED)
    monkeypatch.setattr(street, "RESULTS", tmp_path / "judged.csv")
    monkeypatch.setattr(sys, "argv", ["street", "show"])

    street.main()

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["pictures", "3"]
    assert ["wrong_attribute", "2"] in lines
    assert lines[-1] == ["clean", "1"]
