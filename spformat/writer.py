"""Writing .spf files: arrays -> bytes, one tensor at a time."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from . import _native
from .atomic_file import AtomicFile
from .container import footer, index, prologue
from .container.digest import digest
from .container.entry import EntryRecord
from .container.index import Index
from .container.quantization import QuantizationRecord
from .container.version import FormatVersion
from .dtypes import DType, from_numpy
from .duplicates import Duplicates
from .errors import SourceError, SpformatError
from .layouts import jobs
from .layouts.coding import Codebook, Coding, Scaled
from .layouts.model_bank import NativeCoding
from .layouts.storage import Storage
from .limits import MAX_NAME_BYTES, MAX_RANK
from .planning import statistics
from .planning.candidate import record
from .planning.choose import choose
from .planning.policy import Policy
from .planning.pool import TablePool
from .planning.survey import survey

_WINDOW = 1 << 24  # bytes encoded before they are written: what packing needs besides the tensor


@dataclass(frozen=True)
class Steps:
    """A float32 tensor as products (spec/format.md, section 7.7): element i, in C order, is array[i] *
    scales[i // run % len(scales)]. array: finite float32 of the tensor's shape; scales: float32, finite, not negative.
    """

    array: npt.NDArray[np.float32]
    scales: npt.NDArray[np.float32]
    run: int


class Writer:
    """Writes an .spf file to a path (atomically: a temporary file, synced, renamed) or to a binary file object.

    Equal tensors are stored once in a file that is written to a path or to an io.BytesIO: there they can be read back
    and compared. Into other file objects each is written.

    Used as a context manager it commits at the end of the block and leaves nothing behind after an exception.
    metadata: str keys; None, bool, int, float, str, list and dict values. policy: how tensors are stored.
    threads: the most that encode (None: all processors).
    """

    def __init__(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        *,
        metadata: Mapping[str, Any] | None = None,
        policy: Policy | None = None,
        threads: int | None = None,
    ) -> None:
        self._index = Index(metadata=index.checked_metadata(metadata))
        self._numbers: dict[str, int] = {}
        self._policy = policy or Policy()
        self._threads = threads or jobs.default_threads()  # asked once: it takes longer than packing a bias
        self._pool = TablePool()
        self.dense_bytes = 0
        self.stored_bytes = 0
        self._finished = False
        self._atomic = AtomicFile(target) if isinstance(target, (str, os.PathLike)) else None
        self._file: BinaryIO = self._atomic.file if self._atomic else target  # type: ignore[assignment]
        readable = self._atomic is not None or isinstance(target, io.BytesIO)
        self._duplicates = Duplicates(self._file, self._index.entries, self._pool.bank) if readable else None
        self._write(prologue.write(FormatVersion()))

    def add(
        self,
        name: str,
        array: npt.NDArray[Any],
        dtype: DType | None = None,
        *,
        quantization: QuantizationRecord | None = None,
        steps: Steps | None = None,
    ) -> None:
        """Stores a tensor of any strides. `dtype` is needed where the array holds bare bit patterns (DType.bits).

        quantization: how it was quantized, to be recorded. steps: of float32 tensors, what its elements are products
        of; it is stored as them where they are few.
        """
        self._check_open()
        self._check_name(name)
        wire = dtype or from_numpy(array.dtype, name)
        if array.ndim > MAX_RANK:
            raise SourceError("too many dimensions", tensor=name, expected=MAX_RANK, found=array.ndim)
        bits = _bit_patterns(array, wire)
        self.dense_bytes += bits.nbytes
        digest_of_bits = digest(bits)
        if self._duplicates:
            twin = self._duplicates.find(bits, wire, digest_of_bits, self._threads, quantization)
            if twin is not None:
                self._append(EntryRecord(name, target=twin, copied=True))
                return
        offset = self.stored_bytes
        stored, storage = self._storage(name, bits, wire, steps)
        self._write_blocks(stored, storage)
        entry = record(name, wire, bits.shape, digest_of_bits, storage)
        is_scaled = isinstance(storage.coding.value, Scaled)  # then the scales are there
        entry.quantization = replace(quantization, scales=None) if quantization and is_scaled else quantization
        self._append(entry)
        if self._duplicates:
            self._duplicates.note(len(self._index.entries) - 1, offset, quantization)

    def tie(self, name: str, target: str) -> None:
        """Stores a name for a tensor that was added before (or tied to one)."""
        self._check_open()
        self._check_name(name)
        if target not in self._numbers:
            raise SourceError(f"tied to {target!r}, which was not added before", tensor=name)
        number = self._numbers[target]
        owner = self._index.entries[number]
        is_tie = owner.target is not None and not owner.copied
        self._append(EntryRecord(name, target=owner.target if is_tie else number))

    def annotate(self, metadata: Mapping[str, Any]) -> None:
        """Replaces the file's metadata; until `finish`."""
        self._check_open()
        self._index.metadata = index.checked_metadata(metadata)

    @property
    def written_path(self) -> Path:
        """Where the bytes are until close renames the file; for whoever wants to check them before (after finish)."""
        if self._atomic is None:
            raise SourceError("written to a file object, not to a path")
        return self._atomic.temporary

    def finish(self) -> None:
        """Writes index and footer; nothing can be added after."""
        if self._finished:
            return
        self._finished = True
        self._index.tables = [table.data for table in self._pool.tables]
        data = self._index.write()
        version = prologue.write_version(FormatVersion())
        self._write(data + footer.write(self.stored_bytes, data, version))
        self._file.flush()

    def close(self) -> None:
        """Finishes and commits: from now on the file is there under its name. On failure nothing is left behind."""
        try:
            self.finish()
        except BaseException:
            self.abort()
            raise
        if self._atomic:
            self._atomic.commit()

    def abort(self) -> None:
        """Removes the temporary file; what was under the target's name stays."""
        if self._atomic:
            self._atomic.abort()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _check_open(self) -> None:
        if self._finished:
            raise SpformatError("the file is finished: nothing can be added")

    def _check_name(self, name: str) -> None:
        if not isinstance(name, str):
            raise SourceError(f"a tensor's name must be a str, not {type(name).__name__}")
        try:
            size = len(name.encode())
        except UnicodeEncodeError:
            raise SourceError(f"the name {name!r} has no UTF-8 form") from None
        if size > MAX_NAME_BYTES:
            raise SourceError("the name is too long", tensor=name[:80], expected=MAX_NAME_BYTES, found=size)
        if name in self._numbers:
            raise SourceError("the name occurs twice", tensor=name)

    def _storage(
        self, name: str, bits: npt.NDArray[Any], dtype: DType, steps: Steps | None
    ) -> tuple[npt.NDArray[Any], Storage]:
        """What is to be encoded, elements or steps, and how."""
        if steps is not None:
            of_steps = _bit_patterns(steps.array, dtype)
            storage = self._chosen(name, of_steps, dtype)
            value = storage.coding.value
            if isinstance(value, Codebook):
                storage.coding = Coding(storage.coding.index, Scaled(steps.run, steps.scales.tobytes(), value))
                return of_steps, storage
        return bits, self._chosen(name, bits, dtype)

    def _chosen(self, name, bits, dtype):
        found = survey(name, bits, dtype, self._policy, self._threads)
        return choose(name, found, self._pool).storage(self._pool)

    def _append(self, entry: EntryRecord) -> None:
        self._numbers[entry.name] = len(self._index.entries)
        self._index.entries.append(entry)

    def _write_blocks(self, bits: npt.NDArray[Any], storage: Storage) -> None:
        """Encodes and writes windows of blocks; sets the storage's stored_bytes and digests."""
        coding = None
        if not storage.coding.is_plain:
            coding = NativeCoding(storage.coding, self._pool.bank, bits.itemsize)
        table = statistics.job_table(bits, storage, coding.address if coding else 0)
        table["stored_bytes"], table["nonzeros"] = storage.stored_bytes, storage.nonzeros
        table["entries"] = storage.entries
        rooms = table["stored_bytes"].copy()
        if coding:
            _native.most_stored_bytes(table.view(np.uint8), rooms)
        ends = np.cumsum(rooms)
        start = 0
        while start < len(table):
            written = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, written + _WINDOW, side="right")))
            self._write_window(table[start:stop], rooms[start:stop])
            start = stop
        storage.stored_bytes = table["stored_bytes"].tolist()
        storage.digests = table["digest"].tolist()

    def _write_window(self, table: jobs.JobTable, rooms: npt.NDArray[np.uint64]) -> None:
        """Encodes blocks into rooms that are large enough, and writes them without what was left over."""
        buffer = np.empty(int(rooms.sum()), np.uint8)
        starts = np.cumsum(rooms) - rooms
        table["stored"] = buffer.ctypes.data + starts
        jobs.run("encode", table, self._threads)
        if (table["stored_bytes"] == rooms).all():
            self._write(buffer)
            return
        for start, size in zip(starts.tolist(), table["stored_bytes"].tolist(), strict=True):
            self._write(buffer[start : start + size])

    def _write(self, data: bytes | npt.NDArray[np.uint8]) -> None:
        rest = memoryview(data if isinstance(data, bytes) else data.data)
        while rest:  # a raw file may take less than it is given
            rest = rest[self._file.write(rest) or 0 :]
        self.stored_bytes += len(data)


def _bit_patterns(array: npt.NDArray[Any], dtype: DType) -> npt.NDArray[Any]:
    """The tensor's bit patterns, little-endian, aligned and in C order, without a copy where it is so already."""
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    contiguous = np.require(array, requirements=["C", "A"]).reshape(array.shape)
    return contiguous.reshape(-1).view(dtype.bits).reshape(array.shape)
