"""Codings that are being weighed: with tables themselves, which get numbers only when the coding is taken."""

from __future__ import annotations

from dataclasses import dataclass

from ..codecs import table as codecs
from ..codecs.frequencies import Table
from ..layouts.coding import Codebook, Coding, Floatsplit, IndexCodec, Rans, Strips
from ..layouts.table import Layout
from .pool import TablePool

STATE_BYTES = 4  # of a lane; it holds about one byte of the stream, which keeps the estimate on the safe side
_OF_STREAM = ((32_000, 32), (4_000, 16), (1_500, 8), (800, 4), (0, 1))  # lanes from so many bytes on
_OF_BLOCK = ((32_000, 32), (12_000, 16), (3_000, 4), (1_500, 2), (0, 1))
_MANY_SYMBOLS = 40_000
HEAD_BYTES = 1 + 2  # lanes, and the length of a coded index


@dataclass(frozen=True)
class RansPlan:
    """Bytes under one table."""

    table: Table

    @property
    def label(self) -> str:
        return "rans"

    def tables(self) -> set[Table]:
        return {self.table}

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

    def tables(self) -> set[Table]:
        return set(self.strip_tables)

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

    def tables(self) -> set[Table]:
        return {self.table}

    def resolved(self, pool: TablePool) -> Floatsplit:
        pool.remember(self.shift, self.base, self.table)
        return Floatsplit(self.shift, self.base, pool.number(self.table))


@dataclass(frozen=True)
class CodebookPlan:
    """Values as codes into a list of bit patterns; table None: bit-packed."""

    patterns: bytes
    table: Table | None

    @property
    def label(self) -> str:
        return "codebook" if self.table is None else "codebook rans"

    def tables(self) -> set[Table]:
        return set() if self.table is None else {self.table}

    def resolved(self, pool: TablePool) -> Codebook:
        return Codebook(self.patterns, None if self.table is None else pool.number(self.table))


@dataclass(frozen=True)
class PositionPlan:
    """A way to store where the nonzeros are. bits: of all blocks, without tables. symbols_bits: of those that are
    entropy coded, which have lanes. codec None: the layout's plain one. per_block: elements of a block, where it is
    not what the others have."""

    layout: Layout
    codec: RansPlan | StripsPlan | None
    bits: float
    nonzeros: list[int]
    entries: list[int]
    per_block: int | None = None

    def index_codec(self, pool: TablePool) -> IndexCodec | None:
        return self.layout.plain.index if self.codec is None else self.codec.resolved(pool)


@dataclass(frozen=True)
class ValuePlan:
    """A way to store values. codec None: raw, and its bits are those of the values' type."""

    codec: FloatPlan | CodebookPlan | None
    bits: float

    def resolved(self, pool: TablePool, index: IndexCodec | None) -> Coding:
        return Coding(index, codecs.RAW if self.codec is None else self.codec.resolved(pool))


def stream_overhead_bits(bits: float, blocks: int, fields: float = 0.0, symbols: int = 0) -> float:
    """What heads and states of a stream cost that is cut into blocks and has them for itself. fields: bits that belong
    to it."""
    return 8.0 * blocks * (HEAD_BYTES + STATE_BYTES * _lanes(bits, blocks, fields, symbols=symbols))


def shared_lane_bits(position: PositionPlan, value: ValuePlan, value_bits: float) -> float:
    """What index and values take more because their blocks are those of both."""
    blocks = len(position.nonzeros)
    coded = [(position.bits, value_bits)] if position.codec is not None else []
    coded += [(value_bits, position.bits)] if value.codec is not None and value.codec.tables() else []
    more = (_lanes(bits, blocks, rest=rest) - _lanes(bits, blocks) for bits, rest in coded)
    return 8.0 * blocks * STATE_BYTES * sum(more)


def _lanes(bits: float, blocks: int, fields: float = 0.0, rest: float = 0.0, symbols: int = 0) -> int:
    """Lanes of a stream of so many bits in so many blocks. Mirrors lanes_for in kernels/rans.cpp, about."""
    own, blocks = bits / 8 / max(blocks, 1), max(blocks, 1)
    stream, block = own + fields / 8 / blocks, own + (fields + rest) / 8 / blocks
    lanes = next(lanes for least, lanes in _OF_BLOCK if block >= least)
    if symbols >= _MANY_SYMBOLS * blocks:
        lanes = max(lanes, 16 if own >= 6_000 else 8)
    return min(lanes, next(lanes for least, lanes in _OF_STREAM if stream >= least))
