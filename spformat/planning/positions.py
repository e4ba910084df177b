"""Plans for where the nonzeros are: plain, and entropy coded gaps and mask bytes."""

from __future__ import annotations

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


def position_plans(mask: Mask, itemsize: int, per_block: int, pool: TablePool, fast: bool) -> list[PositionPlan]:
    """All plans, the faster decoders first."""
    found = mask.gap_statistics(per_block)
    nonzeros = found.nonzeros.tolist()
    sizes = [min(per_block, mask.elements - start) for start in range(0, mask.elements, per_block)]
    plans = [
        PositionPlan(Dense(), None, 0.0, nonzeros, sizes),
        PositionPlan(Bitmask(), None, float(sum(-(-size // 8) * 8 for size in sizes)), nonzeros, nonzeros),
        *(_plain_gaps(found, fill, itemsize) for fill in (gaps.FILLER, gaps.ESCAPE)),
    ]
    if fast or mask.nonzeros < _LEAST_NONZEROS:
        return plans
    if 2 * mask.nonzeros <= mask.elements:
        plans.append(_coded_gaps(mask, per_block, found, pool))
    plans.append(_coded_bytes(mask, per_block, nonzeros))
    return plans + strip_plans(mask, per_block, nonzeros)


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


def _coded_gaps(mask: Mask, per_block: int, found: GapStatistics, pool: TablePool) -> PositionPlan:
    """Gaps of a byte with escapes."""
    entries = found.entries[:, gaps.ESCAPE, _CODED_GAP_BITS - 1].tolist()
    layout = Csr(GapCode(bits=_CODED_GAP_BITS, fill=gaps.ESCAPE))
    table, bits = pool.cheapest(mask.symbol_counts(layout, Rans(0), per_block)[0])
    bits += stream_overhead_bits(bits, len(entries))
    return PositionPlan(layout, RansPlan(table), bits, found.nonzeros.tolist(), entries)


def _coded_bytes(mask: Mask, per_block: int, nonzeros: list[int]) -> PositionPlan:
    """Mask bytes along the rows: finds N:M patterns."""
    tables, bits = mask_tables(mask.symbol_counts(Bitmask(), Rans(0), per_block))
    bits += stream_overhead_bits(bits, len(nonzeros))
    return PositionPlan(Bitmask(), RansPlan(tables[0]), bits, nonzeros, nonzeros)
