"""What the index of an open file says of its tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .container import prologue
from .container.entry import EntryRecord
from .container.quantization import QuantizationRecord
from .container.quick_index import Head
from .dtypes import DType
from .errors import CorruptError
from .layouts import storage
from .layouts.storage import Storage
from .tensor_file import TensorFile


@dataclass(slots=True)
class Entry:
    """A tensor of an open file. `target` is the name that it is tied to, `copy_of` the one whose bytes it repeats.

    `offset` is the first byte of its section. Ties and copies show dtype, shape, digest and storage of the other.
    """

    name: str
    dtype: DType
    shape: tuple[int, ...]
    digest: int
    target: str | None
    storage: Storage
    offset: int
    record: EntryRecord  # what the index says of this name: for a tie or a copy, only name and target
    copy_of: str | None = None
    quantization: QuantizationRecord | None = None  # how it was quantized before it was packed

    @property
    def is_stored(self) -> bool:
        """Whether it has a section of its own."""
        return self.target is None and self.copy_of is None

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def dense_bytes(self) -> int:
        return self.elements * self.dtype.itemsize


def entries_of(file: TensorFile) -> dict[str, Entry]:
    """The entries of a file with their sections, which follow each other from the end of the prologue."""
    entries: dict[str, Entry] = {}
    names = [record.name for record in file.index.entries]
    at = file.footer.index_offset
    offset = prologue.SIZE
    for record in file.index.entries:
        if record.target is not None:
            entries[record.name] = _sharing(record, entries[names[record.target]])
            continue
        assert record.dtype is not None
        stored = storage.interpret(record, at)
        entries[record.name] = Entry(
            record.name,
            record.dtype,
            record.shape,
            record.digest,
            None,
            stored,
            offset,
            record,
            quantization=record.quantization,
        )
        offset += sum(stored.stored_bytes)
    if offset != at:
        raise CorruptError(
            "the sections do not fill the file up to the index",
            kind="sections/extent",
            offset=at,
            expected=at,
            found=offset,
        )
    return entries


def heads_of(entries: dict[str, Entry]) -> dict[str, Head]:
    """What the quick index says, from the entries."""
    return {
        name: Head(entry.dtype, entry.shape, entry.target, number, entry.dense_bytes)
        for number, (name, entry) in enumerate(entries.items())
    }


def _sharing(record: EntryRecord, of: Entry) -> Entry:
    """The entry of a tie or a copy of `of`."""
    target, copy_of = (None, of.name) if record.copied else (of.name, of.copy_of)
    return Entry(
        record.name,
        of.dtype,
        of.shape,
        of.digest,
        target,
        of.storage,
        of.offset,
        record,
        copy_of,
        of.quantization,
    )
