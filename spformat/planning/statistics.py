"""What the planner measures on a tensor, natively and in parallel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..layouts import jobs
from ..layouts.storage import Storage
from ..layouts.table import Bitmask, Layout

BitPatterns = npt.NDArray[Any]
_SCAN_ELEMENTS = 1 << 18
GAP_WIDTHS = 16


@dataclass(frozen=True)
class GapStatistics:
    """For each block: nonzeros, shape (blocks,), and the entries that the default gap code needs,
    shape (blocks, 2, 16): fillers or escapes, width 1 to 16."""

    nonzeros: npt.NDArray[np.uint64]
    entries: npt.NDArray[np.uint64]


def empty_storage(layout: Layout, block_elements: int, elements: int) -> Storage:
    """A storage of that layout whose blocks have not been measured."""
    blocks = -(-elements // block_elements)
    columns = [[0] * blocks for _ in range(4)]
    return Storage(layout, layout.plain, block_elements, *columns)


def job_table(array: BitPatterns, storage: Storage, coding: int = 0) -> jobs.JobTable:
    """Jobs over a C-contiguous tensor in memory; `coding` is the address of its NativeCoding."""
    rows = jobs.rows(storage, array.shape, array.itemsize, 0, array.ctypes.data, coding=coding)
    return jobs.table_of(rows)


def measured(array: BitPatterns, layout: Layout, block_elements: int, threads: int | None) -> Storage:
    """The storage of a tensor in that layout: all but the digests."""
    storage = empty_storage(layout, block_elements, array.size)
    table = job_table(array, storage)
    jobs.run("measure", table, threads)
    storage.stored_bytes = table["stored_bytes"].tolist()
    storage.nonzeros = table["nonzeros"].tolist()
    storage.entries = table["entries"].tolist()
    return storage


def count_nonzeros(array: BitPatterns, threads: int | None) -> int:
    """Nonzeros of a tensor."""
    if array.size < _SCAN_ELEMENTS and array.dtype.kind == "u":
        return int(np.count_nonzero(array))
    return sum(measured(array, Bitmask(), _SCAN_ELEMENTS, threads).nonzeros)


def gap_statistics(array: BitPatterns, block_elements: int, threads: int | None) -> GapStatistics:
    """Gap statistics of a tensor cut into blocks of that many elements."""
    table = job_table(array, empty_storage(Bitmask(), block_elements, array.size))
    costs = np.zeros((len(table), 1 + 2 * GAP_WIDTHS), np.uint64)
    failure = _native.gap_costs(table.view(np.uint8), costs.reshape(-1), threads or jobs.default_threads())
    assert failure is None, failure
    return GapStatistics(costs[:, 0], costs[:, 1:].reshape(-1, 2, GAP_WIDTHS))
