"""Torch tensors to arrays and back: every data type, without copies, bit for bit."""

import numpy as np
import pytest

from spformat.dtypes import BY_NAME, DTYPES
from spformat.errors import SourceError

torch = pytest.importorskip("torch")

from spformat.torch_arrays import from_torch_dtype, numpy_type, to_array, to_tensor, to_torch_dtype  # noqa: E402


def patterns(dtype, shape):
    """Random bit patterns; only 0 and 1 for bool, as torch promises nothing for other bytes."""
    rng = np.random.default_rng(dtype.code)
    count = int(np.prod(shape)) * dtype.itemsize
    raw = rng.integers(0, 2 if dtype.name == "BOOL" else 256, count, np.uint8)
    return raw.view(dtype.bits).reshape(shape)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.name)
@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (2, 3, 4)], ids=str)
class TestEveryDtype:
    def test_bits_survive_both_ways(self, dtype, shape):
        bits = patterns(dtype, shape)
        tensor = to_tensor(bits, dtype)
        assert tensor.dtype == to_torch_dtype(dtype)
        assert tuple(tensor.shape) == shape
        array, found = to_array(tensor)
        assert found == dtype
        assert array.dtype == numpy_type(dtype)
        assert array.tobytes() == bits.tobytes()

    def test_memory_is_shared(self, dtype, shape):
        bits = patterns(dtype, shape)
        array, _ = to_array(to_tensor(bits, dtype))
        assert bits.size == 0 or array.ctypes.data == bits.ctypes.data


def test_every_dtype_of_the_format_has_a_torch_dtype():
    assert {from_torch_dtype(to_torch_dtype(dtype)) for dtype in DTYPES} == set(DTYPES)


def test_strides_are_kept():
    tensor = torch.arange(12, dtype=torch.bfloat16).reshape(3, 4).t()[1:, ::2]
    array, _ = to_array(tensor)
    assert array.strides == tuple(2 * step for step in tensor.stride())
    assert array.astype(np.float32).tolist() == tensor.tolist()


def test_negative_strides_are_copied():
    tensor = to_tensor(np.arange(4, dtype=np.float32)[::-1], BY_NAME["F32"])
    assert tensor.tolist() == [3, 2, 1, 0]


def test_parameters_and_lazy_conjugates():
    values = torch.tensor([1 + 2j, -0.0 + 0j])
    assert to_array(torch.nn.Parameter(values))[0].tolist() == values.tolist()
    assert to_array(values.conj())[0].tobytes() == values.conj().resolve_conj().numpy().tobytes()
    assert to_array(values.conj().imag)[0].tolist() == [-2.0, -0.0]


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch calls its quantized tensors deprecated
def test_quantized_tensors_are_refused():
    tensor = torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    with pytest.raises(SourceError, match=r"dequantize.*'w'"):
        to_array(tensor, "w")


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.empty(2, device="meta"), "without data"),
        (torch.eye(2).to_sparse(), "layout"),
    ],
)
def test_other_tensors_are_refused(tensor, message):
    with pytest.raises(SourceError, match=message):
        to_array(tensor, "w")
