"""From an .spf file to a file of dense tensors."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from .pack import Progress, refuse_same_file, report_progress
from .reader import Reader
from .sinks import check_target, write_tensors

if TYPE_CHECKING:
    from .limits import Limits


@dataclass(frozen=True)
class UnpackReport:
    """What was unpacked. tensors: names, tied ones included; dense_bytes: without tied ones; written_bytes:
    the file.
    """

    tensors: int
    dense_bytes: int
    written_bytes: int
    notes: list[str]
    seconds: float


def unpack(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    threads: int | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> UnpackReport:
    """Write the tensors of the .spf file `src` to `dst`: .pt, .pth, .bin, .safetensors or .npz.

    progress(label, done_bytes, total_bytes) is called around each of the two steps. Raises FormatError,
    LimitError, SourceError for what the format of `dst` cannot hold, MissingExtraError and OSError.
    """
    started = time.perf_counter()
    check_target(dst)
    refuse_same_file(src, dst)
    with Reader(os.fspath(src), limits=limits, threads=threads) as reader:
        entries = reader.entries
        ties = {name: entry.target for name, entry in entries.items() if entry.target is not None}
        names = [name for name in reader.names if name not in ties]
        total = sum(prod(entries[name].shape) * entries[name].dtype.itemsize for name in names)
        report_progress(progress, "decoding", 0, total)
        tensors = {name: (array, entries[name].dtype) for name, array in reader.read(names).items()}
        report_progress(progress, "decoding", total, total)
        report_progress(progress, "writing", 0, total)
        notes = write_tensors(dst, tensors, ties, reader.metadata)
        report_progress(progress, "writing", total, total)
    return UnpackReport(
        tensors=len(tensors) + len(ties),
        dense_bytes=total,
        written_bytes=os.path.getsize(dst),
        notes=notes,
        seconds=time.perf_counter() - started,
    )
