"""The blocks of a tensor as bytes, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
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


def encoded(
    name: str, bits: npt.NDArray[Any], storage: Storage, coding: NativeCoding | None, threads: int
) -> Iterator[npt.NDArray[np.uint8]]:
    """The bytes of a C-contiguous tensor of bit patterns, in pieces; then its storage has stored_bytes and digests.

    coding: how its streams are coded, None when they are plain. Raises SourceError when the tensor is another than the
    one that was measured.
    """
    table = statistics.job_table(bits, storage, coding.address if coding else 0)
    rooms = table["stored_bytes"].copy()
    if coding:
        _native.most_stored_bytes(table.view(np.uint8), rooms)
    ends = np.cumsum(rooms)
    start = 0
    while start < len(table):
        written = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, written + _WINDOW, side="right")))
        yield from _window(name, table, range(start, stop), rooms[start:stop], threads)
        start = stop
    storage.stored_bytes = table["stored_bytes"].tolist()
    storage.digests = table["digest"].tolist()


def _window(
    name: str, table: jobs.JobTable, blocks: range, rooms: npt.NDArray[np.uint64], threads: int
) -> Iterator[npt.NDArray[np.uint8]]:
    """Encodes blocks into rooms that are large enough; what was left over is no part of the pieces."""
    window = table[blocks.start : blocks.stop]
    buffer = np.empty(int(rooms.sum()), np.uint8)
    starts = np.cumsum(rooms) - rooms
    window["stored"] = buffer.ctypes.data + starts
    jobs.run("encode", window, threads, owners=[Owner(name, blocks)])
    if (window["stored_bytes"] == rooms).all():
        yield buffer
        return
    for start, size in zip(starts.tolist(), window["stored_bytes"].tolist(), strict=True):
        yield buffer[start : start + size]
