"""The user's metadata: what the writer takes, what it refuses, and that equal metadata give equal bytes."""

import collections
import io

import msgpack
import numpy as np
import pytest

from spformat.errors import SourceError
from spformat.reader import Reader
from spformat.writer import Writer
from tests.helpers import written


def nested(levels, leaf=1):
    value = leaf
    for _ in range(levels):
        value = [value]
    return value


def itself():
    value: dict[str, object] = {}
    value["again"] = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [b"x", {1, 2}, object(), 1j, np.float32(1), np.int64(1), np.zeros(2), 2**64, -(2**63) - 1, "\ud800"],
    ids=lambda v: type(v).__name__,
)
def test_values_of_other_kinds_are_refused(value):
    for metadata in ({"k": value}, {"k": [1, value]}, {"k": {"inner": value}}):
        with pytest.raises(SourceError, match="metadata"):
            Writer(io.BytesIO(), metadata=metadata)


@pytest.mark.parametrize("key", [1, None, b"k", True, ("a",), "\ud800"], ids=repr)
def test_keys_that_are_not_str_are_refused(key):
    for metadata in ({key: 1}, {"k": {key: 1}}, {"k": [{key: 1}]}):
        with pytest.raises(SourceError, match="metadata"):
            Writer(io.BytesIO(), metadata=metadata)


@pytest.mark.parametrize("metadata", [["a"], "a", 1, [("a",)]], ids=repr)
def test_metadata_that_is_no_mapping_is_refused(metadata):
    with pytest.raises(SourceError, match="metadata"):
        Writer(io.BytesIO(), metadata=metadata)


@pytest.mark.parametrize("levels", [17, 100, 5000])
def test_too_deep_metadata_is_refused(levels):
    with pytest.raises(SourceError, match="metadata"):
        Writer(io.BytesIO(), metadata={"k": nested(levels)})


def test_metadata_that_contains_itself_is_refused():
    with pytest.raises(SourceError, match="metadata"):
        Writer(io.BytesIO(), metadata=itself())


def test_refused_metadata_creates_no_file(tmp_path):
    with pytest.raises(SourceError):
        Writer(tmp_path / "t.spf", metadata={"k": b""})
    assert not list(tmp_path.iterdir())


def test_what_is_written_is_read():
    value = {"z": None, "a": [True, 1, -1, 0.1, "é", [], {}], "m": {"y": (1, 2), "x": float("-inf")}}
    found = Reader(written({}, metadata=value)).metadata
    assert found == {"z": None, "a": [True, 1, -1, 0.1, "é", [], {}], "m": {"y": [1, 2], "x": float("-inf")}}
    assert list(found) == ["a", "m", "z"]


def test_nan_and_minus_zero_survive():
    found = Reader(written({}, metadata={"nan": float("nan"), "zero": -0.0})).metadata
    assert str(found) == "{'nan': nan, 'zero': -0.0}"


@pytest.mark.parametrize("metadata", [None, {}], ids=repr)
def test_no_metadata_is_no_key_in_the_index(metadata):
    data = written({}, metadata=metadata)
    assert b"metadata" not in data
    assert data[16:-48] == msgpack.packb({"tensors": []})
    assert Reader(data).metadata == {}


def test_the_order_of_keys_does_not_matter():
    one = {"b": {"d": 1, "c": [{"f": 1, "e": 2}]}, "a": 1}
    other = collections.OrderedDict(a=1, b={"c": [{"e": 2, "f": 1}], "d": 1})
    assert written({}, metadata=one) == written({}, metadata=other)
    assert list(one) == ["b", "a"]
