"""A tensor's storage, checked against the rules of its layout (spec/format.md, sections 3.4, 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..codecs import table as codecs
from ..container.canonical import brief
from ..container.entry import EntryRecord, StorageRecord, numbers_per_block
from ..errors import CorruptError, FormatError, UnsupportedError
from ..limits import MAX_BLOCK_ENTRIES
from . import coding, coding_wire, gaps, table
from .coding import Coding, Floatsplit, Rans, Strips
from .table import Csr, Dense, Layout

_LAYOUT_NAMES = {table.DENSE: "dense", table.BITMASK: "bitmask", table.CSR: "csr"}


@dataclass(slots=True)
class Storage:
    """Layout and blocks of one tensor. The lists have one number for each block."""

    layout: Layout
    coding: Coding
    block_elements: int
    stored_bytes: list[int]
    nonzeros: list[int]
    entries: list[int]
    digests: list[int]

    @property
    def blocks(self) -> int:
        return len(self.stored_bytes)

    def block_size(self, block: int, elements: int) -> int:
        """Elements of a block: block_elements, fewer in the last."""
        return min(self.block_elements, elements - block * self.block_elements)

    def to_record(self) -> StorageRecord:
        layout = self.layout
        entries = [self.entries] if isinstance(layout, Csr) else []
        columns = (self.stored_bytes, self.nonzeros, *entries, self.digests)
        blocks = [number for block in zip(*columns, strict=True) for number in block]
        return StorageRecord(layout.number, layout.parameters(), self.coding.to_wire(), self.block_elements, blocks)


def interpret(entry: EntryRecord, offset: int) -> Storage:
    """The storage of an entry that is not a tie. Raises CorruptError or UnsupportedError where a rule is broken.

    `offset` is the byte of the file at which the index starts.
    """
    assert entry.dtype is not None
    if entry.storage is None:
        assert entry.zeros is not None
        return _one_dense_block(entry, entry.zeros)
    record, elements = entry.storage, entry.elements
    layout = _layout(record, entry.name, offset)
    coded = _coding(record, layout, entry, offset)
    storage = Storage(layout, coded, record.block_elements, *_columns(record, elements))
    if isinstance(layout, table.Csr) and not layout.blocks_fit(entry.shape, record.block_elements):
        raise _broken(
            "csr/parameters",
            "blocks do not end where groups or columns end",
            entry.name,
            offset,
            expected="whole groups and columns",
            found=f"{record.block_elements} elements in a block",
        )
    for number in range(storage.blocks):
        _check_block(storage, number, storage.block_size(number, elements), entry, offset)
    return storage


def _columns(record: StorageRecord, elements: int) -> tuple[list[int], list[int], list[int], list[int]]:
    """stored_bytes, nonzeros, entries and digest of all blocks."""
    each = numbers_per_block(record.layout)
    stored_bytes, nonzeros, *stored, digests = (record.blocks[number::each] for number in range(each))
    if record.layout == table.CSR:
        return stored_bytes, nonzeros, stored[0], digests
    size = record.block_elements
    sizes = [min(size, elements - first) for first in range(0, elements, size)]
    return stored_bytes, nonzeros, sizes if record.layout == table.DENSE else nonzeros, digests


def _one_dense_block(entry: EntryRecord, zeros: int) -> Storage:
    elements = entry.elements
    if elements == 0:
        return Storage(Dense(), Dense.plain, 1, [], [], [], [])
    assert entry.dtype is not None
    return Storage(
        Dense(),
        Dense.plain,
        elements,
        [elements * entry.dtype.itemsize],
        [elements - zeros],
        [elements],
        [entry.digest],
    )


def _broken(kind: str, message: str, name: str, offset: int, block: int | None = None, **values: object) -> FormatError:
    return CorruptError(
        message,
        kind=kind,
        tensor=name,
        block=block,
        offset=offset,
        expected=values.get("expected"),
        found=values.get("found"),
    )


def _layout(record: StorageRecord, name: str, offset: int) -> Layout:
    if record.layout not in _LAYOUT_NAMES:
        raise UnsupportedError(
            f"layout number {record.layout} is not known to this release",
            kind="storage/layout",
            tensor=name,
            offset=offset,
            expected=f"below {len(_LAYOUT_NAMES)}",
            found=record.layout,
        )
    layout = table.from_wire(record.layout, record.parameters)
    if layout is None:
        kind = "csr/parameters" if record.layout == table.CSR else "storage/form"
        message = f"the parameters of layout {_LAYOUT_NAMES[record.layout]} break a rule"
        expected = "those of section 6.1" if record.layout == table.CSR else "none"
        raise _broken(kind, message, name, offset, expected=expected, found=brief(record.parameters))
    return layout


def _coding(record: StorageRecord, layout: Layout, entry: EntryRecord, offset: int) -> Coding:
    """The codecs of the streams. Raises UnsupportedError for codecs that are not in the table."""
    assert entry.dtype is not None
    wire = record.codecs
    value = coding_wire.value_codec(wire[-1], entry.dtype) if wire else None
    index: coding.IndexCodec | None = None
    if len(wire) == 2:
        index = coding_wire.index_codec(wire[0], layout.index_codecs, layout.view(entry.shape))
    if value is None or len(wire) != (2 if layout.index_codecs else 1) or (layout.index_codecs and index is None):
        _check_known(wire, entry.name, offset)
        message = f"layout {layout.name} with codecs that break a rule"
        raise _broken("storage/codec", message, entry.name, offset, expected="those of section 7", found=brief(wire))
    coded = Coding(index, value)
    if not _suits(coded, layout, entry, record.block_elements):
        message = "codecs that the layout's parameters do not allow"
        raise _broken("storage/codec", message, entry.name, offset, expected="others", found=brief(wire))
    return coded


def _check_known(wire: list[Any], name: str, offset: int) -> None:
    """Raises UnsupportedError when a codec is one of a later version, which says more than that it breaks a rule."""
    numbers = [part[0] if type(part) is list and part else part for part in wire]
    unknown = [number for number in numbers if type(number) is int and number not in codecs.NAMES]
    if unknown:
        raise UnsupportedError(
            f"codec {codecs.name(unknown[0])} is not known to this release",
            kind="storage/codec",
            tensor=name,
            offset=offset,
            expected=f"below {len(codecs.NAMES)}",
            found=unknown[0],
        )


def _suits(coded: Coding, layout: Layout, entry: EntryRecord, block_elements: int) -> bool:
    """Rules between codecs and parameters: coded gaps are bytes, coded values are never fillers, strips whole rows."""
    if isinstance(layout, Csr):
        if isinstance(coded.value, Floatsplit) and layout.gap.fill == gaps.FILLER:
            return False
        return not isinstance(coded.index, Rans) or layout.gap.bits <= 8
    if isinstance(coded.index, Strips):
        return block_elements >= entry.elements or block_elements % layout.view(entry.shape).row_elements == 0
    return True


def _check_block(storage: Storage, block: int, elements: int, entry: EntryRecord, offset: int) -> None:
    assert entry.dtype is not None
    nonzeros, entries, stored = storage.nonzeros[block], storage.entries[block], storage.stored_bytes[block]
    layout = storage.layout
    plain = storage.coding.is_plain
    # Coded entries may take no bits at all: their number is bounded by the elements, not by the bytes.
    if entries > (MAX_BLOCK_ENTRIES if plain else elements) or not layout.counts_fit(elements, nonzeros, entries):
        counts = f"{nonzeros} nonzeros, {entries} entries in {elements} elements"
        message, wanted = "the counts of a block cannot be", f"counts of {layout.name}"
        raise _broken("storage/counts", message, entry.name, offset, block, expected=wanted, found=counts)
    if not plain:
        return  # the kernels check the streams against the block's length
    least = layout.index_bytes(elements, nonzeros, entries) + layout.values(nonzeros, entries) * entry.dtype.itemsize
    pointers = _most_pointer_bytes(storage, elements, entry.shape)
    if not least <= stored <= least + pointers:
        expected = least if not pointers else f"{least} to {least + pointers}"
        raise _broken(
            "storage/bytes",
            "a block has the wrong length",
            entry.name,
            offset,
            block,
            expected=expected,
            found=stored,
        )


def _most_pointer_bytes(storage: Storage, elements: int, shape: tuple[int, ...]) -> int:
    """The most that pointers can take; their width stands in the block itself, where the kernel checks it."""
    if not isinstance(storage.layout, table.Csr):
        return 0
    groups = -(-elements // storage.layout.group_elements(shape, storage.block_elements))
    return 1 + 4 * groups if groups > 1 else 0
