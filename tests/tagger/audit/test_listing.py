"""Sellers' files: what is usable is read, the rest is named line by line."""

from __future__ import annotations

import pytest

from tagger.audit.listing import ListingError, read_listings


@pytest.fixture
def read(tmp_path, lamps):
    def write(text, encoding="utf-8"):
        path = tmp_path / "listings.csv"
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return read_listings(path, lamps)

    return write


def test_pictures_come_from_all_columns_and_cells_once_each(read):
    found = read("sku,image,Image 2\n1,a.jpg|b.jpg,b.jpg;c.jpg\n").listings[0]

    assert found.pictures == ("a.jpg", "b.jpg", "c.jpg")


def test_empty_cells_are_not_claims(read):
    found = read("id,category,shade,power\n1,Lantern,,  \n").listings[0]

    assert found.claims == {"category": "Lantern"}


@pytest.mark.parametrize("column", ["seller", "Seller-ID", "vendor_name", "Merchant", "supplier"])
def test_a_seller_is_known_by_the_usual_names_of_the_column(read, column):
    found = read(f"id,{column},shade\n1, Lamps & Co ,drum\n2,,drum\n")

    assert [one.seller for one in found.listings] == ["Lamps & Co", ""]
    assert all(one.claims == {"shade": "drum"} for one in found.listings)
    assert found.notes == ()


def test_columns_are_known_by_label_and_by_a_slip_of_spelling(read):
    found = read("id,Shade,pwer\n1,drum,mains\n")

    assert found.listings[0].claims == {"shade": "drum", "power": "mains"}
    assert found.notes == ()


def test_a_column_that_is_not_understood_is_named_and_left_out(read):
    found = read("id,wattage\n1,40\n")

    assert found.listings[0].claims == {}
    assert "'wattage'" in found.notes[0]


def test_a_bad_line_is_named_and_the_others_go_on(read):
    found = read("id,title\n1,one\n2,two,three\n,no id\n1,again\n3,three\n")

    assert [one.id for one in found.listings] == ["1", "3"]
    assert [note.split(":")[0] for note in found.notes] == ["line 3", "line 4", "line 5"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_usual_delimiters_are_told_apart(read, delimiter):
    found = read(f"id{delimiter}title\n1{delimiter}lamp\n").listings[0]

    assert (found.id, found.title) == ("1", "lamp")


def test_a_byte_order_mark_is_no_part_of_the_first_name(read):
    assert read("id,title\n1,x\n", encoding="utf-8-sig").listings[0].id == "1"


@pytest.mark.parametrize(
    "content", ["", "title,image\nx,y\n", b"id,title\n1,\xff\xfe\xfa\n", b"\x89PNG\x00\x00"]
)
def test_a_file_without_use_gives_one_clear_error(read, content):
    with pytest.raises(ListingError, match=r"listings\.csv"):
        read(content)
