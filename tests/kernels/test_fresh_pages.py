"""Loads on several threads, onto huge pages that each is the first to touch, and how many threads that are."""

import numpy as np
import pytest

import spformat
from spformat import _native, arena
from spformat.layouts.gaps import COLUMN
from spformat.layouts.jobs import threads_to_load
from spformat.layouts.table import Csr
from spformat.reader import Reader
from tests.helpers import raw, sparse


@pytest.mark.parametrize(("size", "wanted"), [(0, 1), (500_000, 1), (1_000_000, 2), (42_467_328, 10), (1 << 40, 64)])
def test_how_many_threads_load(size, wanted, monkeypatch):
    """As many as shorten it, of those that there are."""
    monkeypatch.setenv("SPFORMAT_THREADS", "64")
    assert threads_to_load(size, None) == wanted
    assert threads_to_load(size, 1) == 1


def test_many_threads_load_what_one_does(tmp_path):
    """More than there are blocks or processors, on huge pages that hold several blocks and parts of some."""
    rng = np.random.default_rng(3)
    tensors = {
        str(k): np.where(rng.random((300, 1000 + k)) < 0.5, rng.normal(size=(300, 1000 + k)), 0).astype(np.float32)
        for k in range(12)
    }
    spformat.save_file(tensors, tmp_path / "x.spf")
    for threads in (1, 2, 3, 7, 16):
        loaded = spformat.load_file(tmp_path / "x.spf", threads=threads)
        assert all(raw(loaded[name]) == raw(array) for name, array in tensors.items())


def test_nothing_is_lost_where_gaps_run_down_columns(tmp_path):
    """They write all over their tensor, before others touch the pages that it shares or that are next."""
    rng = np.random.default_rng(0)
    strokes = np.zeros((768, 1024), np.float32)
    for column in range(1024):
        for row in rng.integers(0, 760, 2):
            strokes[row : row + 8, column] = rng.normal(size=8)
    strokes.reshape(-1)[:: (1 << 21) // 4] = 1.2345  # where huge pages begin
    tensors = {"a": strokes, "b": np.where(rng.random((600, 1024)) < 0.4, 0.1, 0).astype(np.float32)}
    tensors["c"] = sparse((700, 1024), 0.5, np.float32, seed=1)
    tensors["d"] = np.zeros((900, 1000), np.float32)  # nothing is written
    tensors["e"] = strokes[::-1].copy()
    spformat.save_file(tensors, tmp_path / "x.spf")
    with Reader(tmp_path / "x.spf") as reader:
        layout = reader.entry("a").storage.layout
    assert isinstance(layout, Csr)
    assert layout.gap.axis == COLUMN
    for threads in (1, 2, 7, 16):
        loaded = spformat.load_file(tmp_path / "x.spf", threads=threads)
        assert all(raw(loaded[name]) == raw(array) for name, array in tensors.items())


def test_an_arena_that_is_used_again_keeps_what_lies_in_it(tmp_path):
    """A page that is touched keeps its bytes."""
    tensors = {name: sparse((800, 1000), 0.5, np.float32, seed=seed) for seed, name in enumerate("ab")}
    tensors["a"].reshape(-1)[:: (1 << 21) // 4] = 1.2345  # whose lowest byte is not zero
    spformat.save_file(tensors, tmp_path / "x.spf")
    half = arena.aligned(tensors["a"].nbytes)
    memory = arena.allocated(2 * half)
    with open(tmp_path / "x.spf", "rb") as file:
        index = _native.Index()
        assert index.open(file.fileno(), None, 1 << 20, 100)
        for number in (0, 1):
            assert index.decode([number], [number * half], memory, file.fileno(), None, 2)
    found = np.frombuffer(memoryview(memory), np.uint8)
    for number, array in enumerate(tensors.values()):
        assert found[number * half :][: array.nbytes].tobytes() == raw(array)
