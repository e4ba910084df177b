"""A way to store a tensor, with its size."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..codecs import bitpack
from ..container.entry import EntryRecord
from ..container.index import entry_bytes
from ..dtypes import DType
from ..layouts.coding import Codebook, Coding, code_width
from ..layouts.storage import Storage
from ..layouts.table import Dense
from .coding_plan import CodebookPlan, FloatPlan, PositionPlan, ValuePlan
from .pool import TablePool

Plans = tuple[PositionPlan, list[ValuePlan]]  # a way to store positions, and the ways to store values with it
_LONGEST_DIGEST = (1 << 64) - 1  # digests are random: all but one in 2**32 take nine bytes
_ENTRY_BYTES = 48  # of the entry of a coded tensor, at most, besides its name
_BLOCK_BYTES = 20  # of a block in an entry, at most for blocks of usual size


@dataclass(frozen=True)
class Candidate:
    """`bytes` counts blocks, entry in the index and new tables: exact where there are no tables, else what the tables
    give, to some bytes a block. is_coded: with tables. `storage` makes it, with its tables in the pool; digests (and of
    coded blocks stored_bytes) are not known before it is encoded."""

    label: str
    bytes: int
    is_coded: bool
    storage: Callable[[TablePool], Storage]


def record(name: str, dtype: DType, shape: tuple[int, ...], digest: int, storage: Storage) -> EntryRecord:
    """The entry of a tensor: the short form when it is plain, dense and one block, or has no elements."""
    entry = EntryRecord(name, dtype, shape, digest)
    if isinstance(storage.layout, Dense) and storage.coding.is_plain and storage.blocks <= 1:
        entry.zeros = entry.elements - sum(storage.nonzeros)
    else:
        entry.storage = storage.to_record()
    return entry


def weigh(name: str, dtype: DType, shape: tuple[int, ...], storage: Storage) -> Candidate:
    """The candidate of a storage without tables, whose stored_bytes are known, exactly."""
    digests = storage.digests
    storage.digests = [_LONGEST_DIGEST] * storage.blocks
    size = sum(storage.stored_bytes) + entry_bytes(record(name, dtype, shape, _LONGEST_DIGEST, storage))
    storage.digests = digests
    codebook = " + codebook" if isinstance(storage.coding.value, Codebook) else ""
    return Candidate(f"{_label(storage)}{codebook}", size, False, lambda _pool: storage)


class Weighing:
    """What all candidates of a tensor have in common: its entry, the blocks that most have, the tables of its file."""

    def __init__(self, name: str, dtype: DType, shape: tuple[int, ...], per_block: int, pool: TablePool) -> None:
        self._name, self._dtype, self._shape = name, dtype, shape
        self._per_block, self._pool = per_block, pool
        self._entry = len(name.encode()) + _ENTRY_BYTES + 4 * len(shape)

    def smallest(self, plans: list[Plans]) -> Candidate | None:
        """The first of the smallest. Most need not be weighed: it is known what they take at least."""
        best, best_key = None, (1 << 62, 0)
        least = [each for position, values in plans for each in self._least_bytes(position, values)]
        pairs = [(position, value) for position, values in plans for value in values]
        for rank in sorted(range(len(pairs)), key=least.__getitem__):
            if best and least[rank] > best.bytes:
                break
            candidate = self.candidate(*pairs[rank])
            if best is None or (candidate.bytes, rank) < best_key:
                best, best_key = candidate, (candidate.bytes, rank)
        return best

    def candidate(self, position: PositionPlan, value: ValuePlan) -> Candidate:
        """The candidate of a plan for positions and one for values."""
        plain = self._plain_storage(position)
        if position.codec is None and value.codec is None:
            return weigh(self._name, self._dtype, self._shape, plain)
        if position.codec is None and isinstance(value.codec, CodebookPlan) and value.codec.table is None:
            packed = _packed_storage(plain, value.codec, self._dtype, self._shape)
            return weigh(self._name, self._dtype, self._shape, packed)

        def storage(pool: TablePool) -> Storage:
            return replace(plain, coding=value.resolved(pool, position.index_codec(pool)))

        (size,) = self._least_bytes(position, [value])
        return Candidate(f"{_label(plain)}{_coded_label(position, value)}", size, True, storage)

    def entry_bytes(self, position: PositionPlan) -> int:
        """Of a candidate with tables, at most."""
        return self._entry + _BLOCK_BYTES * len(position.nonzeros)

    def _least_bytes(self, position: PositionPlan, values: list[ValuePlan]) -> list[int]:
        """What candidates take at least; exactly what they take, where there are tables."""
        count, itemsize, pool = position.values, self._dtype.itemsize, self._pool
        missing = pool.missing(position.tables())
        entry = self.entry_bytes(position)
        least = []
        for value in values:
            raw = value.codec is None
            bits = position.bits + (8.0 * itemsize * count if raw else value.bits)
            tables = value.tables()
            if position.codec is None and not tables:
                bits = bits if raw else position.bits + _packed_bits(value.codec, itemsize, count)
                least.append(int(bits // 8))
                continue
            bits += pool.extra_bits(missing | pool.missing(tables))
            least.append((1 << 62) if math.isinf(bits) else math.ceil(bits / 8) + entry)
        return least

    def _plain_storage(self, position: PositionPlan) -> Storage:
        elements, layout = math.prod(self._shape), position.layout
        empty, per_block = [0] * len(position.nonzeros), position.per_block or self._per_block
        storage = Storage(layout, layout.plain, per_block, empty, position.nonzeros, position.entries, empty)
        storage.stored_bytes = [
            layout.index_bytes(storage.block_size(block, elements), nonzeros, entries)
            + layout.values(nonzeros, entries) * self._dtype.itemsize
            for block, (nonzeros, entries) in enumerate(zip(position.nonzeros, position.entries, strict=True))
        ]
        return storage


def _packed_bits(packed: FloatPlan | CodebookPlan | None, itemsize: int, count: int) -> float:
    """Of a codebook and its codes without a table, in one block."""
    assert isinstance(packed, CodebookPlan)
    patterns = len(packed.patterns)
    return 8.0 * patterns + count * code_width(patterns // itemsize)


def _packed_storage(plain: Storage, packed: CodebookPlan, dtype: DType, shape: tuple[int, ...]) -> Storage:
    """The same positions, with values as bit-packed codes."""
    layout, elements = plain.layout, math.prod(shape)
    width = code_width(len(packed.patterns) // dtype.itemsize)
    stored = [
        layout.index_bytes(plain.block_size(block, elements), nonzeros, entries)
        + bitpack.size(layout.values(nonzeros, entries), width)
        for block, (nonzeros, entries) in enumerate(zip(plain.nonzeros, plain.entries, strict=True))
    ]
    coding = Coding(layout.plain.index, Codebook(packed.patterns, None))
    return replace(plain, coding=coding, stored_bytes=stored)


def _label(storage: Storage) -> str:
    """Such as "csr 4 bits escape"."""
    layout = storage.layout
    if layout.name != "csr":
        return layout.name
    columns = "columns " if layout.gap.axis else ""
    return f"csr {columns}{layout.gap.bits} bits {'escape' if layout.gap.fill else 'filler'}"


def _coded_label(position: PositionPlan, value: ValuePlan) -> str:
    parts = [] if position.codec is None else [position.codec.label]
    if value.codec is not None:
        parts.append(value.codec.label)
    return "".join(f" + {part}" for part in parts)
