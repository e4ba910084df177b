"""Histograms of the nonzeros' bits, which the order-0 bound is made of, against numpy."""

import numpy as np
import pytest

from spformat import _native

pytestmark = pytest.mark.usefixtures("simd")


@pytest.mark.parametrize("itemsize", [1, 2, 4, 8])
@pytest.mark.parametrize("elements", [0, 1, 63, 64, 5000])
def test_key_histogram(itemsize, elements):
    rng = np.random.default_rng(elements)
    array = rng.integers(0, 2**63, elements, np.uint64).astype(f"<u{itemsize}")
    array[rng.random(elements) < 0.5] = 0
    for shift, mask in ((0, 0xFF), (3, 0x1F), (8 * itemsize - 8, 0xFF), (0, 0xFFFF)):
        found = np.zeros(mask + 1, np.uint64)
        _native.key_histogram(array.view(np.uint8), itemsize, shift, mask, found)
        keys = (array[array != 0].astype(np.uint64) >> np.uint64(shift)) & np.uint64(mask)
        assert found.tolist() == np.bincount(keys.astype(np.int64), minlength=mask + 1).tolist()


def test_key_histogram_of_wide_elements_takes_their_upper_half():
    pairs = np.array([[1, 5], [0, 0], [7, 0], [0, 5]], np.uint64)
    found = np.zeros(8, np.uint64)
    _native.key_histogram(pairs.view(np.uint8).reshape(-1), 16, 0, 7, found)
    assert found.tolist() == [1, 0, 0, 0, 0, 2, 0, 0]


def test_a_histogram_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="short"):
        _native.key_histogram(np.zeros(8, np.uint8), 1, 0, 255, np.zeros(255, np.uint64))
