"""Quantized tensors of torch: stored as their codes, and loaded as torch dequantizes them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spformat
from spformat.errors import SourceError
from spformat.quantization import AffineTensor, quantize_affine
from tests.helpers import raw

torch = pytest.importorskip("torch")

import spformat.torch  # noqa: E402
from spformat.torch_quantized import dequantized, from_torch, is_affine  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # torch calls its quantized tensors deprecated


def tensors():
    torch.manual_seed(0)
    weight, scales = torch.randn(30, 40), torch.rand(30) / 50 + 0.01
    convolution = torch.randn(6, 5, 3, 3)
    return {
        "tensor": torch.quantize_per_tensor(weight, 0.03, 5, torch.quint8),
        "signed": torch.quantize_per_tensor(weight, 0.03, -5, torch.qint8),
        "channel": torch.quantize_per_channel(weight, scales, torch.arange(30) - 15, 0, torch.qint8),
        "axis": torch.quantize_per_channel(convolution, scales[:5], torch.zeros(5, dtype=torch.long), 1, torch.quint8),
        "bias": torch.quantize_per_tensor(weight[0], 0.001, 0, torch.qint32),
    }


@pytest.mark.parametrize("name", ["tensor", "signed", "channel", "axis", "bias"])
def test_exactly(name):
    tensor = tensors()[name]
    found = from_torch(tensor)
    assert found.codes.tobytes() == tensor.int_repr().contiguous().numpy().tobytes()
    assert found.dequantize().tobytes() == tensor.dequantize().contiguous().numpy().tobytes()


def check(path):
    loaded = spformat.torch.load_file(path)
    with spformat.safe_open(path, framework="pt") as file:
        for name, tensor in tensors().items():
            assert loaded[name].dtype == torch.float32
            assert torch.equal(loaded[name], tensor.dequantize())
            found = file.get_quantized(name)
            assert isinstance(found, AffineTensor)
            assert np.array_equal(found.codes, tensor.int_repr().numpy())
            assert found.zero_point.tolist() == from_torch(tensor).zero_point.tolist()
            assert raw(found.scale) == raw(from_torch(tensor).scale)


def test_a_checkpoint_is_packed(tmp_path):
    plain = torch.ones(3)
    torch.save({**tensors(), "plain": plain}, tmp_path / "m.pt")
    report = spformat.pack(tmp_path / "m.pt", tmp_path / "x.spf")
    assert sorted(entry.name for entry in report.quantized) == sorted(tensors())
    assert {entry.snr_db for entry in report.quantized} == {None}
    check(tmp_path / "x.spf")


def test_save_file_takes_them_and_ours(tmp_path):
    ours = quantize_affine(np.arange(12, dtype=np.float32).reshape(3, 4))
    spformat.torch.save_file({**tensors(), "ours": ours}, tmp_path / "x.spf")
    check(tmp_path / "x.spf")
    assert spformat.torch.load_file(tmp_path / "x.spf")["ours"].numpy().tobytes() == ours.dequantize().tobytes()


def per_channel(scales, points, dtype):
    return torch.quantize_per_channel(torch.randn(4, 8), scales, points, 0, dtype)


THIRDS = torch.arange(1, 5, dtype=torch.float64) / 3  # no float32
ZEROS = torch.zeros(4, dtype=torch.long)


def unlike():
    """Tensors of which no affine one gives the values."""
    torch.manual_seed(1)
    wide = torch.arange(-4, 5, dtype=torch.int32) << 28
    return {
        "embedding": per_channel(torch.rand(4) / 20 + 0.01, torch.rand(4) * 200, torch.quint8),
        "four bits": per_channel(torch.rand(4) + 0.1, torch.rand(4), torch.quint4x2),
        "float64": torch._make_per_channel_quantized_tensor(torch.arange(-16, 16).char().view(4, 8), THIRDS, ZEROS, 0),
        "tiny": torch.quantize_per_tensor(torch.ones(3), 1e-50, 0, torch.qint8),
        "huge": torch._make_per_tensor_quantized_tensor(torch.arange(1, 100, dtype=torch.uint8), 3e37, 0),
        "large codes": torch._make_per_tensor_quantized_tensor(wide, 0.1, 3),
    }


@pytest.mark.parametrize("name", ["embedding", "four bits", "float64", "tiny", "huge", "large codes"])
def test_what_codes_do_not_give_is_refused_alone(name):
    assert not is_affine(unlike()[name])
    with pytest.raises(SourceError, match=r"tensor.dequantize\(\) can be stored.*'w'"):
        from_torch(unlike()[name], "w")


def test_in_a_checkpoint_it_is_stored_as_its_values_and_said(tmp_path):
    torch.save({**tensors(), **unlike()}, tmp_path / "m.pt")
    report = spformat.pack(tmp_path / "m.pt", tmp_path / "x.spf")
    assert sorted(entry.name for entry in report.quantized) == sorted(tensors())
    found = ", ".join(sorted(unlike()))
    why = "which no codes and float32 scales give exactly"
    assert report.notes == [f"quantized tensors taken as their float32 values, {why}: {found}"]
    check(tmp_path / "x.spf")
    loaded = spformat.load_file(tmp_path / "x.spf")
    for name, tensor in unlike().items():
        assert loaded[name].dtype == np.float32
        assert raw(loaded[name]) == raw(tensor.dequantize().contiguous().numpy())


def test_float_zero_points_that_are_integers_are_codes():
    tensor = per_channel(torch.rand(4) + 0.1, torch.tensor([0.0, 3, 200, 255]), torch.quint8)
    assert tensor.qscheme() == torch.per_channel_affine_float_qparams
    found = from_torch(tensor)
    assert found.zero_point.tolist() == [0, 3, 200, 255]
    assert raw(found.codes) == raw(tensor.int_repr().numpy())
    assert raw(found.dequantize()) == raw(tensor.dequantize().numpy())


CODES = {torch.qint8: (torch.int8, -128, 128), torch.quint8: (torch.uint8, 0, 256)}


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(CODES)), st.booleans())
def test_torch_multiplies_by_the_scale_as_float32_but_for_those_of_channels(seed, dtype, of_channels):
    """One float64 scale is never lost; those of channels only where they are float32."""
    rng, (kind, low, high) = np.random.default_rng(seed), CODES[dtype]
    codes = torch.from_numpy(rng.integers(low, high, (3, 50))).to(kind)
    scales, points = torch.from_numpy(10 ** rng.uniform(-12, 6, 3)), torch.from_numpy(rng.integers(low, high, 3))
    if of_channels:
        scales = scales.float().double()
        tensor = torch._make_per_channel_quantized_tensor(codes, scales, points, 0)
    else:
        tensor = torch._make_per_tensor_quantized_tensor(codes, float(scales[0]), int(points[0]))
    found = from_torch(tensor)
    assert raw(found.codes) == raw(codes.numpy())
    assert raw(found.dequantize()) == raw(tensor.dequantize().numpy())


class Mute:
    """A quantized tensor that torch has no values of."""

    dtype = torch.quint4x2

    def qscheme(self):
        return torch.per_channel_affine

    def dequantize(self):
        raise NotImplementedError("'dequantize' not implemented\nfor it")


def test_what_torch_cannot_dequantize_is_named():
    tensor: Any = Mute()
    with pytest.raises(SourceError, match=r"quint4x2.* cannot dequantize: 'dequantize' not implemented \(tensor 'w'\)"):
        dequantized(tensor, "w")
