"""The affine grid: 0.0 exact, errors of at most half a step, every granularity, what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat.errors import ConfigError
from spformat.quantization import AffineScheme, AffineTensor, choose_parameters, quantize_affine, quantize_bias
from tests.quantization.arrays import few, weights

SCHEMES = st.builds(
    lambda bits, kind, narrow: AffineScheme(
        bits, kind == "symmetric", kind != "unsigned", narrow and kind != "unsigned"
    ),
    st.integers(2, 8),
    st.sampled_from(["symmetric", "asymmetric", "unsigned"]),
    st.booleans(),
)


def per_block(draw, shape, scheme):
    """The scheme with any granularity that the shape allows."""
    kind = draw(st.sampled_from(["tensor", "axis", "group"])) if shape else "tensor"
    axis = draw(st.integers(0, len(shape) - 1)) if kind == "axis" else None
    group = draw(st.integers(1, 9)) if kind == "group" else None
    return AffineScheme(scheme.bits, scheme.symmetric, scheme.signed, scheme.narrow, axis, group)


@few
@given(weights(), SCHEMES, st.data())
def test_zero_is_exact_and_nothing_is_off_by_more_than_half_a_step(given_, scheme, data):
    asked = per_block(data.draw, given_.shape, scheme)
    found = quantize_affine(given_, asked)
    back, wide = found.dequantize(), given_.astype(np.float64)
    assert back.dtype == np.float32
    assert back.shape == given_.shape
    zeros = wide == 0
    assert not back[zeros].any()
    assert not np.signbit(back[zeros]).any()
    low, high = asked.code_range
    assert ((found.codes >= low) & (found.codes <= high)).all()
    scales = blocks(found.scale, given_.shape, asked)
    assert (np.abs(back - wide) <= scales.astype(np.float64) / 2 * (1 + 2**-13)).all()
    if asked.symmetric:
        assert not found.zero_point.any()


@few
@given(weights(), SCHEMES, st.data())
def test_dequantization_is_one_float32_multiplication(given_, scheme, data):
    asked = per_block(data.draw, given_.shape, scheme)
    found = quantize_affine(given_, asked)
    scale, zero = (blocks(array, given_.shape, asked) for array in (found.scale, found.zero_point))
    for index in np.ndindex(given_.shape):
        step = np.float32(int(found.codes[index]) - int(zero[index]))
        assert found.dequantize()[index].tobytes() == (np.float32(scale[index]) * step).tobytes()


def blocks(parameters, shape, scheme):
    """The parameter of every single entry, found without the code under test."""
    out = np.empty(shape, parameters.dtype)
    columns = int(np.prod(shape[1:]))
    for index in np.ndindex(*shape):
        if scheme.axis is not None:
            out[index] = parameters[index[scheme.axis]]
        elif scheme.group is not None:
            column = int(np.ravel_multi_index(index, shape)) % max(columns, 1)
            out[index] = parameters[index[0], column // scheme.group]
        else:
            out[index] = parameters
    return out


@few
@given(weights(dtypes=[np.dtype(np.float32)], min_dims=2, min_side=1), st.integers(0, 1))
def test_an_axis_is_a_tensor_for_each_index(given_, axis):
    found = quantize_affine(given_, AffineScheme(4, symmetric=False, axis=axis))
    for index in range(given_.shape[axis]):
        alone = quantize_affine(given_.take(index, axis), AffineScheme(4, symmetric=False))
        assert (found.codes.take(index, axis) == alone.codes).all()
        assert found.scale[index] == alone.scale
        assert found.zero_point[index] == alone.zero_point


@pytest.mark.parametrize("axis", [-3, -2, -1])
def test_a_negative_axis_counts_from_the_last(axis):
    array = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    found, same = (quantize_affine(array, AffineScheme(4, symmetric=False, axis=at)) for at in (axis, axis + 3))
    assert found.axis == axis + 3
    for name in ("codes", "scale", "zero_point"):
        assert (getattr(found, name) == getattr(same, name)).all()


def test_int8_weights_are_narrow():
    found = quantize_affine(np.array([-1.0, 0.0, 0.5, 1.0], np.float32))
    assert found.codes.tolist() == [-127, 0, 64, 127]  # 63.5 to even
    assert found.scale == np.float32(1 / 127)
    assert AffineScheme(symmetric=False).code_range == (-127, 127)
    assert AffineScheme(symmetric=False, narrow=False).code_range == (-128, 127)


@pytest.mark.parametrize(("bits", "expected"), [(4, (-7, 7)), (2, (-1, 1))])
def test_int4_and_int2(bits, expected):
    assert AffineScheme(bits).code_range == expected
    found = quantize_affine(np.array([-3.0, 0.1, 3.0], np.float32), AffineScheme(bits))
    assert found.codes.tolist() == [expected[0], 0, expected[1]]
    assert found.dequantize()[2] == 3


def test_the_zero_point_is_nudged_to_a_code():
    scheme = AffineScheme(symmetric=False, signed=False)
    scale, zero = choose_parameters(np.array(-1.0), np.array(1.545), scheme)
    assert scale == np.float32(2.545 / 255)
    assert zero == 100  # 1 / 0.0099804 = 100.2
    for a, b, z in ((0.0, 1.0, 0), (0.5, 1.0, 0), (-1.0, 0.0, 255), (-1.0, -0.5, 255)):
        assert choose_parameters(np.array(a), np.array(b), scheme)[1] == z


def test_ranges_without_width():
    for value in (0.0, -0.0):
        found = quantize_affine(np.full(3, value, np.float32), AffineScheme(symmetric=False, signed=False))
        assert found.scale == 1
        assert found.dequantize().tolist() == [0, 0, 0]
    same = quantize_affine(np.full(3, 0.3, np.float32), AffineScheme(symmetric=False))
    assert same.dequantize() == pytest.approx(0.3)


def test_scales_stay_normal_floats():
    tiny = quantize_affine(np.array([1e-45, -1e-45], np.float32))
    assert tiny.scale == np.finfo(np.float32).tiny
    assert tiny.codes.tolist() == [0, 0]
    assert np.isfinite(quantize_affine(np.array([2.0**126, -(2.0**126)])).dequantize()).all()
    with pytest.raises(ConfigError, match="too large for float32 scales"):
        quantize_affine(np.array([1e39]))


def test_a_bias_is_int32_on_the_grid_of_the_accumulators():
    found = quantize_bias(np.array([1.0, -0.5, 1e12]), 0.5, np.array([0.25, 0.5, 0.001], np.float32))
    assert found.codes.tolist() == [8, -2, 2**31 - 1]
    assert found.bits == 32
    assert found.scale.tolist() == [0.125, 0.25, np.float32(0.5 * float(np.float32(0.001)))]
    assert found.dequantize()[:2].tolist() == [1, -0.5]
    assert quantize_bias(np.array([-1e12]), 0.1, np.array(0.1, np.float32)).codes.tolist() == [-(2**31)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AffineScheme(1), "expected 2 to 8, found 1"),
        (lambda: AffineScheme(9), "expected 2 to 8, found 9"),
        (lambda: AffineScheme(signed=False), "neither symmetric nor narrow"),
        (lambda: quantize_affine(np.ones((2, 2)), AffineScheme(axis=2)), "axis: expected -2 to 1, found 2"),
        (lambda: quantize_affine(np.ones((2, 2)), AffineScheme(axis=-3)), "axis: expected -2 to 1, found -3"),
        (lambda: quantize_affine(np.ones(()), AffineScheme(axis=-1)), "axis: expected none of a tensor without"),
        (lambda: quantize_affine(np.ones(()), AffineScheme(group=4)), "of a tensor with rows"),
        (lambda: quantize_affine(np.ones((2, 2)), AffineScheme(axis=0, group=4)), "an axis or groups"),
        (lambda: quantize_affine(np.array([np.inf])), "found 1 of 1"),
        (lambda: quantize_affine(np.array([1])), "expected floats, found int64"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


INT8 = np.array([1, -128], np.int8)
ONE, ZERO = np.array(1, np.float32), np.array(0, np.int32)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"codes": INT8.astype(np.int16)}, "expected int8, uint8 or int32, found int16"),
        ({"codes": INT8.astype(np.int32)}, "bits of int32 codes: expected 32, found 8"),
        ({"bits": 32}, "expected 2 to 8, found 32"),
        ({"bits": 4}, "codes beyond 4 bits: expected -8 to 7, found -128 to 1"),
        ({"scale": np.array(1.0)}, "expected float32 of shape"),
        ({"scale": np.ones(2, np.float32)}, "expected float32 of shape"),
        ({"scale": np.array(0, np.float32)}, "positive and finite"),
        ({"scale": np.array(np.nan, np.float32)}, "positive and finite"),
        ({"zero_point": np.array(200, np.int32)}, "zero_point beyond 8 bits"),
        ({"axis": 1}, "axis: expected 0 to 0, found 1"),
    ],
)
def test_an_affine_tensor_checks_its_fields(fields, message):
    with pytest.raises(ConfigError, match=message):
        AffineTensor(**{"codes": INT8, "scale": ONE, "zero_point": ZERO, "bits": 8, **fields})
