"""Where every byte of a tensor went."""

from __future__ import annotations

from dataclasses import dataclass

from ..container.index import entry_bytes
from ..layouts.table import Csr
from ..reader import Entry


@dataclass(frozen=True)
class Accounting:
    """The lecture's numbers, and bytes that add up to what the tensor takes in the file.

    a: stored entries, fillers (and escapes) included. n: pointers' rows, one for each restart. numbers: 2a + n + 1
    for csr; None for the other layouts, like the rest that only csr has. index_bits: bits of one stored position;
    index_bits_absolute: bits that a column number would take. overhead_bytes: the entry in the index.
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


def account(entry: Entry) -> Accounting:
    """The accounting of a tensor; of a tie, just its entry in the index."""
    overhead = entry_bytes(entry.record)
    if entry.target is not None:
        return Accounting(None, 0, None, None, 0, 0, None, 0, 0, 0, overhead)
    storage, layout, size = entry.storage, entry.storage.layout, entry.dtype.itemsize
    index = values = 0
    for block, (nonzeros, entries) in enumerate(zip(storage.nonzeros, storage.entries, strict=True)):
        elements = storage.block_size(block, entry.elements)
        index += layout.index_bytes(elements, nonzeros, entries)
        values += layout.values(nonzeros, entries) * size
    pointers = sum(storage.stored_bytes) - index - values
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


def _rows(group: int, row_elements: int) -> int | float:
    """Rows in a group: whole in all but tensors whose rows are longer than a block."""
    return group // row_elements if group % row_elements == 0 else group / row_elements
