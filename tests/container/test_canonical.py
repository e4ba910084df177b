"""Section 3.1: the index is one msgpack value in canonical form; all other forms are refused."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat.container import canonical
from spformat.errors import CorruptError
from tests import forge
from tests.helpers import refused
from tests.strategies import metadata

EMPTY = b"\x90"  # an array of no tensors


def top(*pairs):
    """A map of keys and values, both as bytes."""
    return bytes([0x80 | len(pairs)]) + b"".join(msgpack.packb(key) + value for key, value in pairs)


def not_canonical(index):
    refused(forge.file_of(None, index=index), CorruptError, "index/msgpack")


NON_CANONICAL = {
    "int8 for a small number": b"\xd0\x01",
    "uint8 for a small number": b"\xcc\x01",
    "uint16 for a byte": b"\xcd\x00\xff",
    "uint32 for a short": b"\xce\x00\x00\xff\xff",
    "uint64 for a word": b"\xcf\x00\x00\x00\x00\xff\xff\xff\xff",
    "int64 for a positive number": b"\xd3\x7f\xff\xff\xff\xff\xff\xff\xff",
    "int16 for -1": b"\xd1\xff\xff",
    "float 32": b"\xca\x3f\x80\x00\x00",
    "str 8 for a short string": b"\xd9\x01a",
    "str 16 for a short string": b"\xda\x00\x01a",
    "str 32 for a short string": b"\xdb\x00\x00\x00\x01a",
    "bin 16 for a short one": b"\xc5\x00\x01a",
    "array 16 for a short one": b"\xdc\x00\x01\x01",
    "array 32 for a short one": b"\xdd\x00\x00\x00\x01\x01",
    "map 16 for a short one": b"\xde\x00\x01\xa1a\x01",
    "a key twice": b"\x82\xa1a\x01\xa1a\x02",
    "keys that do not ascend": b"\x82\xa1b\x01\xa1a\x02",
    "keys that do not ascend, deeper": b"\x91\x81\xa1k\x82\xa1b\x01\xa1a\x02",
    "a key that is bin": b"\x81\xc4\x01a\x01",
    "a key that is a number": b"\x81\x01\x01",
    "a key that is nil": b"\x81\xc0\x01",
    "ext": b"\xd4\x05\x00",
    "ext 8": b"\xc7\x01\x05\x00",
    "ext -1, a timestamp": b"\xd6\xff\x00\x00\x00\x01",
    "the byte that is never used": b"\xc1",
    "a str that is not UTF-8": b"\xa2\xc3\x28",
    "a str with a surrogate": b"\xa3\xed\xa0\x80",
    "a str with an overlong form": b"\xa2\xc0\x80",
    "an array that is too short": b"\x92\x01",
}


@pytest.mark.parametrize("value", NON_CANONICAL.values(), ids=NON_CANONICAL.keys())
class TestIndexMsgpack:
    def test_in_an_unknown_key_of_the_top_level(self, value):
        not_canonical(top(("tensors", EMPTY), ("zzz", value)))

    def test_in_the_metadata(self, value):
        not_canonical(top(("metadata", b"\x81\xa1m" + value), ("tensors", EMPTY)))

    def test_in_the_optional_features_of_an_entry(self, value):
        digest = msgpack.packb(forge.EMPTY_DIGEST)
        entry = b"\x96\xa1t\x01\x91\x00" + digest + b"\x00\x81\xa1o" + value
        not_canonical(top(("tensors", b"\x91" + entry)))


def test_index_msgpack_keys_of_the_top_level_do_not_ascend():
    not_canonical(top(("tensors", EMPTY), ("metadata", b"\x80")))


def test_index_msgpack_tensors_twice():
    not_canonical(top(("tensors", EMPTY), ("tensors", EMPTY)))


@pytest.mark.parametrize("rest", [b"\0", b"\xc0", b"\x80", b"\xff" * 50])
def test_index_msgpack_something_follows_the_value(rest):
    not_canonical(msgpack.packb({"tensors": []}) + rest)


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_index_msgpack_the_value_is_cut_short(cut):
    not_canonical(msgpack.packb({"tensors": []})[:-cut])


def test_index_msgpack_is_empty():
    not_canonical(b"")


def test_keys_are_ordered_by_their_utf8_bytes():
    """Where the orders of code points and of UTF-16 differ; and a key that another one begins with."""
    keys = ["", "a", "ab", "b", "\u00e9", "\uffff", "\U0001f600"]
    ordered = canonical.in_order({key: {"z": 1, "y": 2} for key in reversed(keys)})
    assert list(ordered) == keys
    assert [list(inner) for inner in ordered.values()] == [["y", "z"]] * len(keys)


@given(metadata(), st.randoms())
def test_equal_values_have_equal_bytes_whatever_their_order(value, random):
    keys = list(value)
    random.shuffle(keys)
    shuffled = {key: value[key] for key in keys}
    data = canonical.pack(canonical.in_order(value))
    assert canonical.pack(canonical.in_order(shuffled)) == data
    assert canonical.unpack(data, 0) == value
