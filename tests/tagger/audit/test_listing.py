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
    places = [note.rpartition(": ")[0] for note in found.notes]
    assert places == ["listings.csv:3", "listings.csv:4", "listings.csv:5"]
    assert "in line 2" in found.notes[2]


def test_a_line_with_too_few_cells_is_named_since_its_cells_may_have_moved(read):
    found = read("id,title,shade\n1,a title\nthat was cut,drum\n3,three,drum\n")

    assert [one.id for one in found.listings] == ["3"]
    assert [note.split(";")[0] for note in found.notes] == [
        "listings.csv:2: 2 cells where the header has 3",
        "listings.csv:3: 2 cells where the header has 3",
    ]


def test_empty_columns_at_the_right_edge_are_no_fault(read):
    found = read("id,title,,\n1,one,,\n2,two\n3,three,,,,\n")

    assert [one.id for one in found.listings] == ["1", "2", "3"]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('2,"no end,drum', "a quote that opens here is not closed"),
        ('2,"12" lamp",drum', "text follows a closing quote"),
        (f"2,{'x' * 200_000},drum", "over 100000 characters"),
    ],
)
@pytest.mark.parametrize("rest", ["3,three,drum\n", '3,"three, 3",cone\n', ""])
def test_quotes_that_go_wrong_cost_their_own_line_only(read, bad, reason, rest):
    found = read(f'id,title,shade\n1,"two\nlines",drum\n{bad}\n{rest}')

    assert [one.id for one in found.listings] == (["1", "3"] if rest else ["1"])
    (note,) = found.notes
    assert note.startswith("listings.csv:4: ")
    assert reason in note


def test_a_quote_that_is_not_closed_in_the_line_of_names_is_named(read):
    with pytest.raises(ListingError, match=r"listings\.csv:1: a quote that opens here"):
        read('id,"title\n1,one\n')


def test_a_space_before_a_quoted_cell_is_no_part_of_it(read):
    assert read('id,title\n1, "a, b"\n').listings[0].title == "a, b"


def test_an_inch_sign_inside_a_plain_cell_is_text(read):
    assert read('id,title,shade\n1,12" lamp,drum\n').listings[0].title == '12" lamp'


def test_a_column_name_that_comes_twice_is_named_and_the_first_counts(read):
    found = read("id,shade,shade\n1,drum,cone\n")

    assert found.listings[0].claims == {"shade": "drum"}
    assert "'shade'" in found.notes[0]


def test_a_byte_of_another_encoding_is_named_with_its_line(read):
    with pytest.raises(ListingError, match=r"listings\.csv:3: byte 0xe9 is not UTF-8"):
        read("id,title\n1,one\n2,d\xe9cor\n", encoding="cp1252")


def test_a_file_without_products_says_so(read):
    assert "no product below" in read("id,title\n\n").notes[0]


@pytest.mark.parametrize("before", ["\n\n", "sep=;\n"])
def test_what_spreadsheets_put_before_the_names_is_passed_over(read, before):
    found = read(f'{before}"id";"a, b, c title"\n1;lamp\n')

    assert found.listings[0].id == "1"


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
