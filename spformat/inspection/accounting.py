"""Where every byte of a tensor went."""

from __future__ import annotations

from dataclasses import dataclass

from ..codecs.bitpack import size as bits_size
from ..container.index import entry_bytes
from ..file_entries import Entry
from ..layouts.table import Csr
from ..reader import Reader


@dataclass(frozen=True)
class Accounting:
    """The lecture's numbers, and bytes that add up to what the tensor takes in the file.

    a: stored entries, fillers (and escapes) included. n: pointers' rows, one for each restart. numbers: 2a + n + 1
    for csr; None for the other layouts, like the rest that only csr has. index_bits: bits of one stored position,
    before entropy coding; index_bits_absolute: bits that a column number would take. overhead_bytes: the entry in
    the index.
    """

    numbers: int | None
    a: int
    n: int | None
    index_bits_absolute: int | None
    index_bits: int
    fillers: int
    restart_rows: int | float | None
    index_bytes: int
    pointer_bytes: int
    value_bytes: int
    overhead_bytes: int


def account(reader: Reader, entry: Entry) -> Accounting:
    """The accounting of a tensor; of a tie or a copy just its entry in the index. Reads some bytes of coded blocks."""
    overhead = entry_bytes(entry.record)
    if not entry.is_stored:
        return Accounting(None, 0, None, None, 0, 0, None, 0, 0, 0, overhead)
    storage, layout = entry.storage, entry.storage.layout
    pieces = [_pieces(reader, entry, block) for block in range(storage.blocks)]
    pointers, index = sum(p for p, _ in pieces), sum(i for _, i in pieces)
    values = sum(storage.stored_bytes) - pointers - index
    a = sum(storage.entries)
    if not isinstance(layout, Csr):
        bits = 1 if layout.name == "bitmask" else 0
        return Accounting(None, a, None, None, bits, 0, None, index, pointers, values, overhead)
    view = layout.view(entry.shape)
    group = layout.group_elements(entry.shape, storage.block_elements)
    n = -(-view.elements // group)
    return Accounting(
        numbers=2 * a + n + 1,
        a=a,
        n=n,
        index_bits_absolute=max(1, (view.row_elements - 1).bit_length()),
        index_bits=layout.gap.bits,
        fillers=a - sum(storage.nonzeros),
        restart_rows=_rows(group, view.row_elements),
        index_bytes=index,
        pointer_bytes=pointers,
        value_bytes=values,
        overhead_bytes=overhead,
    )


def _pieces(reader: Reader, entry: Entry, block: int) -> tuple[int, int]:
    """Bytes of pointers and of mask or gaps in a block; the rest are values."""
    storage, layout = entry.storage, entry.storage.layout
    elements = storage.block_size(block, entry.elements)
    pointers = 0
    if isinstance(layout, Csr):
        groups = -(-elements // layout.group_elements(entry.shape, storage.block_elements))
        if groups > 1:
            pointers = 1 + bits_size(groups, int.from_bytes(reader.stored_block(entry.name, block, 0, 1), "little"))
    if storage.coding.index is None or isinstance(storage.coding.index, int):
        return pointers, layout.index_bytes(elements, storage.nonzeros[block], storage.entries[block])
    return pointers, _with_length(reader.stored_block(entry.name, block, pointers, 5))


def _with_length(start: bytes) -> int:
    """Bytes of a coded index with its length before it, which `start` begins with (spec/format.md, section 5)."""
    size = next((number for number, byte in enumerate(start, 1) if byte < 128), len(start))
    return size + sum((byte & 127) << 7 * place for place, byte in enumerate(start[:size]))


def _rows(group: int, row_elements: int) -> int | float:
    """Rows in a group: whole in all but tensors whose rows are longer than a block."""
    return group // row_elements if group % row_elements == 0 else group / row_elements
