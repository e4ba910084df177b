"""Section 3.2: each way in which the top level of the index, or the user's metadata, can be wrong."""

import msgpack
import pytest

from spformat.errors import CorruptError, LimitError
from spformat.limits import Limits
from spformat.reader import Reader
from tests import forge
from tests.helpers import refused


def index_file(index):
    return forge.file_of(None, index=index)


def nested(levels, leaf=1, wrap=lambda inner: [inner]):
    value = leaf
    for _ in range(levels):
        value = wrap(value)
    return value


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "tensors", b"tensors", [], [[]]], ids=repr)
def test_index_top_is_not_a_map(value):
    refused(index_file(msgpack.packb(value)), CorruptError, "index/top")


@pytest.mark.parametrize("index", [{}, {"metadata": {}}, {"tensor": []}], ids=repr)
def test_index_top_has_no_tensors(index):
    refused(index_file(index), CorruptError, "index/top")


@pytest.mark.parametrize("tensors", [None, False, 0, 1.0, "", b"", {}, {"t": []}], ids=repr)
def test_index_top_tensors_is_not_an_array(tensors):
    refused(index_file({"tensors": tensors}), CorruptError, "index/top")


@pytest.mark.parametrize("metadata", [None, False, 0, 1.0, "", b"", [], [["a", 1]]], ids=repr)
def test_index_top_metadata_is_not_a_map(metadata):
    refused(index_file({"metadata": metadata, "tensors": []}), CorruptError, "index/top")


@pytest.mark.parametrize("value", [b"", b"x", [b"x"], {"k": b"x"}, [{"k": [1, b"x"]}]], ids=repr)
def test_metadata_type_is_bin(value):
    refused(index_file({"metadata": {"m": value}, "tensors": []}), CorruptError, "metadata/type")


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"k": v}], ids=["arrays", "maps"])
@pytest.mark.parametrize("levels", [17, 18, 100, 400])
def test_metadata_type_is_nested_more_deeply_than_16_levels(levels, wrap):
    refused(
        index_file({"metadata": {"m": nested(levels, wrap=wrap)}, "tensors": []}),
        CorruptError,
        "metadata/type",
    )


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"k": v}], ids=["arrays", "maps"])
def test_metadata_of_16_levels_is_read(wrap):
    """A value of 16 arrays, one in another: "at most 16 levels deep"."""
    value = nested(16, wrap=wrap)
    assert Reader(index_file({"metadata": {"m": value}, "tensors": []})).metadata == {"m": value}


def test_every_kind_of_metadata_is_read():
    value: dict[str, object] = {
        "a": None,
        "b": True,
        "c": -(2**63),
        "d": 2**64 - 1,
        "e": -0.0,
        "f": float("inf"),
        "g": "é",
        "h": [],
        "i": {},
    }
    found = Reader(index_file({"metadata": value, "tensors": []})).metadata
    assert found == value
    assert list(map(type, found.values())) == list(map(type, value.values()))


def test_unknown_keys_of_the_top_level_are_ignored():
    """Whatever their value, as long as it is canonical: bin is in the subset."""
    with Reader(index_file({"a": b"bin", "metadata": {"m": 1}, "tensors": [], "z": [1.5, {"k": None}]})) as reader:
        assert (reader.names, reader.metadata) == ([], {"m": 1})


def test_limits_tensors():
    digest = forge.EMPTY_DIGEST
    data = forge.file_of([[str(i), 1, [0], digest, 0] for i in range(5)])
    assert len(Reader(data, limits=Limits(max_tensors=5)).names) == 5
    with pytest.raises(LimitError) as caught:
        Reader(data, limits=Limits(max_tensors=4))
    assert (caught.value.kind, caught.value.expected, caught.value.found) == ("limits/tensors", 4, 5)
