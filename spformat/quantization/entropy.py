"""Order-0 entropy, and the Huffman code that Deep Compression uses instead."""

from __future__ import annotations

import heapq
from math import log2

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError

Counts = NDArray[np.int64]


def binary_entropy(density: float) -> float:
    """H(p) in bits per weight: what an independent mask of this density (0 to 1) costs at least."""
    if not 0 <= density <= 1:
        raise ConfigError("density", expected="0 to 1", found=density)
    return -sum(p * log2(p) for p in (density, 1 - density) if p > 0)


def entropy(counts: Counts) -> float:
    """Bits per symbol of an ideal order-0 code, for how often each symbol occurs; 0 without symbols."""
    seen = counts[counts > 0].astype(np.float64)
    shares = seen / seen.sum()
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def huffman_bits(counts: Counts) -> int:
    """Total bits of a static Huffman code over all symbols; a single kind of symbol takes one bit each."""
    heap = [int(count) for count in counts if count > 0]
    if len(heap) == 1:
        return heap[0]
    heapq.heapify(heap)
    total = 0
    while len(heap) > 1:
        pair = heapq.heappop(heap) + heapq.heappop(heap)
        total += pair
        heapq.heappush(heap, pair)
    return total
