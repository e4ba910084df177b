"""Quantized tensors: how they are made, what they mean bit for bit, what they lose and what they take.

Works on numpy arrays and knows nothing of files. Training with torch is in spformat.quantization.training.
"""

from __future__ import annotations

from .activation_grid import ActivationGrid
from .affine import AffineScheme, choose_parameters, quantize_affine, quantize_bias
from .affine_tensor import AffineTensor
from .binary import BinaryTensor, quantize_binary
from .codebook import centroid_count, quantize_codebook
from .codebook_tensor import CodebookTensor
from .entropy import binary_entropy, entropy, huffman_bits
from .fidelity import Fidelity, fidelity
from .fixed_point import FixedPoint
from .gap_stream import entries_per_nonzero, index_code_counts
from .integer_chain import IntegerChain
from .integer_layer import Convolution, IntegerLayer
from .ledger import LayerPlan, StageBits, sharing_ratio, stage_bits

__all__ = [
    "ActivationGrid",
    "AffineScheme",
    "AffineTensor",
    "BinaryTensor",
    "CodebookTensor",
    "Convolution",
    "Fidelity",
    "FixedPoint",
    "IntegerChain",
    "IntegerLayer",
    "LayerPlan",
    "StageBits",
    "binary_entropy",
    "centroid_count",
    "choose_parameters",
    "entries_per_nonzero",
    "entropy",
    "fidelity",
    "huffman_bits",
    "index_code_counts",
    "quantize_affine",
    "quantize_bias",
    "quantize_binary",
    "quantize_codebook",
    "sharing_ratio",
    "stage_bits",
]
