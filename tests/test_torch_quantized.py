"""Quantized tensors of torch: stored as their codes, and loaded as torch dequantizes them."""

import numpy as np
import pytest

import spformat
from spformat.errors import SourceError
from spformat.quantization import AffineTensor, quantize_affine
from tests.helpers import raw

torch = pytest.importorskip("torch")

import spformat.torch  # noqa: E402
from spformat.torch_quantized import from_torch  # noqa: E402

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


def test_other_schemes_are_refused():
    scales, points = torch.rand(4), torch.rand(4)
    tensor = torch.quantize_per_channel(torch.randn(4, 8), scales, points, 0, torch.quint4x2)
    with pytest.raises(SourceError, match="qint8, quint8 or qint32"):
        from_torch(tensor, "w")
