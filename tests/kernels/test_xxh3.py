"""Our XXH3-64 against the reference implementation, for both variants of the long loop."""

import numpy as np
import pytest
import xxhash

from spformat import _native
from spformat.container.digest import digest

pytestmark = pytest.mark.usefixtures("simd")
DATA = np.random.default_rng(11).integers(0, 256, 5_000_000, np.uint8)


def agree(data):
    assert _native.xxh3_64(data) == xxhash.xxh3_64_intdigest(data.tobytes()), len(data)


def test_every_length_up_to_two_blocks_and_a_little():
    """0, 1-3, 4-8, 9-16, 17-128, 129-240 and the long form with every count of stripes."""
    for length in range(2101):
        agree(DATA[:length])


@pytest.mark.parametrize("length", [3071, 3072, 3073, 4096, 65_536, 65_537, 1_000_003, 4_999_000])
def test_large_inputs(length):
    agree(DATA[:length])


def test_any_alignment():
    for start in range(1, 65):
        for length in (3, 8, 16, 100, 240, 241, 1024, 1025, 2049, 5000):
            agree(DATA[start : start + length])


@pytest.mark.parametrize("byte", [0, 255])
def test_uniform_inputs(byte):
    for length in (0, 1, 8, 64, 200, 1000, 4096):
        agree(np.full(length, byte, np.uint8))


def test_the_digest_of_no_bytes_is_the_one_in_the_specification():
    assert _native.xxh3_64(np.empty(0, np.uint8)) == 0x2D06800538D394C2


@pytest.mark.parametrize("dtype", ["<u2", "<u4", "<f8", "V16"])
@pytest.mark.parametrize("shape", [(), (0,), (3, 5), (2, 0, 4)], ids=str)
def test_arrays_are_hashed_as_their_bytes_in_c_order(dtype, shape):
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    array = DATA[:count].copy().view(dtype).reshape(shape)
    assert digest(array) == xxhash.xxh3_64_intdigest(array.tobytes())


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_is_hashed(kind):
    data = DATA[:777].tobytes()
    assert digest(kind(data)) == xxhash.xxh3_64_intdigest(data)
