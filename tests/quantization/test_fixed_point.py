"""The multiplier M0, n and its rounding shift, against exact rational arithmetic."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spformat.errors import ConfigError
from spformat.quantization import FixedPoint
from spformat.quantization.activation_grid import nearest

INT32 = st.one_of(st.integers(-(2**31), 2**31 - 1), st.sampled_from([-(2**31), 2**31 - 1, -1, 0, 1]))
REAL = st.floats(2.0**-80, 2.0**40)


def rounded(exact: Fraction) -> int:
    """The nearest integer, ties away from zero, saturated to int32."""
    magnitude = floor(abs(exact) + Fraction(1, 2))
    return max(-(2**31), min(2**31 - 1, magnitude if exact > 0 else -magnitude))


def exactly(multiplier: FixedPoint) -> Fraction:
    return Fraction(int(multiplier.mantissa), 2**31) / Fraction(2) ** int(multiplier.shift)


@given(INT32, REAL)
@example(2**31 - 1, 1.0)
@example(-(2**31), 2.0**31)
@example(-1, 2.0**31)
@example(1, 2.0**31)
@example(-(2**31), 2.0**-32)
@example(2**31 - 1, 2.0**-33)
def test_one_rounding_of_the_exact_product(accumulator, real):
    multiplier = FixedPoint.of(np.array(real))
    found = multiplier.apply(np.array(accumulator, np.int32))
    assert found.dtype == np.int32
    assert int(found) == rounded(accumulator * exactly(multiplier))


@given(REAL)
def test_the_stored_multiplier_is_the_nearest_of_31_bits(real):
    multiplier = FixedPoint.of(np.array(real))
    assert 2**30 <= int(multiplier.mantissa) < 2**31
    assert abs(exactly(multiplier) / Fraction(real) - 1) <= Fraction(1, 2**31)
    assert Fraction(float(multiplier.real())) == exactly(multiplier)


@pytest.mark.parametrize(
    ("real", "mantissa", "shift"),
    [
        (0.5, 2**30, 0),
        (0.75, 3 * 2**29, 0),
        (0.25, 2**30, 1),
        (1.0, 2**30, -1),
        (3.0, 3 * 2**29, -2),
        (1 - 2**-33, 2**30, -1),  # rounds to 2**31 and carries
        (1 - 2**-31, 2**31 - 1, 0),
        (2.0**-40, 2**30, 39),
    ],
)
def test_mantissa_and_shift(real, mantissa, shift):
    found = FixedPoint.of(np.array(real))
    assert (int(found.mantissa), int(found.shift)) == (mantissa, shift)


def test_ties_round_away_from_zero():
    half = FixedPoint.of(np.array(0.5))
    assert half.apply(np.array([-3, -2, -1, 0, 1, 2, 3], np.int32)).tolist() == [-2, -1, -1, 0, 1, 1, 2]


@given(st.one_of(st.floats(-(2.0**30), 2.0**30), st.integers(-(2**21), 2**21).map(lambda n: n / 2)))
@example(np.nextafter(0.5, 0.0))
@example(np.nextafter(0.5, 1.0))
@example(-np.nextafter(2.5, 0.0))
def test_floats_round_by_the_same_rule(value):
    assert int(nearest(np.array(value))) == rounded(Fraction(float(value)))


def test_each_channel_has_its_own():
    found = FixedPoint.of(np.array([0.5, 2.0, 2.0**-70])).apply(np.array([[4, 4, 2**31 - 1], [1, -1, -5]], np.int32))
    assert found.tolist() == [[2, 8, 0], [1, -2, 0]]


@pytest.mark.parametrize("real", [0.0, -1.0, np.inf, np.nan])
def test_only_positive_numbers_are_multipliers(real):
    with pytest.raises(ConfigError):
        FixedPoint.of(np.array(real))


def test_a_mantissa_is_normalized():
    with pytest.raises(ConfigError, match=r"expected 2\*\*30 to 2\*\*31 - 1"):
        FixedPoint(np.array(2**31), np.array(0))
