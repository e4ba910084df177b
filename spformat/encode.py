"""The blocks of a tensor as bytes, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _native
from .layouts import jobs
from .layouts.jobs import Owner
from .layouts.model_bank import NativeCoding
from .layouts.storage import Storage
from .planning import statistics

_WINDOW = 1 << 24  # bytes encoded before they are written: what packing needs besides the tensor
_WINDOW_OF_ONE = 1 << 20  # the same where one thread encodes, and other tensors are under way


def encoded(
    name: str, bits: npt.NDArray[Any], storage: Storage, coding: NativeCoding | None, threads: int
) -> Iterator[npt.NDArray[np.uint8]]:
    """The bytes of a C-contiguous tensor of bit patterns, in pieces; then its storage has stored_bytes and digests.

    coding: how its streams are coded, None when they are plain. Raises SourceError when the tensor is another than the
    one that was measured.
    """
    table = statistics.job_table(bits, storage, coding.address if coding else 0)
    rooms = list(storage.stored_bytes)
    if coding:
        most = np.empty(len(table), np.uint64)
        _native.most_stored_bytes(table.view(np.uint8), most)
        rooms = most.tolist()
    window = _WINDOW if threads > 1 else _WINDOW_OF_ONE
    start = 0
    while start < len(table):
        stop, size = start + 1, rooms[start]
        while stop < len(table) and size + rooms[stop] <= window:
            size += rooms[stop]
            stop += 1
        yield from _window(name, table, range(start, stop), rooms[start:stop], threads)
        start = stop
    storage.stored_bytes = table["stored_bytes"].tolist()
    storage.digests = table["digest"].tolist()


def _window(
    name: str, table: jobs.JobTable, blocks: range, rooms: list[int], threads: int
) -> Iterator[npt.NDArray[np.uint8]]:
    """Encodes blocks into rooms that are large enough; what was left over is no part of the pieces."""
    window = table[blocks.start : blocks.stop]
    starts = [0, *accumulate(rooms)]
    buffer = np.empty(starts[-1], np.uint8)
    window["stored"] = [buffer.ctypes.data + start for start in starts[:-1]]
    jobs.run("encode", window, threads, owners=[Owner(name, blocks)])
    for start, size in zip(starts, window["stored_bytes"].tolist(), strict=False):
        yield buffer[start : start + size]
