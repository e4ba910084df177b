"""Quantized tensors: how they are made, what they mean bit for bit, what they lose and what they take.

Works on numpy arrays and knows nothing of files. Training with torch is in spformat.quantization.training.
"""

from __future__ import annotations

from .codebook import centroid_count, quantize_codebook
from .codebook_tensor import CodebookTensor

__all__ = ["CodebookTensor", "centroid_count", "quantize_codebook"]
