"""Sizes after each stage of Deep Compression: pruned (P), quantized (P+Q), Huffman coded (P+Q+H).

Counted as the paper counts: the codebook and the fillers count; P is the nonzeros alone, without their positions;
a container, a table of code lengths and biases do not count. Sizes of files are another matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

from ..errors import ConfigError
from .codebook_tensor import CodebookTensor
from .entropy import binary_entropy, entropy, huffman_bits
from .gap_stream import entries_per_nonzero, index_code_counts

FLOAT_BITS = 32


@dataclass(frozen=True)
class StageBits:
    """Bits of a tensor after each stage.

    dense: float32. pruned: nonzeros as float32. quantized: entries of fixed width and the codebook.
    coded: the entries in two Huffman codes, and the codebook.
    bound: N * H(density) + nonzeros * H(codes) + codebook, which no order-0 code of independent masks can go below.
    """

    dense: int
    pruned: int
    quantized: int
    coded: int
    bound: float

    def __add__(self, other: StageBits) -> StageBits:
        return StageBits(
            self.dense + other.dense,
            self.pruned + other.pruned,
            self.quantized + other.quantized,
            self.coded + other.coded,
            self.bound + other.bound,
        )


def stage_bits(tensor: CodebookTensor, index_bits: int, *, value_bits: int | None = None) -> StageBits:
    """The ledger of one tensor with a reserved zero, from its own positions and codes.

    index_bits: width of the relative index. value_bits: width of the codes, as many as the codebook needs by default;
    2**value_bits entries of the codebook are paid for, as in the paper.
    """
    if not tensor.reserves_zero:
        raise ConfigError("the ledger counts pruned tensors", expected="a reserved zero", found="none")
    width = tensor.bits if value_bits is None else value_bits
    if width < tensor.bits:
        raise ConfigError("codes do not fit", expected=f"at least {tensor.bits} bits", found=width)
    index_counts = index_code_counts(tensor.codes != 0, index_bits)
    live_counts = tensor.counts()
    entries = int(index_counts.sum())
    value_counts = live_counts.copy()
    value_counts[0] = entries - tensor.nonzeros
    codebook = FLOAT_BITS << width
    live_counts[0] = 0
    size = tensor.codes.size
    positions = size * binary_entropy(tensor.nonzeros / size) if size else 0.0
    return StageBits(
        dense=size * FLOAT_BITS,
        pruned=tensor.nonzeros * FLOAT_BITS,
        quantized=entries * (width + index_bits) + codebook,
        coded=huffman_bits(value_counts) + huffman_bits(index_counts) + codebook,
        bound=positions + tensor.nonzeros * entropy(live_counts) + codebook,
    )


@dataclass(frozen=True)
class LayerPlan:
    """What a row of the paper's tables 2 to 5 says of a layer.

    weights: how many it has. density: share that is kept. value_bits, index_bits: widths before Huffman coding.
    """

    weights: int
    density: float
    value_bits: int
    index_bits: int

    @property
    def expansion(self) -> float:
        """Expected entries for each nonzero, if the mask were independent."""
        return entries_per_nonzero(self.density, self.index_bits)

    def rate(
        self, value_bits: float | None = None, index_bits: float | None = None, expansion: float | None = None
    ) -> float:
        """Compressed size as a share of the dense float32 layer: P+Q, or P+Q+H when the coded widths are given.

        density * expansion * (value bits + index bits) / 32 + 2**value_bits / weights, as each entry of the codebook
        takes the 32 bits of a dense weight.
        """
        values = self.value_bits if value_bits is None else value_bits
        index = self.index_bits if index_bits is None else index_bits
        grown = self.expansion if expansion is None else expansion
        return self.density * grown * (values + index) / FLOAT_BITS + (1 << self.value_bits) / self.weights


def sharing_ratio(weights: int, centroids: int, float_bits: int = FLOAT_BITS) -> float:
    """Compression by weight sharing alone: n b / (n log2 k + k b) (Deep Compression, section 3)."""
    return weights * float_bits / (weights * log2(centroids) + centroids * float_bits)
