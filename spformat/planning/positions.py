"""Plans for where the nonzeros are: plain, and entropy coded gaps and mask bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..layouts import gaps
from ..layouts.coding import Rans
from ..layouts.gaps import GapCode
from ..layouts.table import Bitmask, Csr, Dense
from .coding_plan import PositionPlan, RansPlan, stream_overhead_bits
from .mask import GAP_WIDTHS, GapStatistics, Mask
from .pool import TablePool
from .strips import strip_plans
from .tables import mask_tables

_CODED_GAP_BITS = 8
_LEAST_NONZEROS = 256  # below, plain positions are as small
_SPARSE = 8  # gaps win where at most one in so many elements is a nonzero, if at all
_WORTH_TURNING = 0.98


def position_plans(mask: Mask, itemsize: int, per_block: int, pool: TablePool, fast: bool) -> list[PositionPlan]:
    """All plans, the faster decoders first."""
    found = mask.gap_statistics(per_block)
    nonzeros = found.nonzeros.tolist()
    sizes = _block_sizes(mask, per_block)
    plans = [
        PositionPlan(Dense(), None, 0.0, nonzeros, sizes),
        PositionPlan(Bitmask(), None, float(sum(-(-size // 8) * 8 for size in sizes)), nonzeros, nonzeros),
        *(_plain_gaps(found, fill, itemsize) for fill in (gaps.FILLER, gaps.ESCAPE)),
    ]
    if fast or mask.nonzeros < _LEAST_NONZEROS:
        return plans
    if 2 * mask.nonzeros <= mask.elements:
        plans.append(_coded_gaps(mask, found, per_block, pool))
        plans += _coded_columns(mask, per_block, pool, plans[-1].bits)
    plans.append(_coded_bytes(mask, per_block, nonzeros))
    return plans + strip_plans(mask, per_block, nonzeros)


def dense_plan(mask: Mask, per_block: int) -> PositionPlan:
    """That of a tensor with hardly any zeros, where no other can win."""
    sizes = _block_sizes(mask, per_block)
    nonzeros = mask.gap_statistics(per_block).nonzeros.tolist() if len(sizes) > 1 else [mask.nonzeros]
    return PositionPlan(Dense(), None, 0.0, nonzeros, sizes)


def _block_sizes(mask: Mask, per_block: int) -> list[int]:
    return [min(per_block, mask.elements - start) for start in range(0, mask.elements, per_block)]


def _plain_gaps(found: GapStatistics, fill: int, itemsize: int) -> PositionPlan:
    """The width that takes the fewest bits, the values of fillers included (which count as values later)."""
    widths = np.arange(1, GAP_WIDTHS + 1, dtype=np.uint64)
    per_width = found.entries[:, fill, :]
    bits = ((per_width * widths + np.uint64(7)) // np.uint64(8)).sum(axis=0) * np.uint64(8)
    fillers = per_width.sum(axis=0) * np.uint64(8 * itemsize if fill == gaps.FILLER else 0)
    best = int((bits + fillers).argmin())
    entries = per_width[:, best].tolist()
    layout = Csr(GapCode(bits=best + 1, fill=fill))
    return PositionPlan(layout, None, float(bits[best]), found.nonzeros.tolist(), entries)


def _coded_gaps(
    mask: Mask, found: GapStatistics, per_block: int, pool: TablePool, axis: int = gaps.ROW
) -> PositionPlan:
    """Gaps of a byte with escapes, along the rows of the mask."""
    entries = found.entries[:, gaps.ESCAPE, _CODED_GAP_BITS - 1].tolist()
    along_rows = Csr(GapCode(bits=_CODED_GAP_BITS, fill=gaps.ESCAPE))
    table, bits = pool.cheapest(mask.symbol_counts(along_rows, Rans(0), per_block)[0])
    bits += stream_overhead_bits(bits, len(entries))
    layout = Csr(replace(along_rows.gap, axis=axis))
    return PositionPlan(layout, RansPlan(table), bits, found.nonzeros.tolist(), entries, per_block)


def _coded_columns(mask: Mask, per_block: int, pool: TablePool, along_rows: float) -> list[PositionPlan]:
    """Gaps down the columns, where nonzeros are rare enough and it is clearly cheaper than along the rows: decoding is
    slower by a transposition."""
    view = mask.view
    if _SPARSE * mask.nonzeros > mask.elements or min(view.rows, view.row_elements) < 2:
        return []
    turned = mask.transposed()
    per_block = _whole_columns(per_block, view.rows, mask.elements)
    plan = _coded_gaps(turned, turned.gap_statistics(per_block), per_block, pool, gaps.COLUMN)
    return [plan] if plan.bits < _WORTH_TURNING * along_rows else []


def _whole_columns(per_block: int, rows: int, elements: int) -> int:
    """About as many elements, in whole columns."""
    return min(elements, max(1, round(per_block / rows)) * rows)


def _coded_bytes(mask: Mask, per_block: int, nonzeros: list[int]) -> PositionPlan:
    """Mask bytes along the rows: finds N:M patterns."""
    tables, bits = mask_tables(mask.symbol_counts(Bitmask(), Rans(0), per_block))
    bits += stream_overhead_bits(bits, len(nonzeros))
    return PositionPlan(Bitmask(), RansPlan(tables[0]), bits, nonzeros, nonzeros)
