"""Quantized tensors of torch (quantize_per_tensor, quantize_per_channel) as affine tensors."""

from __future__ import annotations

import numpy as np

from .errors import ConfigError, SourceError
from .quantization import AffineTensor
from .torch_arrays import torch

_BITS = {torch.qint8: 8, torch.quint8: 8, torch.qint32: 32}
_PER_CHANNEL = torch.per_channel_affine


def from_torch(tensor: torch.Tensor, name: str | None = None) -> AffineTensor:
    """The codes, scales (as float32, with which torch multiplies) and zero points of a quantized tensor.

    Raises SourceError for other types and schemes, and where torch dequantizes to other values.
    """
    if tensor.dtype not in _BITS or tensor.qscheme() not in (torch.per_tensor_affine, _PER_CHANNEL):
        found = f"{tensor.dtype}, {tensor.qscheme()}"
        raise SourceError("a quantized tensor", tensor=name, expected="qint8, quint8 or qint32, affine", found=found)
    plain = tensor.detach().cpu()
    axis = None
    if plain.qscheme() == _PER_CHANNEL:
        axis = int(plain.q_per_channel_axis())
        scale, zero_point = plain.q_per_channel_scales().numpy(), plain.q_per_channel_zero_points().numpy()
    else:
        scale, zero_point = np.array(plain.q_scale()), np.array(plain.q_zero_point())
    codes = plain.int_repr().numpy()
    try:
        affine = AffineTensor(codes, scale.astype(np.float32), zero_point.astype(np.int32), _BITS[plain.dtype], axis)
    except ConfigError as error:
        raise SourceError(f"a quantized tensor: {error}", tensor=name) from None
    if not np.array_equal(affine.dequantize(), plain.dequantize().numpy()):
        raise SourceError("a quantized tensor whose values are no float32 products of codes and scales", tensor=name)
    return affine
