"""How the streams of a tensor are coded (spec/format.md, section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import _native
from ..codecs import steps
from ..codecs import table as codecs


@dataclass(frozen=True)
class Rans:
    """Bytes (of a mask, or gap codes) under one table."""

    table: int
    number: ClassVar[int] = codecs.RANS

    def to_wire(self) -> list[Any]:
        return [codecs.RANS, self.table]

    def tables(self) -> list[int]:
        return [self.table]


@dataclass(frozen=True)
class Strips:
    """A mask in strips of eight rows, each byte under the table of its row's class and its column's class.

    strip_tables[row class * column_classes + column class]: a table's number, one byte each. rows, columns: the
    classes of all rows and columns of the tensor, one byte each; empty when there is one class.
    """

    row_classes: int
    column_classes: int
    strip_tables: bytes
    rows: bytes
    columns: bytes
    number: ClassVar[int] = codecs.STRIPS

    def to_wire(self) -> list[Any]:
        packed = [
            _native.pack_classes(classes, code_width(count))
            for classes, count in ((self.rows, self.row_classes), (self.columns, self.column_classes))
        ]
        return [codecs.STRIPS, self.row_classes, self.column_classes, self.strip_tables, *packed]

    def tables(self) -> list[int]:
        return list(self.strip_tables)


@dataclass(frozen=True)
class Floatsplit:
    """Values as keys under one table, and fields of shift + 1 bits."""

    shift: int
    base: int
    table: int
    number: ClassVar[int] = codecs.FLOATSPLIT

    def to_wire(self) -> list[Any]:
        return [codecs.FLOATSPLIT, self.shift, self.base, self.table]

    def tables(self) -> list[int]:
        return [self.table]


@dataclass(frozen=True)
class Codebook:
    """Values as codes into a list of bit patterns.

    patterns: 1 to 256 patterns of itemsize bytes each, ascending as unsigned integers. table: of the codes' rans
    stream; None packs them with as few bits as their number needs. grouped: whether a symbol of that stream is a byte
    of packed codes, of 1, 2 or 4 bits each.
    """

    patterns: bytes
    table: int | None
    grouped: bool = False
    number: ClassVar[int] = codecs.CODEBOOK

    def to_wire(self) -> list[Any]:
        rans = [codecs.RANS, self.table, True] if self.grouped else [codecs.RANS, self.table]
        return [codecs.CODEBOOK, self.patterns, codecs.BITPACK if self.table is None else rans]

    def codes_in_byte(self, itemsize: int) -> int:
        """How many codes a symbol groups; 0 where it is one."""
        return 8 // code_width(len(self.patterns) // itemsize) if self.grouped else 0

    def tables(self) -> list[int]:
        return [] if self.table is None else [self.table]


@dataclass(frozen=True)
class Scaled:
    """Values as steps of a codebook, each times a scale.

    steps: patterns of finite float32; in the index integers are bits. scales: float32, finite, not negative. Element i
    of the tensor, in C order, has scale (i // run) % len(scales); row: elements after which runs begin anew, if not 0.
    modulus, if not 0: what is taken from steps above the top of their scale; tops: a byte for each. They are integers.
    """

    run: int
    scales: bytes
    steps: Codebook
    row: int = 0
    modulus: int = 0
    tops: bytes = b""
    number: ClassVar[int] = codecs.SCALED

    def to_wire(self) -> list[Any]:
        _, patterns, codes = self.steps.to_wire()
        run = [self.run, self.row] if self.row else self.run
        wrap = [[self.modulus, self.tops]] if self.modulus else []
        return [codecs.SCALED, run, self.scales, steps.to_wire(patterns), codes, *wrap]

    def scale_numbers(self, elements: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Which of the scales elements have, which are counted in C order; of the same shape."""
        numbers = elements // self.run
        if self.row:
            numbers = elements // self.row * -(-self.row // self.run) + elements % self.row // self.run
        return numbers % (len(self.scales) // 4)

    def tables(self) -> list[int]:
        return self.steps.tables()


IndexCodec = int | Rans | Strips
ValueCodec = int | Floatsplit | Codebook | Scaled


@dataclass(frozen=True)
class Coding:
    """The codecs of a tensor's streams. index is None for a layout that has values only."""

    index: IndexCodec | None
    value: ValueCodec = codecs.RAW

    @property
    def is_plain(self) -> bool:
        """Whether no entropy coder is used, so that sizes follow from counts."""
        return isinstance(self.value, int) and (self.index is None or isinstance(self.index, int))

    def to_wire(self) -> list[Any]:
        parts = [self.value] if self.index is None else [self.index, self.value]
        return [part if isinstance(part, int) else part.to_wire() for part in parts]

    def names(self) -> list[str]:
        """Names of the codecs, of the index first."""
        parts = [self.value] if self.index is None else [self.index, self.value]
        return [codecs.name(number_of(part)) for part in parts]

    def tables(self) -> list[int]:
        """Numbers of the tables that are used."""
        found = [] if self.index is None or isinstance(self.index, int) else self.index.tables()
        return found if isinstance(self.value, int) else found + self.value.tables()


def number_of(codec: IndexCodec | ValueCodec | None) -> int:
    """The number of a codec in the table of section 7; raw for a stream that is not there."""
    if codec is None:
        return codecs.RAW
    return codec if isinstance(codec, int) else codec.number


def code_width(count: int) -> int:
    """Bits of the code of one of so many patterns, or of the class of a row or a column."""
    return (count - 1).bit_length()
