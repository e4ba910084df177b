"""Tables of blocks for the native engine; mirrors kernels/block.h and turns its failures into errors."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..errors import ChecksumError, CorruptError, FormatError, LimitError, SourceError, SpformatError, TruncatedError
from . import gaps
from .storage import Storage
from .table import Csr

JOB = np.dtype(
    [
        ("stored", "<u8"),
        ("stored_bytes", "<u8"),
        ("digest", "<u8"),
        ("nonzeros", "<u8"),
        ("entries", "<u8"),
        ("data", "<u8"),
        ("positions", "<u8"),
        ("first", "<u8"),
        ("elements", "<u8"),
        ("row_elements", "<u8"),
        ("view_rows", "<u8"),
        ("group_elements", "<u8"),
        ("coding", "<u8"),
        ("origin", "<i8"),
        ("layout", "u1"),
        ("itemsize", "u1"),
        ("bits", "u1"),
        ("bias", "u1"),
        ("carry", "u1"),
        ("escape", "u1"),
        ("column", "u1"),
        ("fresh", "u1"),
    ]
)
_ROW = struct.Struct("<13Qq8B")  # the same, quicker to fill row by row
assert JOB.itemsize == _ROW.size == _native.BLOCK_BYTES

JobTable = npt.NDArray[np.void]

_STATUS: list[tuple[type[SpformatError], str, str]] = [
    (FormatError, "", "no failure"),
    (TruncatedError, "block/short", "the file ends inside a block"),
    (ChecksumError, "block/digest", "stored bytes are damaged"),
    (CorruptError, "storage/bytes", "a block has the wrong length"),
    (CorruptError, "bitmask/count", "the mask has the wrong number of bits set"),
    (CorruptError, "bitmask/padding", "a padding bit of the mask is set"),
    (CorruptError, "bitmask/zero", "zeros among the stored nonzeros"),
    (CorruptError, "csr/pointers", "the pointers do not fit the entries"),
    (CorruptError, "csr/padding", "a padding bit of the gaps is set"),
    (CorruptError, "csr/position", "a position outside its group, or not ascending"),
    (CorruptError, "csr/zero", "a zero value that is no filler"),
    (CorruptError, "csr/last", "a group ends in a filler or an escape"),
    (CorruptError, "csr/nonzeros", "the wrong number of nonzeros"),
    (CorruptError, "dense/nonzeros", "the wrong number of nonzeros"),
    (LimitError, "limits/memory", "not enough memory for a block"),
    (CorruptError, "rans/short", "a coded stream is longer than what is left of its block"),
    (CorruptError, "rans/lanes", "a coded stream has too many lanes"),
    (CorruptError, "rans/state", "a state of a coded stream is wrong"),
    (CorruptError, "floatsplit/literal", "a literal is too large"),
    (CorruptError, "floatsplit/padding", "a padding bit of the fields is set"),
    (CorruptError, "strips/padding", "a bit of a row that is not there is set"),
    (CorruptError, "csr/code", "a gap code is wider than its bits"),
    (CorruptError, "block/index_bytes", "a coded index has another length than the block says"),
    (SourceError, "source/changed", "the tensor changed while it was packed"),
    (CorruptError, "codebook/code", "a code beyond the end of the codebook"),
    (CorruptError, "codebook/padding", "a padding bit of the codes is set"),
]


@dataclass(frozen=True)
class StoredBytes:
    """Where stored bytes come from: an open file, or a whole file in memory (its footer is the kernels' slack)."""

    file: int = -1
    memory: npt.NDArray[np.uint8] | None = None


NOWHERE = StoredBytes()


@dataclass(frozen=True)
class Owner:
    """The tensor and the blocks of it that follow each other in a job table, for errors."""

    tensor: str
    blocks: range


def rows(
    storage: Storage,
    shape: tuple[int, ...],
    itemsize: int,
    offset: int,
    data: int,
    *,
    blocks: range | None = None,
    coding: int = 0,
    fresh: bool = False,
) -> list[bytes]:
    """Rows of a job table for blocks of one tensor.

    `offset` is the first byte of the tensor's section, `data` the address of its element 0 in C order,
    `coding` the address of its NativeCoding (0 when it is plain).
    """
    layout, gap = storage.layout, storage.layout.gap
    view = layout.view(shape)
    group = layout.group_elements(shape, storage.block_elements) if isinstance(layout, Csr) else 1
    tail: tuple[int, ...] = (view.row_elements, view.rows, group, coding, gap.origin, layout.number, itemsize)
    tail += (gap.bits, gap.bias, gap.carry, int(gap.fill == gaps.ESCAPE), int(view.column), int(fresh))
    wanted = blocks if blocks is not None else range(storage.blocks)
    offset += sum(storage.stored_bytes[: wanted.start])
    table: list[bytes] = []
    for block in wanted:
        stored, nonzeros, entries = storage.stored_bytes[block], storage.nonzeros[block], storage.entries[block]
        first = block * storage.block_elements
        elements = storage.block_size(block, view.elements)
        digest = storage.digests[block]
        table.append(_ROW.pack(offset, stored, digest, nonzeros, entries, data, 0, first, elements, *tail))
        offset += stored
    return table


def table_of(job_rows: list[bytes]) -> JobTable:
    """The rows as one array of JOB."""
    return np.frombuffer(bytearray(b"".join(job_rows)), JOB)


def default_threads() -> int:
    """SPFORMAT_THREADS, else the processors that this process may use."""
    asked = os.environ.get("SPFORMAT_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_COST_OF_A_THREAD = 400_000  # bytes that one loads in the time c that another costs, whose memory is to be cleared
_WORTH_A_THREAD = 1 << 18  # bytes; starting a thread costs some 30 us, in which one thread decodes about as much


_ROWS_AT_ONCE = 1 << 16


def threads_for(moved: int, threads: int | None) -> int:
    """How many threads are worth starting for so many bytes of tensors, when at most `threads` are wanted."""
    return max(1, min(threads or default_threads(), moved // _WORTH_A_THREAD + 1))


def threads_to_load(size: int, threads: int | None) -> int:
    """The same for so many bytes that are decoded to fresh memory, where threads wait for each other: what takes one W
    takes n about W / n + c n, which is least for the square root of W / c."""
    return max(1, min(threads or default_threads(), round(math.sqrt(size / _COST_OF_A_THREAD))))


def run(
    task: str,
    jobs: JobTable,
    threads: int | None,
    source: StoredBytes = NOWHERE,
    owners: Sequence[Owner] = (),
) -> None:
    """Runs check, decode, positions, measure or encode over the jobs; raises the error of the first that fails."""
    if not len(jobs):
        return
    wanted = 1 if threads == 1 else threads_for(int((jobs["elements"] * jobs["itemsize"]).sum()), threads)
    failure = _native.run(task, jobs.view(np.uint8), source.file, source.memory, wanted)
    if failure is not None:
        in_file = task not in ("measure", "encode")  # which have their bytes in memory
        raise error_of(failure, owners, int(jobs["stored"][failure[0]]) if in_file else None)


def run_in_turn(
    task: str, parts: Iterable[tuple[Owner, list[bytes]]], threads: int | None, source: StoredBytes
) -> None:
    """Runs a task over the rows of tensors, some tensors at a time: copies of one in many blocks would take far more
    memory, were all their rows made at once, than they do decoded."""
    owners: list[Owner] = []
    table: list[bytes] = []
    for owner, more in parts:
        owners.append(owner)
        table += more
        if len(table) >= _ROWS_AT_ONCE:
            run(task, table_of(table), threads, source, owners)
            owners, table = [], []
    run(task, table_of(table), threads, source, owners)


def error_of(
    failure: tuple[int, int, int, int], owners: Sequence[Owner] = (), offset: int | None = None
) -> SpformatError:
    """The error of a failure that the native engine reports. offset: byte of the file."""
    job, status, *values = failure
    kind_of_error, kind, message = _STATUS[status]
    as_text: Sequence[object] = [f"{value:016x}" for value in values] if kind == "block/digest" else values
    expected, found = as_text if values[0] != values[1] or offset is not None else (None, None)
    return kind_of_error(message, kind=kind, offset=offset, expected=expected, found=found, **_where(job, owners))


def _where(job: int, owners: Sequence[Owner]) -> dict[str, Any]:
    """Tensor and block of a row of the job table."""
    for owner in owners:
        if job < len(owner.blocks):
            return {"tensor": owner.tensor, "block": owner.blocks[job]}
        job -= len(owner.blocks)
    return {}
