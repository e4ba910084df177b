"""Memory beside what is decoded: buffers of the kernels, and what describes tensors and blocks.

Each file is read in a process that may allocate only so much more than it starts with (tests/hostile/confined.py).
"""

import struct

import pytest

from tests import forge
from tests.hostile.test_declared import U8, confined

ONE_SYMBOL = bytes([0, 0, 1])  # a table that knows symbol 0 only: as many as one likes take no bits
STREAM = b"\0" + struct.pack("<I", 1 << 16)
MASK = forge.indexed(STREAM)
STRIPS = [4, 1, 1, b"\0", b"", b""]
MEGABYTES = 32  # of a tensor of one row
ELEMENTS = MEGABYTES << 20


def one_block(layout, codecs, block, entries, shape=(1, ELEMENTS)):
    """A file of one block that a few bytes code."""
    storage = [layout, [], codecs, ELEMENTS]
    entry = forge.storage_entry("t", U8, shape, b"", storage, [(block, 0, entries)])
    return forge.file_of(None, block, index={"tables": [ONE_SYMBOL], "tensors": [entry]})


CODED = {
    "a mask of rans": (one_block(1, [[2, 0], 0], MASK, 0), 1.25),
    "a mask in strips": (one_block(1, [STRIPS, 0], MASK, 0), 3.25),
    "strips of one column": (one_block(1, [STRIPS, 0], MASK, 0, (ELEMENTS, 1)), 1.5),
    "a codebook": (one_block(0, [[5, b"\0", [2, 0]]], STREAM, ELEMENTS), 2),
}


@pytest.mark.parametrize("name", CODED)
def test_buffers_for_coded_blocks_are_no_larger_than_they_need_to_be(tmp_path, name):
    data, times = CODED[name]
    assert confined(tmp_path, [data], megabytes=int(times * MEGABYTES) + 30)[0][0] == "read"


@pytest.mark.parametrize("later", [{}, {"z": 0}], ids=["read natively", "read step by step"])
def test_copies_of_a_tensor_in_many_blocks_take_no_more_than_they_do_decoded(tmp_path, later):
    """A million blocks of one byte, of which 20,000 stand in the file; a description takes more than 100 bytes."""
    blocks = [(b"\1", 1, 1)] * 20_000
    stored = forge.storage_entry("t", U8, [20_000], b"\1" * 20_000, [0, [], [0], 1], blocks)
    tensors = [stored, *([f"t{i}", 0, True] for i in range(50))]
    (tmp_path / "copies").write_bytes(forge.file_of(None, b"\1" * 20_000, index={"tensors": tensors, **later}))
    assert set(confined(tmp_path, [], megabytes=100)[0]) == {"read"}


@pytest.mark.parametrize("megabytes", [10, 50, 100])
def test_an_index_that_memory_does_not_hold_is_an_error_of_ours(tmp_path, megabytes):
    first = ["first", U8, [0], forge.EMPTY_DIGEST, 0]
    tensors = [first, *([f"t{i}", 0] for i in range(400_000))]
    (tmp_path / "ties").write_bytes(forge.file_of(tensors))
    assert confined(tmp_path, [], megabytes=megabytes) == [["limits/memory"]]
