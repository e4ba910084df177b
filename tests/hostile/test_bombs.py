"""msgpack that says more than it holds: nesting, arrays, strings of gigabytes, with the digests right."""

import contextlib
import struct

import pytest

from spformat.errors import FormatError
from spformat.reader import Reader
from tests import forge
from tests.hostile.test_declared import confined

MAX32 = struct.pack(">I", 2**32 - 1)


def claims(count):
    """An array that says that it holds `count` values."""
    return b"\xdd" + struct.pack(">I", count)


BOMBS = {
    "an array of 2^32 - 1": b"\xdd" + MAX32,
    "a map of 2^32 - 1": b"\xdf" + MAX32,
    "a str of 4 GB": b"\xdb" + MAX32,
    "a bin of 4 GB": b"\xc6" + MAX32,
    "an ext of 4 GB": b"\xc9" + MAX32 + b"\x05",
    "arrays a thousand deep": b"\x91" * 1000,
    "arrays a thousand deep, and whole": b"\x91" * 1000 + b"\xc0",
    "arrays 500 deep, and whole": b"\x91" * 500 + b"\xc0",
    "maps a thousand deep": b"\x81\xa0" * 1000,
    "arrays of 2^32 - 1 in arrays": (b"\xdd" + MAX32) * 800,
    "metadata nested 300 deep": b"\x82\xa8metadata\x81\xa1m" + b"\x91" * 300 + b"\xc0" + b"\xa7tensors\x90",
    "tensors of 2^32 - 1": b"\x81\xa7tensors\xdd" + MAX32,
    "a shape of 2^32 - 1": b"\x81\xa7tensors\x91\x95\xa1t\x01\xdd" + MAX32,
}
OTHER_KINDS = {"metadata nested 300 deep": ["metadata/type"], "arrays 500 deep, and whole": ["index/top"]}
OTHER_KINDS["arrays a thousand deep, and whole"] = [
    "index/top",
    "index/msgpack",
]  # as msgpack's release has it


def test_small_bombs_do_not_go_off(tmp_path):
    found = confined(tmp_path, [forge.file_of(None, index=data) for data in BOMBS.values()], megabytes=100)
    for name, (kind, *none) in zip(BOMBS, found, strict=True):
        assert kind in OTHER_KINDS.get(name, ["index/msgpack"]), name
        assert not none


@pytest.mark.parametrize("levels", [100, 400, 900, 2000])
@pytest.mark.parametrize("level", [b"\x91", b"\x81\xa1k"], ids=["arrays", "maps"])
def test_unknown_keys_may_be_nested_as_deeply_as_they_like_or_are_refused(levels, level):
    """No recursion of ours ends in a RecursionError."""
    index = b"\x82\xa7tensors\x90\xa1z" + level * levels + b"\xc0"
    with contextlib.suppress(FormatError), Reader(forge.file_of(None, index=index)) as reader:
        assert reader.names == []


@pytest.mark.parametrize("size", [200_000, 2_000_000])
def test_arrays_that_each_claim_as_much_as_the_whole_index(tmp_path, size):
    """Each level of nesting may claim as many values as the index has bytes."""
    bomb = (claims(size) * 500).ljust(size, b"\xc0")
    (tmp_path / "large").write_bytes(forge.file_of(None, index=bomb))
    assert confined(tmp_path, [], megabytes=300) == [["index/msgpack"]]
