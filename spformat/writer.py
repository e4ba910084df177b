"""Writing .spf files: arrays -> bytes, one tensor at a time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .atomic_file import AtomicFile
from .container import footer, index, prologue
from .container.digest import digest
from .container.entry import EntryRecord
from .container.index import Index
from .container.version import FormatVersion
from .dtypes import DType, from_numpy
from .errors import SourceError, SpformatError
from .layouts import jobs
from .layouts.storage import Storage
from .limits import MAX_NAME_BYTES, MAX_RANK
from .planning import statistics
from .planning.candidate import record
from .planning.choose import choose
from .planning.policy import Policy

_WINDOW = 1 << 24  # bytes encoded before they are written: what packing needs besides the tensor


class Writer:
    """Writes an .spf file to a path (atomically: a temporary file, synced, renamed) or to a binary file object.

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
        self._threads = threads
        self.dense_bytes = 0
        self.stored_bytes = 0
        self._finished = False
        self._atomic = AtomicFile(target) if isinstance(target, (str, os.PathLike)) else None
        self._file: BinaryIO = self._atomic.file if self._atomic else target  # type: ignore[assignment]
        self._write(prologue.write(FormatVersion()))

    def add(self, name: str, array: npt.NDArray[Any], dtype: DType | None = None) -> None:
        """Stores a tensor of any strides. `dtype` is needed where the array holds bare bit patterns (DType.bits)."""
        self._check_open()
        self._check_name(name)
        wire = dtype or from_numpy(array.dtype, name)
        if array.ndim > MAX_RANK:
            raise SourceError("too many dimensions", tensor=name, expected=MAX_RANK, found=array.ndim)
        bits = _bit_patterns(array, wire)
        storage = choose(name, bits, wire, self._policy, self._threads).storage
        self._write_blocks(bits, storage)
        self._append(record(name, wire, bits.shape, digest(bits), storage))
        self.dense_bytes += bits.nbytes

    def tie(self, name: str, target: str) -> None:
        """Stores a name for a tensor that was added before (or tied to one)."""
        self._check_open()
        self._check_name(name)
        if target not in self._numbers:
            raise SourceError(f"tied to {target!r}, which was not added before", tensor=name)
        number = self._numbers[target]
        owner = self._index.entries[number].target
        self._append(EntryRecord(name, target=number if owner is None else owner))

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
        data = self._index.write()
        version = prologue.write_version(FormatVersion())
        self._write(data + footer.write(self.stored_bytes, data, version))
        self._file.flush()

    def close(self) -> None:
        """Finishes and commits: from now on the file is there under its name."""
        self.finish()
        if self._atomic:
            self._atomic.commit()

    def abort(self) -> None:
        """Removes the temporary file; what was under the target's name stays."""
        if self._atomic:
            self._atomic.abort()

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
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

    def _append(self, entry: EntryRecord) -> None:
        self._numbers[entry.name] = len(self._index.entries)
        self._index.entries.append(entry)

    def _write_blocks(self, bits: npt.NDArray[Any], storage: Storage) -> None:
        """Encodes and writes windows of blocks; sets the storage's digests."""
        table = statistics.job_table(bits, storage)
        table["stored_bytes"], table["nonzeros"] = storage.stored_bytes, storage.nonzeros
        table["entries"] = storage.entries
        ends = np.cumsum(table["stored_bytes"])
        start = 0
        while start < len(table):
            written = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, written + _WINDOW, side="right")))
            self._write_window(table[start:stop])
            start = stop
        storage.digests = table["digest"].tolist()

    def _write_window(self, table: jobs.JobTable) -> None:
        sizes = table["stored_bytes"]
        buffer = np.empty(int(sizes.sum()), np.uint8)
        table["stored"] = buffer.ctypes.data + np.cumsum(sizes) - sizes
        jobs.run("encode", table, self._threads)
        self._write(buffer)

    def _write(self, data: bytes | npt.NDArray[np.uint8]) -> None:
        self._file.write(memoryview(data))
        self.stored_bytes += len(data)


def _bit_patterns(array: npt.NDArray[Any], dtype: DType) -> npt.NDArray[Any]:
    """The tensor's bit patterns, little-endian, aligned and in C order, without a copy where it is so already."""
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    contiguous = np.require(array, requirements=["C", "A"]).reshape(array.shape)
    return contiguous.reshape(-1).view(dtype.bits).reshape(array.shape)
