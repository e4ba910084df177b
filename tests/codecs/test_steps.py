"""Steps in the index (spec/format.md, section 7.7): patterns, or the bits of integers."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat.codecs import steps


def patterns(numbers):
    """The bytes of F32 numbers in the order of their patterns."""
    return np.sort(np.array(sorted(numbers), "<f4").view("<u4")).tobytes()


@given(st.sets(st.integers(-(2**24), 2**24) | st.integers(-130, 130), min_size=1, max_size=256))
def test_integers_come_back(numbers):
    book = patterns(numbers)
    wire = steps.to_wire(book)
    assert steps.from_wire(wire) == book
    if isinstance(wire, list):
        assert wire[0] == min(numbers)
        assert len(wire[1]) < len(book)


@pytest.mark.parametrize("numbers", [{0.5}, {1, -1, 1.5}, {2**24 + 2, 2**24 + 4}, {0, 1e6}, {-0.0, 1}, {1e30, -1e30}])
def test_what_is_no_integer_or_far_apart_stays_as_it_is(numbers):
    book = patterns(numbers)
    assert steps.to_wire(book) == book == steps.from_wire(book)


def test_int8_takes_32_bytes():
    assert steps.to_wire(patterns(set(range(-128, 128)))) == [-128, b"\xff" * 32]


def test_more_bits_than_there_can_be_are_not_looked_at():
    assert steps.from_wire([-(2**24), b"\1" + bytes(2**22 - 1) + b"\1"]) is not None
    assert steps.from_wire([-(2**24), b"\1" + bytes(2**22) + b"\1"]) is None


def test_far_too_many_bits_take_little_memory():
    tracemalloc.start()
    try:
        assert steps.from_wire([0, b"\xff" * 2**21]) is None
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()
