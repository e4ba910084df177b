"""Every cap in one place: what the format allows, and what a reader accepts from a file it does not trust."""

from __future__ import annotations

from dataclasses import dataclass

MAX_RANK = 64
MAX_DECODED_BYTES = 1 << 62
MAX_BLOCK_ELEMENTS = 1 << 31
MAX_BLOCK_ENTRIES = (1 << 32) - 1
MAX_NAME_BYTES = 65_535
MAX_METADATA_DEPTH = 16
MAX_INDEX_DEPTH = 64  # arrays and maps inside each other in the index
MAX_GAP_BITS = 16
MAX_TABLES = 256
MAX_MODULUS = 256  # of steps that wrap
GROUPED_WIDTHS = (1, 2, 4)  # of codes, bits of which lie in one byte
MAX_ORIGIN = (1 << 31) - 1

GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """A reader's budgets. The defaults are safe for a stranger's file and wide enough for any real model.

    max_bytes: decoded bytes of one call; None means 1 GiB or 1000 times the file, whichever is more, so that a
        file of a few hundred bytes cannot ask for a terabyte of zeros.
    max_tensors: entries in the index. max_index_bytes: length of the index.
    """

    max_bytes: int | None = None
    max_tensors: int = 10_000_000
    max_index_bytes: int = GIB

    def decoded_bytes(self, file_bytes: int) -> int:
        """The budget of decoded bytes for a file of `file_bytes` bytes."""
        return max(GIB, 1000 * file_bytes) if self.max_bytes is None else self.max_bytes
