"""Plans for where the nonzeros are: plain, and entropy coded gaps and mask bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from ..layouts import gaps
from ..layouts.gaps import GapCode
from ..layouts.table import Bitmask, Csr, Dense
from .coding_plan import PositionPlan, RansPlan, stream_overhead_bits
from .mask import GAP_WIDTHS, LARGE, GapStatistics, Mask
from .pool import SymbolCounts, TablePool
from .strips import strip_plans

_CODED_GAP_BITS = 8
_LEAST_NONZEROS = 256  # below, plain positions are as small
_SPARSE = 8  # gaps win where at most one in so many elements is a nonzero, if at all
_WORTH_TURNING = 0.98
_RAREST_PATTERN = 16  # N:M patterns, which mask bytes are for, have more nonzeros than one in so many elements
_WIDTHS = np.arange(1, GAP_WIDTHS + 1)


@dataclass(frozen=True)
class CodedGaps:
    """Gaps of a byte with escapes, whose table depends on those that the file has already. per_block: elements of a
    block, where it is not what the others have."""

    layout: Csr
    symbols: SymbolCounts
    nonzeros: list[int]
    entries: list[int]
    per_block: int | None = None

    def plan(self, pool: TablePool) -> PositionPlan:
        """With the table that costs least."""
        table, bits = pool.cheapest(self.symbols)
        bits += stream_overhead_bits(bits, len(self.entries))
        return PositionPlan(self.layout, RansPlan(table), bits, self.nonzeros, self.entries, self.per_block)


@dataclass(frozen=True)
class Positions:
    """The ways to store a tensor's positions. plain: without entropy coding; along_rows, down_columns: coded gaps,
    where they may pay; masks: coded masks."""

    plain: list[PositionPlan]
    along_rows: CodedGaps | None = None
    down_columns: CodedGaps | None = None
    masks: tuple[PositionPlan, ...] = ()

    def plans(self, pool: TablePool) -> list[PositionPlan]:
        """All plans, the faster decoders first. Columns only where they are clearly cheaper than rows: decoding is
        slower by a transposition."""
        coded = [] if self.along_rows is None else [self.along_rows.plan(pool)]
        if self.down_columns is not None:
            turned = self.down_columns.plan(pool)
            coded += [turned] if turned.bits < _WORTH_TURNING * coded[0].bits else []
        return [*self.plain, *coded, *self.masks]


def dense_only(mask: Mask, per_block: int) -> Positions:
    """Those of a tensor with hardly any zeros, where nothing but dense can win."""
    sizes = _block_sizes(mask, per_block)
    nonzeros = mask.gap_statistics(per_block).nonzeros if len(sizes) > 1 else [mask.nonzeros]
    return Positions([PositionPlan(Dense(), None, 0.0, nonzeros, sizes)])


def all_positions(mask: Mask, itemsize: int, per_block: int, fast: bool) -> Positions:
    """Those of any other tensor; itemsize in bytes. fast: without entropy coding."""
    found = mask.gap_statistics(per_block)
    sizes = _block_sizes(mask, per_block)
    mask_bits = float(sum(-(-size // 8) * 8 for size in sizes))
    plain = [
        PositionPlan(Dense(), None, 0.0, found.nonzeros, sizes),
        PositionPlan(Bitmask(), None, mask_bits, found.nonzeros, found.nonzeros),
        *_plain_gaps(found, itemsize),
    ]
    if fast or mask.nonzeros < _LEAST_NONZEROS:
        return Positions(plain)
    rows = _coded_gaps(found, gaps.ROW) if 2 * mask.nonzeros <= mask.elements else None
    columns = _coded_columns(mask, per_block) if rows else None
    masks = strip_plans(mask, per_block, found.nonzeros)
    if not masks or mask.elements < LARGE or _RAREST_PATTERN * mask.nonzeros >= mask.elements:
        masks.insert(0, _coded_bytes(mask, per_block, found.nonzeros))
    return Positions(plain, rows, columns, tuple(masks))


def _block_sizes(mask: Mask, per_block: int) -> list[int]:
    return [min(per_block, mask.elements - start) for start in range(0, mask.elements, per_block)]


def _plain_gaps(found: GapStatistics, itemsize: int) -> list[PositionPlan]:
    """With fillers and with escapes, the width that takes the fewest bits; the values of fillers, which count as values
    later, included."""
    bits = ((found.entries * _WIDTHS + 7) // 8).sum(axis=0) * 8
    weighed = bits.copy()
    weighed[gaps.FILLER] += found.entries[:, gaps.FILLER].sum(axis=0) * (8 * itemsize)
    plans = []
    for fill, best in enumerate(weighed.argmin(axis=1).tolist()):
        layout = _gap_layout(gaps.ROW, best + 1, fill)
        entries = found.entries[:, fill, best].tolist()
        plans.append(PositionPlan(layout, None, float(bits[fill, best]), found.nonzeros, entries))
    return plans


@cache
def _gap_layout(axis: int, bits: int, fill: int) -> Csr:
    return Csr(GapCode(axis=axis, bits=bits, fill=fill))


def _coded_gaps(found: GapStatistics, axis: int, per_block: int | None = None) -> CodedGaps:
    layout = _gap_layout(axis, _CODED_GAP_BITS, gaps.ESCAPE)
    entries = found.entries[:, gaps.ESCAPE, _CODED_GAP_BITS - 1].tolist()
    return CodedGaps(layout, SymbolCounts.of(found.symbols), found.nonzeros, entries, per_block)


def _coded_columns(mask: Mask, per_block: int) -> CodedGaps | None:
    """Gaps down the columns, where nonzeros are rare enough."""
    view = mask.view
    if _SPARSE * mask.nonzeros > mask.elements or min(view.rows, view.row_elements) < 2:
        return None
    per_block = _whole_columns(per_block, view.rows, mask.elements)
    return _coded_gaps(mask.turned_gap_statistics(per_block)[0], gaps.COLUMN, per_block)


def _whole_columns(per_block: int, rows: int, elements: int) -> int:
    """About as many elements, in whole columns."""
    return min(elements, max(1, round(per_block / rows)) * rows)


def _coded_bytes(mask: Mask, per_block: int, nonzeros: list[int]) -> PositionPlan:
    """Mask bytes along the rows: finds N:M patterns."""
    tables, bits = mask.byte_tables(per_block)
    bits += stream_overhead_bits(bits, len(nonzeros))
    return PositionPlan(Bitmask(), RansPlan(tables[0]), bits, nonzeros, nonzeros)
