import numpy as np
import pytest

from tagger.memory import ReplayMemory, load_memory_of
from tagger.registry import MEMORY, ModelStoreError, verify
from tests.tagger.corrected import write_live


def _rows(count, channels=32):
    return np.random.default_rng(1).normal(size=(count, channels)).astype(np.float32)


def test_a_memory_holds_every_row_where_there_is_room():
    rows = _rows(5)
    memory = ReplayMemory.of(rows, encoder="e", size=10)
    step = memory.scales.astype(np.float32)[:, None]
    assert (np.abs(memory.embeddings() - rows) <= 0.51 * step + 1e-4 * np.abs(rows)).all()


def test_a_small_memory_keeps_every_kind_of_row():
    kinds = 10 * np.eye(8, 32, dtype=np.float32)
    rows = np.concatenate([kinds[[0]].repeat(200, axis=0), kinds[1:]])
    rows += 0.01 * _rows(len(rows))
    memory = ReplayMemory.of(rows, encoder="e", size=10)
    assert set(memory.embeddings().argmax(axis=1)) == set(range(8))


def test_rows_of_zeros_survive():
    memory = ReplayMemory.of(np.zeros((2, 4), dtype=np.float32), encoder="e")
    assert (memory.embeddings() == 0).all()


def test_a_memory_survives_a_file(tmp_path):
    memory = ReplayMemory.of(_rows(4), encoder="abc")
    memory.save(tmp_path / "m.safetensors")
    loaded = ReplayMemory.load(tmp_path / "m.safetensors")
    assert loaded.encoder == "abc"
    assert (loaded.embeddings() == memory.embeddings()).all()


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelStoreError, match="replay memory"):
        ReplayMemory.load(tmp_path / "m.safetensors")


def test_a_version_vouches_for_its_memory(tmp_path, lamps):
    live = write_live(tmp_path, lamps)
    stored = (live / MEMORY).read_bytes()
    encoder = ReplayMemory.load(live / MEMORY).encoder
    assert load_memory_of(live, encoder=encoder) is not None
    assert load_memory_of(live, encoder="another") is None
    (live / MEMORY).write_bytes(stored[:-1] + bytes([stored[-1] ^ 1]))
    with pytest.raises(ModelStoreError, match="damaged"):
        verify(live)


def test_a_version_without_memory_has_none(tmp_path, lamps):
    live = write_live(tmp_path, lamps, with_memory=False)
    verify(live)
    assert load_memory_of(live, encoder="any") is None
