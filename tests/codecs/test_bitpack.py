"""Bit streams: the plain twin in Python against arithmetic on one big integer, and against the kernels'
streams.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat import _native
from spformat.codecs import bitpack, table
from spformat.planning.policy import GapRequest, Policy
from tests import forge, stored
from tests.helpers import written


def numbers_of(width):
    return st.lists(st.integers(0, 2**width - 1), max_size=70)


@given(st.integers(0, 32).flatmap(lambda width: st.tuples(st.just(width), numbers_of(width))))
def test_unpack_reads_one_long_integer(case):
    width, numbers = case
    data = stored.pack_bits(numbers, width)
    assert len(data) == bitpack.size(len(numbers), width)
    assert bitpack.unpack(data, len(numbers), width).tolist() == numbers


def test_worked_bytes():
    assert stored.pack_bits([1, 3, 8, 3], 4) == bytes.fromhex("31 38")
    assert bitpack.unpack(bytes.fromhex("31 38"), 4, 4).tolist() == [1, 3, 8, 3]


@pytest.mark.parametrize(
    ("count", "width", "size"),
    [(0, 5, 0), (5, 0, 0), (1, 1, 1), (8, 1, 1), (9, 1, 2), (3, 5, 2), (2**33, 16, 2**34)],
)
def test_sizes(count, width, size):
    assert bitpack.size(count, width) == size


def test_what_follows_the_stream_is_not_read():
    assert bitpack.unpack(b"\xff\x01\xaa\xbb", 3, 3).tolist() == [7, 7, 7]


@pytest.mark.parametrize("width", range(1, 17))
def test_kernels_write_the_same_stream(width, simd):  # noqa: ARG001
    rng = np.random.default_rng(width)
    codes = rng.integers(0, min(2**width - 1, 300), 37)
    positions = np.cumsum(codes + 1) - 1
    array = np.zeros(positions[-1] + 5, np.uint8)
    array[positions] = 1
    policy = Policy("csr", GapRequest(bits=width, fill="escape"), block_entries=1 << 20)
    data = forge.Opened(written({"t": array}, policy=policy)).block()
    assert data == stored.pack_bits(codes.tolist(), width) + bytes([1] * 37)


def test_names_of_codecs():
    assert [table.name(n) for n in (0, 1, 4, 9)] == ["raw", "bitpack", "strips", "number 9"]


@given(st.integers(0, 8).flatmap(lambda width: st.tuples(st.just(width), numbers_of(width))))
def test_classes_are_packed_natively(case):
    width, numbers = case
    assert _native.pack_classes(bytes(numbers), width) == stored.pack_bits(numbers, width)
