"""Quantized tensors in files: loaded as floats, had back as codes, exactly."""

import io
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spformat
from spformat.container.quantization import QuantizationRecord
from spformat.dtypes import BY_NAME
from spformat.errors import CorruptError, SourceError, SpformatError
from spformat.layouts.coding import Scaled
from spformat.quantization import (
    AffineScheme,
    AffineTensor,
    BinaryTensor,
    CodebookTensor,
    Fidelity,
    quantize_affine,
    quantize_binary,
    quantize_codebook,
)
from spformat.quantized import LARGEST_STEP, Quantized, QuantizedTensor, add_quantized, get_quantized
from spformat.reader import Reader
from spformat.writer import Writer
from tests import forge
from tests.helpers import raw, read_everything


def stored(*tensors, fidelity=None, **options):
    """The bytes of a file of quantized tensors, named by their places."""
    target = io.BytesIO()
    with Writer(target, threads=1, **options) as writer:
        for number, tensor in enumerate(tensors):
            add_quantized(writer, str(number), Quantized(tensor, fidelity))
    return target.getvalue()


def same(found, tensor):
    """Whether two quantized tensors are the same to the bit."""
    assert type(found) is type(tensor)
    for field in vars(tensor):
        first, second = getattr(found, field), getattr(tensor, field)
        if isinstance(second, np.ndarray):
            assert (first.dtype, first.shape, raw(first)) == (second.dtype, second.shape, raw(second)), field
        else:
            assert first == second, field


def weights(shape, density=0.3, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < density, rng.normal(size=shape) * 0.1, 0).astype(dtype)


def round_trip(tensor):
    with Reader(stored(tensor), threads=1) as reader:
        array = read_everything(reader)["0"]
        assert raw(array) == raw(tensor.dequantize())
        same(get_quantized(reader, "0").tensor, tensor)
        return reader.entry("0")


SHAPES = [(40, 30), (6, 5, 3, 3), (300,), (1, 70), (64, 1)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_affine(shape, symmetric, bits):
    array = weights(shape) + np.float32(0 if symmetric else 0.01)
    for axis, group in [(None, None), (len(shape) - 1, None), (0, None), (None, 4), (None, 7), (None, 1000)]:
        scheme = AffineScheme(bits, symmetric, axis=axis, group=group)
        round_trip(quantize_affine(array, scheme))
        if not symmetric:
            round_trip(quantize_affine(array, AffineScheme(bits, symmetric, signed=False, axis=axis, group=group)))


@pytest.mark.parametrize("axis", [0, 1])
def test_rows_and_columns_have_scales_in_the_codec(axis):
    tensor = quantize_affine(weights((60, 50)), AffineScheme(axis=axis))
    entry = round_trip(tensor)
    assert entry.storage.coding.names()[-1] == "scaled"
    assert entry.quantization.scales is None


def test_one_scale_is_stored_once_and_its_steps_as_bits():
    entry = round_trip(quantize_affine(weights((60, 50)), AffineScheme(8)))
    assert entry.storage.coding.names()[-1] == "scaled"
    assert entry.quantization.scales is None
    assert len(entry.storage.coding.to_wire()[-1][3][1]) <= 32


@given(st.data())
def test_any_affine_tensor_comes_back(data):
    shape = data.draw(st.lists(st.integers(0, 12), min_size=1, max_size=3).map(tuple))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    bits, signed = data.draw(st.integers(2, 8)), data.draw(st.booleans())
    axis = data.draw(st.one_of(st.none(), st.integers(0, len(shape) - 1)))
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    count = () if axis is None else (shape[axis],)
    exponents = rng.uniform(-46, 30, count)
    tensor = AffineTensor(
        rng.integers(low, high, shape, endpoint=True).astype(np.int8 if signed else np.uint8),
        np.maximum(10.0**exponents, 1e-45).astype(np.float32),
        rng.integers(low, high, count, endpoint=True).astype(np.int32),
        bits,
        axis,
    )
    round_trip(tensor)


@pytest.mark.parametrize("scheme", [AffineScheme(8, axis=0), AffineScheme(4, group=20), AffineScheme(8)])
def test_the_bound_is_that_of_the_codes_and_the_scales(scheme):
    tensor = quantize_affine(weights((60, 50)), scheme)
    (found,) = spformat.inspect(stored(tensor)).tensors
    (of_codes,) = spformat.inspect(spformat.save({"codes": tensor.codes})).tensors
    assert of_codes.bound_bytes is not None
    assert found.bound_bytes == of_codes.bound_bytes + tensor.scale.nbytes
    assert found.bound_bytes < found.stored_bytes


def test_the_bound_of_signs_is_a_bit_for_each_and_the_scales():
    signs = np.where(np.arange(3000) % 2, np.float32(1), np.float32(-1)).reshape(60, 50)
    (found,) = spformat.inspect(stored(quantize_binary(signs * 0.3, "filter"))).tensors
    assert found.bound_bytes == 3000 // 8 + 4 * 60


@pytest.mark.parametrize(("shape", "group"), [((40, 100), 64), ((30, 50), 7), ((16, 3, 7, 7), 16), ((20, 30), 29)])
def test_groups_that_do_not_divide_a_row_are_scales_of_the_codec(shape, group):
    tensor = quantize_affine(weights(shape), AffineScheme(4, group=group))
    codec = round_trip(tensor).storage.coding.value
    assert isinstance(codec, Scaled)
    assert (codec.run, codec.row, len(codec.scales)) == (group, prod(shape[1:]), 4 * tensor.scale.size)


@pytest.mark.parametrize("density", [0.3, 1.0])
@pytest.mark.parametrize("bits", [7, 8])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("axis", "group"), [(0, None), (1, None), (None, 8), (None, 7)])
def test_zero_points_of_rows_and_groups_are_wrapped_steps(density, bits, signed, axis, group):
    """A scale has no more than 2**bits numbers q - Z, but together they have more."""
    rng = np.random.default_rng(bits)
    array = weights((60, 40), density) + np.where(rng.random((60, 1)) < 0.5, 0.3, -0.3).astype(np.float32) * (
        rng.random((60, 40)) < density
    )
    tensor = quantize_affine(array.astype(np.float32), AffineScheme(bits, False, signed, axis=axis, group=group))
    codec = round_trip(tensor).storage.coding.value
    assert isinstance(codec, Scaled)
    assert (codec.modulus == 0) == (int(np.ptp(tensor.zero_point)) + 2**bits <= 256)
    points = round_trip(tensor).quantization.zero_points
    assert points is None if codec.modulus else len(points) == tensor.zero_point.size


def test_int32():
    codes = np.array([[LARGEST_STEP, -LARGEST_STEP, 0], [1, -2, 77]], np.int32)
    for axis, count in ((None, ()), (0, (2,))):
        scale, zero = np.full(count, 0.1, np.float32), np.zeros(count, np.int32)
        round_trip(AffineTensor(codes, scale, zero, 32, axis))
        with pytest.raises(SourceError, match="int32"):
            stored(AffineTensor(codes * 2, scale, zero, 32, axis))


def test_products_beyond_float32_are_refused():
    tensor = AffineTensor(np.array([[127]], np.int8), np.array(3e38, np.float32), np.array(0, np.int32), 8)
    with pytest.raises(SourceError, match="beyond float32"):
        stored(tensor)


@pytest.mark.parametrize("shape", [(40, 30), (6, 5, 3, 3), (300,)])
@pytest.mark.parametrize("scale", ["filter", "tensor", 1.0, 0.0])
def test_binary(shape, scale):
    array = weights(shape, 1)
    array[0] = 0  # a filter that is all zero has a scale of zero
    tensor = quantize_binary(array, scale)
    assert isinstance(tensor, BinaryTensor)
    round_trip(tensor)


def test_a_bit_for_each_weight():
    tensor = quantize_binary(weights((400, 500), 1), "filter")
    with Reader(stored(tensor)) as reader:
        assert sum(reader.entry("0").storage.stored_bytes) == 400 * 500 / 8
        assert reader.file_bytes < 400 * 500 / 8 + 4 * 400 + 400


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16", "F64"])
@pytest.mark.parametrize("zeros", ["filler", "apart", "clustered"])
@pytest.mark.parametrize("bits", [1, 3, 8, 10])
def test_codebooks(dtype, zeros, bits):
    array = weights((60, 50), dtype=BY_NAME[dtype].numpy)
    tensor = quantize_codebook(array, bits, zeros=zeros)
    assert isinstance(tensor, CodebookTensor)
    round_trip(tensor.compact(drop_live_zeros=True))


@pytest.mark.parametrize("density", [0.0, 1.0])
def test_a_codebook_of_only_zeros_or_of_none(density):
    round_trip(quantize_codebook(weights((30, 20), density), 3).compact(drop_live_zeros=True))


def test_a_codebook_is_stored_compact():
    codes, book = np.array([[1, 3, 1, 0]], np.uint8), np.array([0, 2, 9, -1], np.float32)
    with Reader(stored(CodebookTensor(codes, book, True))) as reader:
        found = get_quantized(reader, "0").tensor
    assert isinstance(found, CodebookTensor)
    assert found.codebook.tolist() == [0, -1, 2]
    assert found.codes.tolist() == [[2, 1, 2, 0]]


def test_fidelity_is_recorded():
    lost = Fidelity(31.25, 0.5)
    tensor = quantize_affine(weights((20, 20)))
    with Reader(stored(tensor, fidelity=lost)) as reader:
        assert get_quantized(reader, "0").fidelity == lost
    with Reader(stored(tensor, fidelity=Fidelity(float("inf"), 0.0))) as reader:
        assert get_quantized(reader, "0").fidelity == Fidelity(float("inf"), 0.0)
    with Reader(stored(tensor)) as reader:
        assert get_quantized(reader, "0").fidelity is None


@pytest.mark.parametrize("lost", [Fidelity(-20.1, 0.1), Fidelity(31.3, 1e-50), Fidelity(-float("inf"), 1e300)])
def test_the_recorded_error_is_never_smaller_than_it_was(lost):
    with Reader(stored(quantize_affine(weights((20, 20))), fidelity=lost)) as reader:
        found = get_quantized(reader, "0").fidelity
    assert found is not None
    assert found.snr_db == np.float32(lost.snr_db)
    below = float(np.nextafter(np.float32(found.largest_error), np.float32(0)))
    assert below < lost.largest_error <= found.largest_error


def test_equal_tensors_share_bytes_only_with_the_same_record(tmp_path):
    array = quantize_affine(weights((90, 90)), AffineScheme(8)).dequantize()
    tensor, scaled = quantize_affine(array, AffineScheme(8)), quantize_affine(array, AffineScheme(8, axis=1))
    with Writer(tmp_path / "x.spf") as writer:
        writer.add("plain", array)
        add_quantized(writer, "quantized", Quantized(tensor))
        add_quantized(writer, "again", Quantized(tensor))
        add_quantized(writer, "scaled", Quantized(scaled))
        add_quantized(writer, "scaled again", Quantized(scaled))
    with Reader(tmp_path / "x.spf") as reader:
        assert reader.entry("quantized").copy_of is None
        assert reader.entry("again").copy_of == "quantized"
        same(get_quantized(reader, "again").tensor, tensor)
        assert reader.entry("scaled again").copy_of == "scaled"
        same(get_quantized(reader, "scaled again").tensor, scaled)
        with pytest.raises(SpformatError, match="not quantized"):
            get_quantized(reader, "plain")


def changed(tensor, **record):
    """A file whose record says something else."""
    file = forge.Opened(stored(tensor))
    for at, name in enumerate(("bits", "loss", "signed", "zero_points", "axis", "group", "scales"), 1):
        if name in record:
            file.entry()[5][at] = record[name]
    return file.build()


@pytest.mark.parametrize(
    "record",
    [
        {"scales": np.float32(0.1).tobytes()},
        {"scales": bytes(4)},
        {"zero_points": 100},
        {"zero_points": -(2**31)},
        {"bits": 2},
        {"bits": 20},
        {"signed": False},
    ],
)
def test_a_record_that_does_not_fit_the_elements(record):
    data = changed(quantize_affine(weights((30, 20)), AffineScheme(8)), **record)
    with Reader(data) as reader:
        read_everything(reader)  # the elements are right without it
        with pytest.raises(CorruptError) as caught:
            get_quantized(reader, "0")
    assert caught.value.kind == "quantization/form"


@pytest.mark.parametrize(
    ("lacks", "record"),
    [
        ("scales", QuantizationRecord("affine", 8)),
        ("zero points", QuantizationRecord("affine", 8, zero_points=None, scales=bytes(4))),
    ],
)
def test_a_record_without_what_the_codec_should_have(lacks, record):
    target = io.BytesIO()
    with Writer(target, threads=1) as writer:
        writer.add("0", weights((30, 20)), quantization=record)
    with Reader(target.getvalue()) as reader, pytest.raises(CorruptError, match=f"no {lacks}"):
        get_quantized(reader, "0")


@pytest.mark.parametrize("bits", [2, 7])
def test_zero_points_of_a_codec_of_other_codes(bits):
    array = weights((60, 40)) + np.where(np.arange(60) % 2, 0.3, -0.3).astype(np.float32)[:, None]
    data = changed(quantize_affine(array, AffineScheme(8, False, axis=0)), bits=bits)
    with Reader(data) as reader, pytest.raises(CorruptError, match="no zero points"):
        get_quantized(reader, "0")


def test_names_of_the_library(tmp_path):
    """save_file takes quantized tensors among arrays; safe_open gives floats, and codes on request."""
    array = weights((40, 30))
    tensors: dict[str, QuantizedTensor] = {
        "affine": quantize_affine(array, AffineScheme(axis=0)),
        "binary": quantize_binary(array, "filter"),
        "codebook": quantize_codebook(array, 4).compact(drop_live_zeros=True),
    }
    spformat.save_file({**tensors, "plain": array}, tmp_path / "x.spf")
    loaded = spformat.load_file(tmp_path / "x.spf")
    assert raw(spformat.load(spformat.save({**tensors, "plain": array}))["affine"]) == raw(loaded["affine"])
    with spformat.safe_open(tmp_path / "x.spf", framework="np") as file:
        for name, tensor in tensors.items():
            assert raw(loaded[name]) == raw(tensor.dequantize()) == raw(file.get_tensor(name))
            assert raw(file.get_slice(name)[3:9]) == raw(tensor.dequantize()[3:9])
            same(file.get_quantized(name), tensor)
        with pytest.raises(SpformatError, match="not quantized"):
            file.get_quantized("plain")
    with pytest.raises(SourceError, match="numpy array"):
        spformat.save({"x": [1, 2]})


@pytest.mark.parametrize("group", [30, 1 << 40, (1 << 64) - 1])
def test_groups_longer_than_a_row_take_no_more_than_it(group):
    """Nor does a record of a stranger that names one."""
    tensor = quantize_affine(weights((30, 20)), AffineScheme(8, group=20))
    wide = quantize_affine(weights((30, 20)), AffineScheme(8, group=group))
    assert raw(wide.dequantize()) == raw(tensor.dequantize())
    assert stored(wide) == changed(tensor, group=group)
    with Reader(changed(tensor, group=group)) as reader:
        same(get_quantized(reader, "0").tensor, wide)
