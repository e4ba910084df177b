"""Is this file what it was when it was packed?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .limits import Limits
from .reader import Reader
from .tensor_file import PathOrBytes

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class VerifyReport:
    """What was checked; there is one only if all of it was right."""

    bytes: int
    tensors: int
    blocks: int
    deep: bool


def verify(
    path: PathOrBytes,
    deep: bool = False,
    *,
    limits: Limits | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> VerifyReport:
    """Checks frame, index and the digest of every block; with `deep` also decodes every tensor and compares it with
    the digest that was taken from the original while packing.

    Raises FormatError at the first thing that is wrong. progress(label, done_bytes, total_bytes).
    """
    with Reader(path, limits=limits, threads=threads) as reader:
        owners = reader.stored
        if deep:
            total, done = sum(entry.dense_bytes for entry in owners), 0
            for entry in reader.check_tensors():
                done += entry.dense_bytes
                if progress is not None:
                    progress("verifying", done, total)
        else:
            reader.check_blocks()
        blocks = sum(entry.storage.blocks for entry in owners)
        return VerifyReport(reader.file_bytes, len(reader.entries), blocks, deep)
