"""The bytes of an .spf file, on disk or in memory: positioned reads and the index, whose digest is checked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .container import footer, index, prologue, quick_index
from .container.footer import Footer
from .container.index import Index
from .container.version import FormatVersion
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


@dataclass(frozen=True)
class Frame:
    """What prologue and footer say, and the bytes of the index."""

    version: FormatVersion
    footer: Footer
    index_data: bytes


class TensorFile:
    """An open .spf file. Reads by position, so threads and forked processes may share it.

    quick: its index, where it could be read natively. Raises OSError when the file cannot be opened, FormatError when
    its frame breaks a rule, LimitError where the index is too long.
    """

    def __init__(self, source: PathOrBytes, limits: Limits) -> None:
        self._limits = limits
        self._descriptor = -1
        self._memory: np.ndarray[Any, np.dtype[np.uint8]] | None = None
        if isinstance(source, (bytes, bytearray, memoryview)):
            self._memory = np.frombuffer(source, np.uint8)
        else:
            self._descriptor = os.open(source, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            self.quick = quick_index.read(self._descriptor, self._memory, limits)
            self._frame = self._read_frame() if self.quick is None else None
        except BaseException:
            self.close()
            raise

    @cached_property
    def length(self) -> int:
        """Of the file, in bytes."""
        if self.quick is not None:
            return self.quick.native.file_bytes
        return os.fstat(self._descriptor).st_size if self._memory is None else len(self._memory)

    def _read_frame(self) -> Frame:
        head = self.read(0, min(self.length, prologue.SIZE), exact=False)
        if self.length < prologue.SIZE + footer.SIZE:
            if head[:8] != prologue.MAGIC[: len(head)]:
                prologue.read(head)
            raise TruncatedError(
                "the file is too short",
                kind="prologue/short",
                offset=self.length,
                expected=f"at least {prologue.SIZE + footer.SIZE} bytes",
                found=self.length,
            )
        version = prologue.read(head)
        found = footer.read(self.read(self.length - footer.SIZE, footer.SIZE), self.length)
        if found.index_bytes > self._limits.max_index_bytes:
            raise LimitError(
                "the index is too long",
                kind="limits/index",
                expected=self._limits.max_index_bytes,
                found=found.index_bytes,
            )
        framed = self.read(found.index_offset, found.index_bytes + footer.FIELDS_SIZE)
        found.check_index(framed)
        footer.check_version(found, head[8:], self.length)
        return Frame(version, found, framed[: found.index_bytes])

    @property
    def frame(self) -> Frame:
        """What was read when it was opened."""
        if self._frame is None:
            assert self.quick is not None
            framed = self.quick.native.frame()
            found = footer.read(framed[-footer.SIZE :], self.length)
            self._frame = Frame(prologue.read_version(found.version), found, framed[: found.index_bytes])
        return self._frame

    @property
    def version(self) -> FormatVersion:
        """That of the format."""
        return self.frame.version

    @property
    def footer(self) -> Footer:
        """Where the index is."""
        return self.frame.footer

    @property
    def index_data(self) -> bytes:
        """The bytes of the index."""
        return self.frame.index_data

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
