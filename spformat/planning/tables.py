"""Tables made for histograms, and what a histogram costs under a table."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..codecs.frequencies import (
    BINOMIAL,
    BY_POPCOUNT,
    LEVELS,
    MOST_CODE,
    NATURAL,
    POPCOUNT_ORDER,
    SLOTS,
    Table,
    chance_of,
    weight_of,
)

Histogram = npt.NDArray[Any]
_WEIGHTS = np.array([weight_of(code) for code in range(1, MOST_CODE + 1)], np.float64)
_EDGES = np.sqrt(_WEIGHTS[1:] * _WEIGHTS[:-1])  # between a weight and the next, in the middle of their logarithms
_CODE_BITS = 3.0  # what a symbol takes in a table, about


def free_form(
    histogram: Histogram, *, by_popcount: bool = False, literal_bits: int | None = None, outside: float = 0.0
) -> Table:
    """A table for a histogram of 256 symbols. With `literal_bits` rare symbols are left to an escape, which is
    followed by a literal of that many bits; without, every symbol that occurs is in the table. `outside` counts what
    is no symbol at all and will be escaped."""
    counts = histogram.astype(np.float64)
    escape = -1
    if literal_bits is not None:
        counts, escape = _with_escape(counts, literal_bits, outside)
    codes = _codes(counts)
    order = POPCOUNT_ORDER if by_popcount else list(range(256))
    ranked = [codes[symbol] for symbol in order]
    while ranked[-1] == 0:
        ranked.pop()
    rice, bits = _code_bits(ranked)
    kind = (BY_POPCOUNT if by_popcount else NATURAL) | (4 if escape >= 0 else 0) | rice << 3
    head = bytes([kind, len(ranked) - 1]) + (bytes([escape]) if escape >= 0 else b"")
    return Table(head + np.packbits(bits, bitorder="little").tobytes())


_LEVELS = np.log([chance_of(level) for level in range(LEVELS)])
_BINOMIALS = [Table(bytes([BINOMIAL, level])) for level in range(LEVELS)]


def binomial(density: float) -> Table:
    """The table of eight independent bits whose density is nearest."""
    return _BINOMIALS[int(np.abs(_LEVELS - np.log(max(density, 1e-9))).argmin())]


@lru_cache(maxsize=4096)
def symbol_bits(table: Table, literal_bits: int) -> npt.NDArray[np.float64]:
    """Bits of each symbol, shape (256,): its share of the slots, or escape and literal; infinite where neither is."""
    frequencies = table.frequencies.astype(np.float64)
    with np.errstate(divide="ignore"):
        bits = np.log2(SLOTS) - np.log2(frequencies)
    escaped = np.inf if table.escape < 0 else bits[table.escape] + literal_bits
    lacking = frequencies == 0
    if table.escape >= 0:
        lacking[table.escape] = True
    bits[lacking] = escaped
    return np.asarray(bits, np.float64)


def cost(histogram: Histogram, bits: npt.NDArray[np.float64]) -> float:
    """Bits that a histogram takes; symbols that do not occur cost nothing, however dear."""
    seen = histogram > 0
    return float((histogram[seen] * bits[seen]).sum())


def _with_escape(
    counts: npt.NDArray[np.float64], literal_bits: int, outside: float
) -> tuple[npt.NDArray[np.float64], int]:
    """Moves the symbols that do not pay for their slot to an escape, a symbol that the table lacks otherwise."""
    total = max(counts.sum() + outside, 1.0)
    slot = total / SLOTS
    with np.errstate(divide="ignore", invalid="ignore"):
        saved = np.nan_to_num(counts * (literal_bits + 8 - np.log2(total / counts)))
    wasted = _CODE_BITS + 1.4427 * np.maximum(slot - counts, 0)
    kept = (counts > 0) & (saved > wasted)
    kept[counts.argmax()] = True
    if kept.all():
        if not outside:
            return counts, -1
        kept[counts.argmin()] = False
    escape = int((~kept).argmax())
    out = np.where(kept, counts, 0)
    out[escape] = max(counts[~kept].sum() + outside, slot / 4)
    return out, escape


def _codes(counts: npt.NDArray[np.float64]) -> list[int]:
    scaled = counts / counts.max() * _WEIGHTS[-1]
    codes = np.where(counts > 0, np.searchsorted(_EDGES, scaled) + 1, 0)
    return list(codes.tolist())


def _code_bits(codes: list[int]) -> tuple[int, npt.NDArray[np.uint8]]:
    """The Rice parameter that takes the fewest bits, and the codes as bits: 6 for the first, then the differences."""
    steps = np.diff(codes)
    zigzags = np.where(steps >= 0, 2 * steps, -2 * steps - 1)
    rice = min(range(4), key=lambda r: int(((zigzags >> r) + 1 + r).sum()))
    quotients = zigzags >> rice
    ends = 6 + np.cumsum(quotients + 1 + rice)
    starts = ends - (quotients + 1 + rice)
    size = int(ends[-1]) if len(ends) else 6
    edges = np.zeros(size + 1, np.int64)  # +1 where a run of ones starts, -1 where it ends
    np.add.at(edges, starts, 1)
    np.add.at(edges, starts + quotients, -1)
    bits = np.cumsum(edges[:size]).astype(np.uint8)
    for i in range(rice):
        bits[starts + quotients + 1 + i] = zigzags >> i & 1
    bits[:6] = [codes[0] >> i & 1 for i in range(6)]
    return rice, bits
