"""Codings that are being weighed: with tables themselves, which get numbers only when the coding is taken."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

from ..codecs import table as codecs
from ..codecs.frequencies import Table
from ..layouts.coding import Codebook, Coding, Floatsplit, IndexCodec, Rans, Strips
from ..layouts.table import Layout
from .pool import TablePool

_DATA = attrgetter("data")
STATE_BYTES = 4  # of a lane; it holds about one byte of the stream, which keeps the estimate on the safe side
HEAD_BYTES = 1 + 2  # lanes, and the length of a coded index


@dataclass(frozen=True)
class RansPlan:
    """Bytes under one table."""

    table: Table

    @property
    def label(self) -> str:
        return "rans"

    def tables(self) -> frozenset[bytes]:
        return frozenset((self.table.data,))

    def resolved(self, pool: TablePool) -> IndexCodec:
        return Rans(pool.number(self.table))


@dataclass(frozen=True)
class StripsPlan:
    """Strips with classes; strip_tables[row class * column_classes + column class]."""

    row_classes: int
    column_classes: int
    strip_tables: list[Table]
    rows: bytes
    columns: bytes

    @property
    def label(self) -> str:
        return f"strips {self.row_classes}x{self.column_classes}"

    def tables(self) -> frozenset[bytes]:
        return frozenset(map(_DATA, self.strip_tables))

    def resolved(self, pool: TablePool) -> IndexCodec:
        numbers = bytes(pool.number(table) for table in self.strip_tables)
        return Strips(self.row_classes, self.column_classes, numbers, self.rows, self.columns)


@dataclass(frozen=True)
class FloatPlan:
    """Values by floatsplit."""

    shift: int
    base: int
    table: Table

    @property
    def label(self) -> str:
        return f"floatsplit {self.shift}"

    def tables(self) -> frozenset[bytes]:
        return frozenset((self.table.data,))

    def resolved(self, pool: TablePool) -> Floatsplit:
        pool.remember(self.shift, self.base, self.table)
        return Floatsplit(self.shift, self.base, pool.number(self.table))


@dataclass(frozen=True)
class CodebookPlan:
    """Values as codes into a list of bit patterns; table None: bit-packed. grouped: the table is of bytes of codes."""

    patterns: bytes
    table: Table | None
    grouped: bool = False

    @property
    def label(self) -> str:
        if self.grouped:
            return "codebook rans, grouped"
        return "codebook" if self.table is None else "codebook rans"

    def tables(self) -> frozenset[bytes]:
        return frozenset() if self.table is None else frozenset((self.table.data,))

    def resolved(self, pool: TablePool) -> Codebook:
        return Codebook(self.patterns, None if self.table is None else pool.number(self.table), self.grouped)


@dataclass(frozen=True)
class PositionPlan:
    """A way to store where the nonzeros are. bits: of all blocks, without tables. codec None: the layout's plain one.
    per_block: elements of a block, where it is not what the others have."""

    layout: Layout
    codec: RansPlan | StripsPlan | None
    bits: float
    nonzeros: list[int]
    entries: list[int]
    per_block: int | None = None

    @property
    def values(self) -> int:
        """How many values are stored."""
        return self.layout.values(sum(self.nonzeros), sum(self.entries))

    def tables(self) -> frozenset[bytes]:
        return frozenset() if self.codec is None else self.codec.tables()

    def index_codec(self, pool: TablePool) -> IndexCodec | None:
        return self.layout.plain.index if self.codec is None else self.codec.resolved(pool)


@dataclass(frozen=True)
class ValuePlan:
    """A way to store values. codec None: raw, and its bits are those of the values' type."""

    codec: FloatPlan | CodebookPlan | None
    bits: float

    def tables(self) -> frozenset[bytes]:
        return frozenset() if self.codec is None else self.codec.tables()

    def resolved(self, pool: TablePool, index: IndexCodec | None) -> Coding:
        return Coding(index, codecs.RAW if self.codec is None else self.codec.resolved(pool))


def stream_overhead_bits(bits: float, blocks: int, beside: float = 0.0) -> float:
    """What heads and states of a stream cost that is cut into blocks, when it is about half of each; `beside`: bits
    that belong to it. About what lanes_for in kernels/rans.cpp decides."""
    each = (bits + beside) / 8 / max(blocks, 1)
    lanes = 32 if each >= 12_000 else 16 if each >= 6_000 else 8 if each >= 4_000 else 4 if each >= 1_500 else 2
    return 8.0 * blocks * (HEAD_BYTES + STATE_BYTES * lanes)
