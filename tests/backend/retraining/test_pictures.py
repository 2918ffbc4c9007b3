import hashlib
import os

import pytest

from backend.addresses import ImageFetchError
from backend.retraining.pictures import PictureFolder
from ontology.labels import GarmentLabel
from tests.tagger.corrected import garment


class Shelf:
    """Serves bytes by reference and keeps what was asked."""

    def __init__(self, **files):
        self.files, self.asked = files, []

    def fetch_bytes(self, reference):
        self.asked.append(reference)
        if reference not in self.files:
            raise ImageFetchError(f"{reference}: gone", is_permanent=True)
        return self.files[reference]


def _of(reference, digest=""):
    return garment(1, GarmentLabel(), None, image=reference, digest=digest)


def _digest(data):
    return hashlib.sha256(data).hexdigest()


def test_a_picture_is_fetched_once(tmp_path):
    shelf = Shelf(a=b"one")
    folder = PictureFolder(tmp_path, shelf, max_bytes=100)
    asked = _of("a", _digest(b"one"))
    path = folder.path(asked)
    assert path.read_bytes() == b"one"
    assert folder.path(asked) == path
    assert shelf.asked == ["a"]


def test_a_picture_that_is_gone_or_another_one_is_left_out(tmp_path):
    folder = PictureFolder(tmp_path, Shelf(a=b"one"), max_bytes=100)
    assert folder.path(_of("b")) is None
    assert folder.path(_of("a", _digest(b"two"))) is None


@pytest.mark.parametrize("digest", ["", "known"])
def test_room_is_made_by_what_was_used_longest_ago(tmp_path, digest):
    names = {"a": b"a" * 40, "b": b"b" * 40, "c": b"c" * 40}
    for age, data in ((300, b"a" * 40), (200, b"b" * 40)):
        path = tmp_path / _digest(data)
        path.write_bytes(data)
        os.utime(path, (age, age))
    folder = PictureFolder(tmp_path, Shelf(**names), max_bytes=100)
    assert folder.path(_of("c", _digest(names["c"]) if digest else "")) is not None
    assert (tmp_path / _digest(names["a"])).exists()
    assert not (tmp_path / _digest(names["b"])).exists()


def test_what_this_round_needs_is_not_deleted(tmp_path):
    shelf = Shelf(a=b"a" * 60, b=b"b" * 60)
    folder = PictureFolder(tmp_path, shelf, max_bytes=100)
    first = folder.path(_of("a"))
    assert folder.path(_of("b")) is None
    assert first.exists()
