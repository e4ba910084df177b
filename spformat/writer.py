"""Writing .spf files: arrays -> bytes, one tensor at a time."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .assembly_line import AssemblyLine
from .atomic_file import AtomicFile
from .container import footer, index, prologue
from .container.index import Index
from .container.quantization import QuantizationRecord
from .container.version import FormatVersion
from .dtypes import DType, from_numpy
from .errors import SourceError, SpformatError
from .file_body import FileBody
from .layouts import jobs
from .limits import MAX_NAME_BYTES, MAX_RANK
from .planning.policy import Policy
from .tensor_jobs import Steps, TensorJob, TieJob


class Writer:
    """Writes an .spf file to a path (atomically: a temporary file, synced, renamed) or to a binary file object.

    Equal tensors are stored once in a file that is written to a path or to an io.BytesIO: there they can be read back
    and compared. Into other file objects each is written.

    Used as a context manager it commits at the end of the block and leaves nothing behind after an exception. A tensor
    that is refused for its name, type or rank leaves the writer as it was; after other errors all it can do is abort.
    metadata: str keys; None, bool, int, float, str, list and dict values. policy: how tensors are stored.
    threads: the most that encode (None: all processors). ahead: arrays that are added stay as they are until `finish`;
    then tensors are encoded while others are added, and an error may come from a later call than the tensor it names.
    """

    def __init__(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        *,
        metadata: Mapping[str, Any] | None = None,
        policy: Policy | None = None,
        threads: int | None = None,
        ahead: bool = False,
    ) -> None:
        self._index = Index(metadata=index.checked_metadata(metadata))
        self._names: set[str] = set()
        self._policy = policy or Policy()
        self._threads = threads or jobs.default_threads()  # asked once: it takes longer than packing a bias
        self._line = AssemblyLine(self._threads, ahead)
        self.dense_bytes = 0
        self._finished = False
        self._broken = False
        self._atomic = AtomicFile(target) if isinstance(target, (str, os.PathLike)) else None
        file: BinaryIO = self._atomic.file if self._atomic else target  # type: ignore[assignment]
        self._body = FileBody(file, self._index, self._atomic is not None or isinstance(target, io.BytesIO))
        self._body.write(prologue.write(FormatVersion()))

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
        of_steps = None if steps is None else (_bit_patterns(steps.array, wire), steps)
        job = TensorJob(self._body, self._line, name, bits, wire, self._policy, self._threads, quantization, of_steps)
        with self._writing():
            self._line.add(job)
        self.dense_bytes += bits.nbytes
        self._names.add(name)

    def tie(self, name: str, target: str) -> None:
        """Stores a name for a tensor that was added before (or tied to one)."""
        self._check_open()
        self._check_name(name)
        if target not in self._names:
            raise SourceError(f"tied to {target!r}, which was not added before", tensor=name)
        with self._writing():
            self._line.add(TieJob(self._body, name, target))
        self._names.add(name)

    def annotate(self, metadata: Mapping[str, Any]) -> None:
        """Replaces the file's metadata; until `finish`."""
        self._check_open()
        self._index.metadata = index.checked_metadata(metadata)

    @property
    def stored_bytes(self) -> int:
        """Bytes of the file that are written; with `ahead` all only after `finish`."""
        return self._body.stored_bytes

    @property
    def written_path(self) -> Path:
        """Where the bytes are until close renames the file; for whoever wants to check them before (after finish)."""
        if self._atomic is None:
            raise SourceError("written to a file object, not to a path")
        return self._atomic.temporary

    def finish(self) -> None:
        """Writes index and footer; nothing can be added after."""
        if self._finished and not self._broken:
            return
        self._check_open()
        with self._writing():
            self._line.finish()
            self._line.close()
            self._finished = True
            self._index.tables = [table.data for table in self._body.pool.tables]
            data = self._index.write()
            version = prologue.write_version(FormatVersion())
            self._body.write(data + footer.write(self.stored_bytes, data, version))
            self._body.file.flush()

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
        self._broken = self._broken or not self._finished
        try:
            self._line.close()
        finally:  # an interrupt may end the wait for the threads
            if self._atomic:
                self._atomic.abort()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """What fails in here may leave a part of a tensor, or an index of others than those that were added."""
        try:
            yield
        except BaseException:
            self._broken = True
            raise

    def _check_open(self) -> None:
        if self._broken:
            raise SpformatError("the file was given up, by abort or after an error")
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
        if name in self._names:
            raise SourceError("the name occurs twice", tensor=name)


def _bit_patterns(array: npt.NDArray[Any], dtype: DType) -> npt.NDArray[Any]:
    """The tensor's bit patterns, little-endian, aligned and in C order, without a copy where it is so already."""
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    contiguous = np.require(array, requirements=["C", "A"]).reshape(array.shape)
    return contiguous.reshape(-1).view(dtype.bits).reshape(array.shape)
