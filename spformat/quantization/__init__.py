"""Quantized tensors: how they are made, what they mean bit for bit, what they lose and what they take.

Works on numpy arrays and knows nothing of files. Training with torch is in spformat.quantization.training.
"""

from __future__ import annotations

from .codebook import centroid_count, quantize_codebook
from .codebook_tensor import CodebookTensor
from .entropy import binary_entropy, entropy, huffman_bits
from .fidelity import Fidelity, fidelity
from .gap_stream import entries_per_nonzero, index_code_counts
from .ledger import LayerPlan, StageBits, sharing_ratio, stage_bits

__all__ = [
    "CodebookTensor",
    "Fidelity",
    "LayerPlan",
    "StageBits",
    "binary_entropy",
    "centroid_count",
    "entries_per_nonzero",
    "entropy",
    "fidelity",
    "huffman_bits",
    "index_code_counts",
    "quantize_codebook",
    "sharing_ratio",
    "stage_bits",
]
