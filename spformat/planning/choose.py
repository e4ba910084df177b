"""The planner: exact sizes of every candidate, the smallest wins, ties go to the one that decodes faster."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..dtypes import DType
from ..layouts import gaps
from ..layouts.gaps import GapCode
from ..layouts.storage import Storage
from ..layouts.table import Bitmask, Csr, Dense, Layout
from . import statistics
from .blocks import block_elements
from .candidate import Candidate, weigh
from .forced import forced
from .policy import Policy
from .statistics import GAP_WIDTHS, GapStatistics

BitPatterns = npt.NDArray[Any]
_LEAST_STORAGE = 16  # bytes: what the long form of an entry takes more than the short one, at least


def choose(
    name: str, array: BitPatterns, dtype: DType, policy: Policy, threads: int | None = None
) -> Candidate:
    """The candidate for a C-contiguous tensor of bit patterns. Raises SourceError when the policy cannot be met."""
    return min(candidates(name, array, dtype, policy, threads), key=lambda candidate: candidate.bytes)


def candidates(
    name: str, array: BitPatterns, dtype: DType, policy: Policy, threads: int | None = None
) -> list[Candidate]:
    """All candidates, the fastest decoder first."""
    shape, size = array.shape, dtype.itemsize
    if array.size == 0:
        return [weigh(name, dtype, shape, Storage(Dense(), 1, [], [], [], []))]
    nonzeros = statistics.count_nonzeros(array, threads)
    view = Dense().view(shape)
    per_block = block_elements(view, nonzeros, policy.block_entries)
    if policy.layout != "auto":
        return [weigh(name, dtype, shape, forced(name, array, policy, nonzeros, threads))]
    if _dense_must_win(array.size, nonzeros, size):
        return [weigh(name, dtype, shape, statistics.measured(array, Dense(), per_block, threads))]
    found = statistics.gap_statistics(array, per_block, threads)
    layouts: list[Layout] = [Dense(), Bitmask(), *_best_gap_codes(found, size)]
    return [
        weigh(name, dtype, shape, _storage(layout, per_block, array.size, size, found)) for layout in layouts
    ]


def _dense_must_win(elements: int, nonzeros: int, itemsize: int) -> bool:
    """Whether no index can pay: it costs at least a bit for each nonzero, and the longer entry."""
    return (elements - nonzeros) * itemsize <= nonzeros // 8 + _LEAST_STORAGE


def _best_gap_codes(found: GapStatistics, itemsize: int) -> list[Layout]:
    """The cheapest width with fillers and the cheapest with escapes."""
    widths = np.arange(1, GAP_WIDTHS + 1, dtype=np.uint64)
    entries = found.entries.sum(axis=0)  # (2, widths)
    nonzeros = found.nonzeros.sum()
    filler = entries[0] * (widths + np.uint64(8 * itemsize))
    escape = entries[1] * widths + nonzeros * np.uint64(8 * itemsize)
    return [
        Csr(GapCode(bits=int(filler.argmin()) + 1, fill=gaps.FILLER)),
        Csr(GapCode(bits=int(escape.argmin()) + 1, fill=gaps.ESCAPE)),
    ]


def _storage(layout: Layout, per_block: int, elements: int, itemsize: int, found: GapStatistics) -> Storage:
    storage = statistics.empty_storage(layout, per_block, elements)
    sizes = [storage.block_size(block, elements) for block in range(storage.blocks)]
    storage.nonzeros = found.nonzeros.tolist()
    if isinstance(layout, Csr):
        storage.entries = found.entries[:, layout.gap.fill, layout.gap.bits - 1].tolist()
    else:
        storage.entries = sizes if isinstance(layout, Dense) else storage.nonzeros
    storage.stored_bytes = [
        layout.index_bytes(size, nonzeros, entries) + layout.values(nonzeros, entries) * itemsize
        for size, nonzeros, entries in zip(sizes, storage.nonzeros, storage.entries, strict=True)
    ]
    return storage
