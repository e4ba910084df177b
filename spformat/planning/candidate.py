"""A way to store a tensor, with its exact size."""

from __future__ import annotations

from dataclasses import dataclass

from ..container.entry import EntryRecord
from ..container.index import entry_bytes
from ..dtypes import DType
from ..layouts.storage import Storage
from ..layouts.table import Dense

_LONGEST_DIGEST = (1 << 64) - 1  # digests are random: all but one in 2**32 take nine bytes


@dataclass(frozen=True)
class Candidate:
    """`bytes` counts the blocks and the entry in the index; the digests of `storage` are not known yet."""

    storage: Storage
    bytes: int

    @property
    def label(self) -> str:
        """Such as "csr 4 bits escape"."""
        layout = self.storage.layout
        if layout.name != "csr":
            return layout.name
        return f"csr {layout.gap.bits} bits {'escape' if layout.gap.fill else 'filler'}"


def weigh(name: str, dtype: DType, shape: tuple[int, ...], storage: Storage) -> Candidate:
    """The candidate with its size in the file."""
    return Candidate(storage, sum(storage.stored_bytes) + entry_bytes(record(name, dtype, shape, 0, storage)))


def record(name: str, dtype: DType, shape: tuple[int, ...], digest: int, storage: Storage) -> EntryRecord:
    """The entry of a tensor: the short form when it is dense and one block, or has no elements."""
    entry = EntryRecord(name, dtype, shape, digest or _LONGEST_DIGEST)
    if isinstance(storage.layout, Dense) and storage.blocks <= 1:
        entry.zeros = entry.elements - sum(storage.nonzeros)
    else:
        entry.storage = storage.to_record()
    return entry
