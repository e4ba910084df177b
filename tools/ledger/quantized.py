"""The quantized tensors of the ledger, of 102,400 weights; made by exact arithmetic, too."""

from __future__ import annotations

import numpy as np

from spformat.quantization import AffineScheme, CodebookTensor, quantize_affine, quantize_binary
from spformat.quantized import QuantizedTensor
from tools.ledger.tensors import bell
from tools.magnitude import pruned

_SHAPE = (320, 320)


def quantized() -> dict[str, QuantizedTensor]:
    """The tensors by what they are; percentages are sparsities."""
    found: dict[str, QuantizedTensor] = {
        f"codebook of {values} {percent} %": _codebook(values, percent / 100)
        for percent in (90, 95)
        for values in (4, 32, 200)
    }
    weights = pruned(bell(_SHAPE, 61), 0.9).astype(np.float32)
    found["int8 90 %"] = quantize_affine(weights)
    found["int8, rows 90 %"] = quantize_affine(weights, AffineScheme(axis=0))
    found["int4, groups 90 %"] = quantize_affine(weights, AffineScheme(4, group=64))
    found["binary, rows"] = quantize_binary(bell(_SHAPE, 62).astype(np.float32), "filter")
    return found


def _codebook(values: int, sparsity: float) -> CodebookTensor:
    """Codes of equal steps, as many as the largest weights need."""
    weights = pruned(bell(_SHAPE, 60), sparsity)
    step = 2 * np.abs(weights).max() / (values - 1)
    codes = np.where(weights == 0, 0, 1 + np.rint(weights / step) + values // 2).astype(np.uint8)
    book = (np.arange(values + 2) - values // 2 - 1) / np.float32(64)
    return CodebookTensor(codes, np.where(np.arange(values + 2) == 0, 0, book).astype(np.float32), True)
