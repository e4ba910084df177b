"""What the planner measures on a tensor itself, natively and in parallel."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from ..layouts import jobs
from ..layouts.storage import Storage
from ..layouts.table import Layout

BitPatterns = npt.NDArray[Any]


def job_table(array: BitPatterns, storage: Storage, coding: int = 0) -> jobs.JobTable:
    """Jobs over a C-contiguous tensor in memory; `coding` is the address of its NativeCoding."""
    rows = jobs.rows(storage, array.shape, array.itemsize, 0, array.ctypes.data, coding=coding)
    return jobs.table_of(rows)


def measured(array: BitPatterns, layout: Layout, block_elements: int, threads: int | None) -> Storage:
    """The storage of a tensor in that layout: all but the digests."""
    columns = [[0] * -(-array.size // block_elements) for _ in range(4)]
    storage = Storage(layout, layout.plain, block_elements, *columns)
    table = job_table(array, storage)
    jobs.run("measure", table, threads)
    storage.stored_bytes = table["stored_bytes"].tolist()
    storage.nonzeros = table["nonzeros"].tolist()
    storage.entries = table["entries"].tolist()
    return storage
