"""A way to store a tensor, with its size."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..codecs import bitpack
from ..container.entry import EntryRecord
from ..container.index import entry_bytes
from ..dtypes import DType
from ..layouts.coding import Codebook, Coding
from ..layouts.storage import Storage
from ..layouts.table import Dense
from .coding_plan import CodebookPlan, PositionPlan, ValuePlan, shared_lane_bits
from .pool import TablePool

_LONGEST_DIGEST = (1 << 64) - 1  # digests are random: all but one in 2**32 take nine bytes
_ENTRY_BYTES = 48  # of the entry of a coded tensor, at most, besides its name
_BLOCK_BYTES = 20  # of a block in an entry, at most for blocks of usual size


@dataclass(frozen=True)
class Candidate:
    """`bytes` counts blocks, entry in the index and new tables: exact where there are no tables, else what the tables
    give, to some bytes a block. `storage` makes it, with its tables in the pool; digests (and of coded blocks
    stored_bytes) are not known before it is encoded."""

    label: str
    bytes: int
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
    return Candidate(f"{_label(storage)}{codebook}", size, lambda _pool: storage)


def of_plans(
    name: str,
    dtype: DType,
    shape: tuple[int, ...],
    per_block: int,
    position: PositionPlan,
    value: ValuePlan,
    pool: TablePool,
) -> Candidate:
    """The candidate of a plan for positions and one for values."""
    per_block = position.per_block or per_block
    plain = _plain_storage(dtype, shape, per_block, position)
    if position.codec is None and value.codec is None:
        return weigh(name, dtype, shape, plain)
    if position.codec is None and isinstance(value.codec, CodebookPlan) and value.codec.table is None:
        return weigh(name, dtype, shape, _packed_storage(plain, value.codec, dtype, shape))
    tables = set() if position.codec is None else position.codec.tables()
    tables = tables | (set() if value.codec is None else value.codec.tables())
    value_bits = value.bits
    if value.codec is None:
        value_bits = 8.0 * dtype.itemsize * position.layout.values(sum(position.nonzeros), sum(position.entries))
    bits = position.bits + value_bits + pool.extra_bits(tables) + shared_lane_bits(position, value, value_bits)
    entry = len(name.encode()) + _ENTRY_BYTES + _BLOCK_BYTES * plain.blocks + 4 * len(shape)
    size = (1 << 62) if math.isinf(bits) else math.ceil(bits / 8) + entry

    def storage(pool: TablePool) -> Storage:
        index = position.index_codec(pool)
        return Storage(
            position.layout,
            value.resolved(pool, index),
            per_block,
            plain.stored_bytes,
            position.nonzeros,
            position.entries,
            plain.digests,
        )

    return Candidate(f"{_label(plain)}{_coded_label(position, value)}", size, storage)


def _plain_storage(dtype: DType, shape: tuple[int, ...], per_block: int, position: PositionPlan) -> Storage:
    elements, layout = math.prod(shape), position.layout
    blocks = len(position.nonzeros)
    storage = Storage(layout, layout.plain, per_block, [0] * blocks, position.nonzeros, position.entries, [0] * blocks)
    storage.stored_bytes = [
        layout.index_bytes(storage.block_size(block, elements), nonzeros, entries)
        + layout.values(nonzeros, entries) * dtype.itemsize
        for block, (nonzeros, entries) in enumerate(zip(position.nonzeros, position.entries, strict=True))
    ]
    return storage


def _packed_storage(plain: Storage, packed: CodebookPlan, dtype: DType, shape: tuple[int, ...]) -> Storage:
    """The same positions, with values as bit-packed codes."""
    layout, elements = plain.layout, math.prod(shape)
    width = (len(packed.patterns) // dtype.itemsize - 1).bit_length()
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
