"""From any file of tensors to an .spf file."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from .errors import SourceError
from .limits import MAX_DECODED_BYTES, Limits
from .reader import Reader
from .sources import Source, open_source
from .writer import Writer

if TYPE_CHECKING:
    from .planning.policy import Policy

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class PackReport:
    """What was packed. tensors: names, tied ones included; dense_bytes: without tied ones; stored_bytes: the
    file.
    """

    tensors: int
    dense_bytes: int
    stored_bytes: int
    notes: list[str]
    seconds: float
    verified: bool

    @property
    def ratio(self) -> float:
        """Dense bytes per byte of the file."""
        return self.dense_bytes / self.stored_bytes


def pack(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    policy: Policy | None = None,
    metadata: Mapping[str, Any] | None = None,
    key: str | None = None,
    keep_masks: bool = False,
    verify: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PackReport:
    """Pack the tensors of `src` (see sources.open_source for formats, `key` and `keep_masks`) into the file
    `dst`.

    One tensor is in memory at a time. `metadata` adds to that of the source and wins over it. With `verify`
    the written file is decoded and compared before it takes its name. progress(label, done_bytes,
    total_bytes) is called after each tensor. Raises SourceError, MissingExtraError, OSError; `dst` is then as
    it was before.
    """
    refuse_same_file(src, dst)
    with open_source(src, key=key, keep_masks=keep_masks) as source:
        return pack_source(source, dst, policy, metadata, verify, threads, progress)


def pack_source(
    source: Source,
    dst: str | os.PathLike[str],
    policy: Policy | None = None,
    metadata: Mapping[str, Any] | None = None,
    verify: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PackReport:
    """The same from a source that is open."""
    started = time.perf_counter()
    with Writer(os.fspath(dst), metadata=_merged(source, metadata), policy=policy, threads=threads) as writer:
        total = _copy(source, writer, progress)
        writer.annotate(_merged(source, metadata))  # a source may learn what to say while it is read
        if verify:
            _verify(writer, progress, total)
    return PackReport(
        tensors=len(source.names()),
        dense_bytes=writer.dense_bytes,
        stored_bytes=os.path.getsize(dst),
        notes=list(source.notes),
        seconds=time.perf_counter() - started,
        verified=verify,
    )


def packed_bytes(
    source: Source, policy: Policy | None = None, threads: int | None = None, progress: Progress | None = None
) -> int:
    """How large the file would be; nothing is written."""
    with Writer(cast(BinaryIO, _Nowhere()), metadata=_merged(source, None), policy=policy, threads=threads) as writer:
        _copy(source, writer, progress)
        writer.annotate(_merged(source, None))
    return writer.stored_bytes


class _Nowhere(io.RawIOBase):
    """Takes bytes and forgets them."""

    def write(self, data: Any, /) -> int:
        return len(data)


def _merged(source: Source, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    return {**source.metadata, **(metadata or {})}


def _copy(source: Source, writer: Writer, progress: Progress | None) -> int:
    """Hand every tensor to the writer, in the order of names; returns the dense bytes of those that are not
    tied.
    """
    names, ties = source.names(), source.ties()
    sizes = {name: _nbytes(source, name) for name in names if name not in ties}
    done, total = 0, sum(sizes.values())
    for name in names:
        if name in ties:
            writer.tie(name, ties[name])
            continue
        # Nothing here may hold on to an array: the next one is read while no other is in memory.
        writer.add(name, *source.read(name))
        done += sizes[name]
        report_progress(progress, "packing", done, total)
    return total


def _verify(writer: Writer, progress: Progress | None, total: int) -> None:
    """Decode what was written, before it takes its name, and compare digests. Raises ChecksumError."""
    writer.finish()
    done = 0
    # The limits guard against strangers' files; this one is ours, and may well be a huge tensor of zeros.
    with Reader(writer.written_path, limits=Limits(max_bytes=MAX_DECODED_BYTES)) as reader:
        for entry in reader.check_tensors():
            done += entry.dense_bytes
            report_progress(progress, "verifying", done, total)


def _nbytes(source: Source, name: str) -> int:
    dtype, shape = source.spec(name)
    return prod(shape) * dtype.itemsize


def report_progress(progress: Progress | None, label: str, done: int, total: int) -> None:
    """Tell the caller, if it asked to be told."""
    if progress is not None:
        progress(label, done, total)


def refuse_same_file(src: str | os.PathLike[str], dst: str | os.PathLike[str]) -> None:
    """Raises SourceError when both names lead to one file."""
    if os.path.exists(src) and os.path.exists(dst) and os.path.samefile(src, dst):
        raise SourceError(f"{os.fspath(dst)}: source and destination are the same file")
