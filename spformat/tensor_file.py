"""The bytes of an .spf file, on disk or in memory: positioned reads and the index, whose digest is checked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from .container import footer, index, prologue
from .container.index import Index
from .errors import LimitError, SpformatError, TruncatedError
from .layouts.jobs import StoredBytes
from .limits import Limits

PathOrBytes = str | os.PathLike[str] | bytes | bytearray | memoryview


@contextmanager
def naming(source: PathOrBytes) -> Iterator[None]:
    """Gives the errors that are raised in here the path of the file, unless it is bytes in memory."""
    try:
        yield
    except SpformatError as error:
        if error.path is None and isinstance(source, (str, os.PathLike)):
            error.path = os.fspath(source)
        raise
    except MemoryError as error:
        path = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
        raise LimitError("not enough memory", kind="limits/memory", path=path) from error


class TensorFile:
    """An open .spf file. Reads by position, so threads and forked processes may share it.

    Raises OSError when the file cannot be opened and FormatError when its frame breaks a rule.
    """

    def __init__(self, source: PathOrBytes, limits: Limits) -> None:
        self._limits = limits
        self._descriptor = -1
        self._memory: np.ndarray[Any, np.dtype[np.uint8]] | None = None
        if isinstance(source, (bytes, bytearray, memoryview)):
            self._memory = np.frombuffer(source, np.uint8)
            self.bytes = len(self._memory)
        else:
            self._descriptor = os.open(source, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            self.bytes = os.fstat(self._descriptor).st_size
        try:
            self._read_frame()
        except BaseException:
            self.close()
            raise

    def _read_frame(self) -> None:
        head = self.read(0, min(self.bytes, prologue.SIZE), exact=False)
        if self.bytes < prologue.SIZE + footer.SIZE:
            if head[:8] != prologue.MAGIC[: len(head)]:
                prologue.read(head)
            raise TruncatedError(
                "the file is too short",
                kind="prologue/short",
                offset=self.bytes,
                expected=f"at least {prologue.SIZE + footer.SIZE} bytes",
                found=self.bytes,
            )
        self.version = prologue.read(head)
        self.footer = footer.read(self.read(self.bytes - footer.SIZE, footer.SIZE), self.bytes)
        if self.footer.index_bytes > self._limits.max_index_bytes:
            raise LimitError(
                "the index is too long",
                kind="limits/index",
                expected=self._limits.max_index_bytes,
                found=self.footer.index_bytes,
            )
        self.framed_index = self.read(self.footer.index_offset, self.footer.index_bytes + footer.FIELDS_SIZE)
        self.footer.check_index(self.framed_index)
        footer.check_version(self.footer, head[8:], self.bytes)

    @property
    def index_data(self) -> bytes:
        """The bytes of the index, which begin `framed_index`."""
        return self.framed_index[: self.footer.index_bytes]

    @cached_property
    def index(self) -> Index:
        """The index, parsed and checked. Raises FormatError where it breaks a rule, LimitError for too many tensors."""
        return index.read(self.index_data, self.footer.index_offset, self._limits)

    def read(self, offset: int, size: int, exact: bool = True) -> bytes:
        """`size` bytes from byte `offset`. Raises TruncatedError when the file is shorter than it was."""
        if self._memory is not None:
            return self._memory[offset : offset + size].tobytes()
        if self._descriptor < 0:
            raise SpformatError("the file is closed")
        parts = []
        while size > 0:
            part = os.pread(self._descriptor, size, offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            size -= len(part)
        if size and exact:
            raise TruncatedError("the file became shorter while it was read", kind="block/short", offset=offset)
        return b"".join(parts)

    @property
    def stored(self) -> StoredBytes:
        """What the native engine reads from."""
        if self._memory is None and self._descriptor < 0:
            raise SpformatError("the file is closed")
        return StoredBytes(self._descriptor, self._memory)

    def close(self) -> None:
        """Closes the file; arrays that were read stay valid."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._memory = None
