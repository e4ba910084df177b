"""Sections 4, 5.1 and 5.2: blocks, dense and bitmask, broken with every digest right (or, for block/digest,
wrong).
"""

import pytest

from spformat.errors import ChecksumError, CorruptError
from spformat.planning.policy import Policy
from spformat.reader import Reader
from tests import forge, stored
from tests.helpers import refused, sparse, written

U8, U16 = 1, 3
pytestmark = pytest.mark.usefixtures("simd")


def bitmask_file(data, nonzeros, elements, dtype=U8):
    decoded = bytes(elements * forge.ITEMSIZE[dtype])
    entry = forge.storage_entry(
        "t", dtype, [elements], decoded, [1, [], [0, 0], elements], [(data, nonzeros, nonzeros)]
    )
    return forge.file_of([entry], data)


def refused_by_both(data, kind):
    """Reading the tensor and reading its nonzeros both raise CorruptError with this kind."""
    with Reader(data, threads=1) as reader:
        for read in (reader.read, lambda: reader.read_nonzeros("t")):
            with pytest.raises(CorruptError) as caught:
                read()
            assert (caught.value.kind, caught.value.tensor, caught.value.block) == (kind, "t", 0)


def test_bitmask_worked_bytes():
    data = bytes.fromhex("32 07 09 01")
    assert stored.bitmask_block([0, 7, 0, 0, 9, 1], 1) == data
    with Reader(bitmask_file(data, 3, 6)) as reader:
        assert reader.read()["t"].tolist() == [0, 7, 0, 0, 9, 1]


@pytest.mark.parametrize("declared", [2, 4])
@pytest.mark.parametrize("elements", [6, 70, 4100], ids=lambda n: f"{n} elements")
def test_bitmask_count_of_set_bits_is_not_the_nonzeros(declared, elements):
    data = b"\x32" + bytes(-(-elements // 8) - 1) + bytes([7, 9, 1, 5])[:declared]
    refused_by_both(bitmask_file(data, declared, elements), "bitmask/count")


@pytest.mark.parametrize("bit", [6, 7])
def test_bitmask_padding_bit_is_set(bit):
    refused_by_both(bitmask_file(bytes([0b10010 | 1 << bit, 7, 9, 1]), 3, 6), "bitmask/padding")


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("dtype", range(22), ids=lambda code: f"dtype{code}")
def test_bitmask_zero_among_the_values(at, dtype):
    """A value is zero only when all its bytes are."""
    size = forge.ITEMSIZE[dtype]
    values = [bytes(size - 1) + b"\x80"] * 3
    values[at] = bytes(size)
    refused_by_both(bitmask_file(b"\x32" + b"".join(values), 3, 6, dtype), "bitmask/zero")


@pytest.mark.parametrize("zeros", [0, 1, 2, 4, 5, 6])
def test_dense_nonzeros_are_not_the_declared_ones_where_the_count_is_used(zeros):
    data = bytes([0, 7, 0, 0, 9, 1])
    file = forge.file_of([["t", U8, [6], forge.digest(data), zeros]], data)
    with Reader(file, threads=1) as reader:
        assert reader.read()["t"].tobytes() == data
        with pytest.raises(CorruptError) as caught:
            reader.read_nonzeros("t")
    assert caught.value.kind == "dense/nonzeros"


@pytest.mark.parametrize("on_disk", [False, True], ids=["in memory", "on disk"])
@pytest.mark.parametrize("number", [0, 1, 2], ids=["bitmask or csr", "dense", "bitmask"])
def test_block_digest_is_checked_on_every_read(tmp_path, number, on_disk):
    file = forge.Opened(written({"a": sparse((20, 20)), "b": sparse((3,), 1.0), "c": sparse((9, 9), 0.5)}))
    at, name = file.blocks(number)[0][0], "abc"[number]
    file.body[at] ^= 1
    source = file.build()
    if on_disk:
        (tmp_path / "t.spf").write_bytes(source)
        source = tmp_path / "t.spf"
    with Reader(source, threads=1) as reader:
        reader.read([other for other in reader.names if other != name])
        for read in (lambda: reader.read([name]), lambda: reader.read_nonzeros(name), reader.check_blocks):
            with pytest.raises(ChecksumError) as caught:
                read()
            error = caught.value
            assert (error.kind, error.tensor, error.block, error.offset) == ("block/digest", name, 0, 16 + at)
            assert {len(str(error.expected)), len(str(error.found))} == {16}


def test_block_digest_of_a_block_in_the_middle_names_that_block():
    file = forge.Opened(written({"t": sparse((400, 400), 0.5)}, policy=Policy(block_entries=20_000)))
    start, _ = file.blocks()[2]
    file.body[start + 5] ^= 0x40
    error = refused(file.build(), ChecksumError, "block/digest")
    assert (error.tensor, error.block, error.offset) == ("t", 2, 16 + start)


@pytest.mark.parametrize("number", [0, 1], ids=["csr", "bitmask"])
def test_entry_digest_of_a_tensor_whose_blocks_are_right(number):
    """Each block is what its digest says, and the tensor is not: only decoding everything finds it."""
    file = forge.Opened(written({"a": sparse((40, 40), 0.1), "b": sparse((40, 40), 0.5)}))
    file.entry(number)[3] ^= 1
    with Reader(file.build()) as reader:
        reader.read()
        reader.check_blocks()
        with pytest.raises(ChecksumError) as caught:
            list(reader.check_tensors())
    assert (caught.value.kind, caught.value.tensor) == ("entry/digest", "ab"[number])
