"""Equal tensors are stored once, and stay two tensors when they are loaded (spec/format.md, section 3.3)."""

import io

import numpy as np
import pytest

import spformat
from spformat import duplicates
from spformat.dtypes import BY_NAME
from spformat.errors import CorruptError
from spformat.reader import Reader
from spformat.writer import Writer
from tests import forge
from tests.helpers import raw, refused, sparse

SPARSE = sparse((40, 50), 0.2, np.float32)


def save(path, tensors, **options):
    spformat.save_file(tensors, path, **options)
    return path


@pytest.mark.parametrize("options", [{}, {"policy": spformat.Policy("csr")}, {"policy": spformat.Policy(fast=True)}])
@pytest.mark.parametrize("array", [SPARSE, np.ones(7, np.int8), sparse((90, 90), 0.9, np.float64)])
def test_equal_tensors_are_stored_once(tmp_path, array, options):
    once = save(tmp_path / "once.spf", {"a": array}, **options)
    twice = save(tmp_path / "twice.spf", {"a": array, "b": array.copy()}, **options)
    assert twice.stat().st_size <= once.stat().st_size + 5
    found = spformat.load_file(twice)
    assert raw(found["a"]) == raw(found["b"]) == raw(array)
    assert not np.shares_memory(found["a"], found["b"])
    spformat.verify(twice, deep=True)
    report = spformat.inspect(twice)
    assert [tensor.copy_of for tensor in report.tensors] == [None, "a"]
    assert report.file.dense_bytes == 2 * array.nbytes
    assert sum(tensor.stored_bytes for tensor in report.tensors) + report.file.container_bytes == report.file.bytes


def test_other_types_and_shapes_are_not_duplicates(tmp_path):
    tensors = {"a": SPARSE, "b": SPARSE.reshape(50, 40), "c": SPARSE.view(np.int32)}
    report = spformat.inspect(save(tmp_path / "x.spf", tensors))
    assert [tensor.copy_of for tensor in report.tensors] == [None] * 3


@pytest.mark.parametrize("axis", ["row", "column"])
def test_equal_digests_are_not_enough(tmp_path, monkeypatch, axis):
    """Of two tensors whose digests collide each keeps its own bytes, whether they differ at the start or at the end."""
    monkeypatch.setattr("spformat.tensor_jobs.digest", lambda _bits: 7)
    monkeypatch.setattr(duplicates, "_WINDOW", 64)
    first, last = SPARSE.copy(), SPARSE.copy()
    first[0, 0] += 1
    last[-1, -1] += 1
    request = spformat.GapRequest(axis=axis)
    policy = spformat.Policy("csr", request, block_entries=64)
    path = save(tmp_path / "x.spf", {"a": SPARSE, "b": first, "c": last, "d": SPARSE.copy()}, policy=policy)
    with Reader(path) as reader:
        assert [reader.entry(name).copy_of for name in "abcd"] == [None, None, None, "a"]
        found = reader.read()
    assert [raw(found[name]) for name in "abcd"] == [raw(SPARSE), raw(first), raw(last), raw(SPARSE)]


def test_a_tie_to_a_copy_shares_the_memory_of_the_copy(tmp_path):
    with Writer(tmp_path / "x.spf") as writer:
        writer.add("a", SPARSE)
        writer.add("b", SPARSE.copy())
        writer.tie("c", "b")
        writer.tie("d", "c")
        writer.tie("e", "a")
    found = spformat.load_file(tmp_path / "x.spf")
    assert found["c"] is found["b"]
    assert found["d"] is found["b"]
    assert found["e"] is found["a"]
    assert not np.shares_memory(found["a"], found["b"])
    with spformat.safe_open(tmp_path / "x.spf", framework="np") as file:
        assert raw(file.get_slice("b")[3:5]) == raw(SPARSE[3:5])
        assert raw(file.get_sparse("d").toarray()) == raw(SPARSE)


def test_repacking_keeps_copies(tmp_path):
    first = save(tmp_path / "x.spf", {"a": SPARSE, "b": SPARSE.copy()})
    spformat.pack(first, tmp_path / "y.spf")
    assert (tmp_path / "y.spf").read_bytes() == first.read_bytes()
    spformat.unpack(first, tmp_path / "x.npz")
    assert raw(np.load(tmp_path / "x.npz")["b"]) == raw(SPARSE)


def entries(*more):
    """A file of one U8 tensor of three elements, and further entries."""
    body = bytes([1, 2, 3])
    return forge.file_of([["a", BY_NAME["U8"].code, [3], forge.digest(body), 0], *more], body)


def test_a_copy_as_the_index_has_it():
    found = spformat.load(entries(["b", 0, True], ["c", 1]))
    assert found["b"].tolist() == [1, 2, 3]
    assert found["c"] is found["b"]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ([["b", 1, True]], "entry/tie"),
        ([["b", 0], ["c", 1, True]], "entry/tie"),
        ([["b", 0, True], ["c", 1, True]], "entry/tie"),
        ([["b", 0, False]], "entry/form"),
        ([["b", 0, 1]], "entry/form"),
        ([["b", -1, True]], "entry/form"),
        ([["b", "a", True]], "entry/form"),
    ],
)
def test_copies_that_break_a_rule(more, kind):
    refused(entries(*more), CorruptError, kind)


def test_a_file_in_memory_has_the_bytes_of_one_on_disk(tmp_path):
    tensors = {"a": SPARSE, "b": SPARSE.copy(), "c": np.uint8(0), "d": np.uint8(0)}
    tensors = {name: np.asarray(array) for name, array in tensors.items()}
    assert spformat.save(tensors) == save(tmp_path / "x.spf", tensors).read_bytes()


def test_a_file_in_memory_may_follow_something_else():
    target = io.BytesIO(b"before")
    target.seek(6)
    with Writer(target) as writer:
        writer.add("a", SPARSE)
        writer.add("b", SPARSE.copy())
    found = spformat.load(target.getvalue()[6:])
    assert raw(found["a"]) == raw(found["b"]) == raw(SPARSE)
