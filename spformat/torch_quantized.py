"""Quantized tensors of torch (quantize_per_tensor, quantize_per_channel) as affine tensors, where they are such.

torch multiplies by float32(scale) where there is one scale, and by float64 scales where each channel has its own. The
latter are usually float32 values, whose products are then the same; where they are not, and where zero points are
fractions (embeddings), there is no affine tensor that gives what torch gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ConfigError, SourceError
from .quantization import AffineTensor
from .quantized import check_products
from .torch_arrays import torch

_BITS = {torch.qint8: 8, torch.quint8: 8, torch.qint32: 32}
_PER_CHANNEL = (torch.per_channel_affine, torch.per_channel_affine_float_qparams)
_INSTEAD = "a quantized tensor (tensor.dequantize() can be stored)"

Array = NDArray[Any]


def from_torch(tensor: torch.Tensor, name: str | None = None) -> AffineTensor:
    """The codes, scales (as float32) and zero points of a quantized tensor.

    Raises SourceError for other types and schemes, for what files cannot hold as codes, and where torch dequantizes to
    other values, be it in a bit.
    """
    if tensor.dtype not in _BITS or tensor.qscheme() not in (torch.per_tensor_affine, *_PER_CHANNEL):
        raise SourceError(_INSTEAD, tensor=name, expected="qint8, quint8 or qint32, affine", found=_kind(tensor))
    plain = tensor.detach().cpu()
    axis = None
    if plain.qscheme() in _PER_CHANNEL:
        axis = int(plain.q_per_channel_axis())
        scale, zero_point = plain.q_per_channel_scales().numpy(), plain.q_per_channel_zero_points().numpy()
    else:
        scale, zero_point = np.array(plain.q_scale()), np.array(plain.q_zero_point())
    try:
        with np.errstate(over="ignore"):
            affine = _affine(plain.int_repr().numpy(), scale, zero_point, _BITS[plain.dtype], axis)
            ours = affine.dequantize()
        check_products(affine, ours)
    except ConfigError as error:
        raise SourceError(f"{_INSTEAD}: {error}", tensor=name) from None
    if not _same_bits(ours, plain.dequantize().numpy()):
        raise SourceError(f"{_INSTEAD} whose values are no float32 products of codes and scales", tensor=name)
    return affine


def is_affine(tensor: torch.Tensor) -> bool:
    """Whether `from_torch` takes a quantized tensor."""
    try:
        from_torch(tensor)
    except SourceError:
        return False
    return True


def dequantized(tensor: torch.Tensor, name: str | None = None) -> torch.Tensor:
    """The float32 values of any quantized tensor. Raises SourceError where torch cannot tell them."""
    try:
        return tensor.dequantize()
    except RuntimeError as error:  # NotImplementedError is one
        text = f"a quantized tensor ({_kind(tensor)}) that torch cannot dequantize"
        raise SourceError(f"{text}: {str(error).strip().splitlines()[0]}", tensor=name) from error


def _affine(codes: Array, scale: Array, zero_point: Array, bits: int, axis: int | None) -> AffineTensor:
    """Raises ConfigError for zero points that are no integers, too."""
    points = np.rint(zero_point)
    ends = np.iinfo(np.int32)
    if not ((points == zero_point) & (ends.min <= points) & (points <= ends.max)).all():
        raise ConfigError("zero points", expected="integers of 32 bits", found="others")
    return AffineTensor(codes, scale.astype(np.float32), points.astype(np.int32), bits, axis)


def _kind(tensor: torch.Tensor) -> str:
    return f"{tensor.dtype}, {tensor.qscheme()}"


def _same_bits(ours: Array, theirs: Array) -> bool:
    return np.array_equal(ours.view(np.uint32), theirs.view(np.uint32))
