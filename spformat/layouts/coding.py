"""How the streams of a tensor are coded (spec/format.md, section 7), on the wire and for the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import _native
from ..codecs import bitpack
from ..codecs import table as codecs
from ..codecs.frequencies import Table
from .model_bank import ModelBank
from .view import View

Classes = npt.NDArray[np.uint8]

CODING = np.dtype(
    [
        ("decode_models", "<u8"),
        ("encode_models", "<u8"),
        ("escapes", "<u8"),
        ("strip_tables", "<u8"),
        ("row_class", "<u8"),
        ("column_class", "<u8"),
        ("codebook", "<u8"),
        ("base", "<u4"),
        ("index_codec", "u1"),
        ("index_table", "u1"),
        ("value_codec", "u1"),
        ("value_table", "u1"),
        ("shift", "u1"),
        ("row_classes", "u1"),
        ("column_classes", "u1"),
        ("code_codec", "u1"),
        ("codebook_values", "<u2"),
        ("reserved", "<u2"),
    ]
)
assert CODING.itemsize == _native.CODING_BYTES


@dataclass(frozen=True)
class Rans:
    """Bytes (of a mask, or gap codes) under one table."""

    table: int
    number: ClassVar[int] = codecs.RANS

    def to_wire(self) -> list[Any]:
        return [codecs.RANS, self.table]

    def tables(self) -> list[int]:
        return [self.table]


@dataclass(frozen=True, eq=False)
class Strips:
    """A mask in strips of eight rows, each byte under the table of its row's class and its column's class.

    rows, columns: the classes of all rows and columns of the tensor. tables: row class * column_classes + column class.
    """

    row_classes: int
    column_classes: int
    strip_tables: tuple[int, ...]
    rows: Classes
    columns: Classes
    number: ClassVar[int] = codecs.STRIPS

    def to_wire(self) -> list[Any]:
        packed = [
            bitpack.pack(classes.astype(np.uint64), _width(count))
            for classes, count in ((self.rows, self.row_classes), (self.columns, self.column_classes))
        ]
        return [codecs.STRIPS, self.row_classes, self.column_classes, list(self.strip_tables), *packed]

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

    def check(self, table: Table, itemsize: int) -> None:
        """Raises ValueError when the largest key stands for bits that the value does not have."""
        largest = int(np.flatnonzero(table.frequencies)[-1])
        if self.base + largest >> (8 * itemsize - 1 - self.shift):
            raise ValueError("a key of floatsplit is too large for the values")

    def tables(self) -> list[int]:
        return [self.table]


@dataclass(frozen=True)
class Codebook:
    """Values as codes into a list of bit patterns.

    patterns: 1 to 256 patterns of itemsize bytes each, ascending as unsigned integers. table: of the codes' rans
    stream; None packs them with as few bits as their number needs.
    """

    patterns: bytes
    table: int | None
    number: ClassVar[int] = codecs.CODEBOOK

    def to_wire(self) -> list[Any]:
        return [codecs.CODEBOOK, self.patterns, codecs.BITPACK if self.table is None else [codecs.RANS, self.table]]

    def tables(self) -> list[int]:
        return [] if self.table is None else [self.table]


IndexCodec = int | Rans | Strips
ValueCodec = int | Floatsplit | Codebook


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
        return [codecs.name(_number(part)) for part in parts]

    def tables(self) -> list[int]:
        """Numbers of the tables that are used."""
        return [
            t
            for part in (self.index, self.value)
            if part is not None and not isinstance(part, int)
            for t in part.tables()
        ]


class NativeCoding:
    """A Coding in the form that the kernels read; keeps alive what it points to.

    With prepared=False the tables are only numbers, for counting. Raises IndexError for a table that the file does
    not have, ValueError for one that breaks a rule.
    """

    def __init__(self, coding: Coding, bank: ModelBank, itemsize: int, prepared: bool = True) -> None:
        for number in coding.tables() if prepared else []:
            bank.prepare(number)
        if isinstance(coding.value, Floatsplit):
            coding.value.check(bank.tables[coding.value.table], itemsize)
        self._struct = np.zeros(1, CODING)
        self._kept: list[Any] = [bank]
        row = self._struct[0]
        row["decode_models"], row["encode_models"], row["escapes"] = bank.addresses
        row["index_codec"], row["value_codec"] = _number(coding.index), _number(coding.value)
        if isinstance(coding.value, Floatsplit):
            row["shift"], row["base"] = coding.value.shift, coding.value.base
            row["value_table"] = coding.value.table
        if isinstance(coding.value, Codebook):
            self._set_codebook(row, coding.value, itemsize)
        if isinstance(coding.index, Rans):
            row["index_table"] = coding.index.table
        if isinstance(coding.index, Strips):
            self._set_strips(row, coding.index)

    def _set_codebook(self, row: Any, codebook: Codebook, itemsize: int) -> None:
        patterns = np.frombuffer(codebook.patterns, np.uint8)
        self._kept.append(patterns)
        row["codebook"], row["codebook_values"] = patterns.ctypes.data, len(patterns) // itemsize
        row["code_codec"] = codecs.BITPACK if codebook.table is None else codecs.RANS
        row["value_table"] = codebook.table or 0

    def _set_strips(self, row: Any, strips: Strips) -> None:
        arrays = [np.array(strips.strip_tables, np.uint8), strips.rows, strips.columns]
        self._kept += arrays
        row["strip_tables"], row["row_class"], row["column_class"] = (a.ctypes.data for a in arrays)
        row["row_classes"], row["column_classes"] = strips.row_classes, strips.column_classes

    @property
    def address(self) -> int:
        """Where the struct is."""
        return int(self._struct.ctypes.data)


def _number(codec: IndexCodec | ValueCodec | None) -> int:
    if codec is None:
        return codecs.RAW
    return codec if isinstance(codec, int) else codec.number


def _width(classes: int) -> int:
    return (classes - 1).bit_length()


def index_codec(wire: Any, allowed: tuple[int, ...], view: View) -> IndexCodec | None:
    """The codec of a mask or of gaps that the index gives; None when it breaks a rule."""
    if type(wire) is int:
        return wire if wire in allowed and wire in (codecs.RAW, codecs.BITPACK) else None
    if type(wire) is not list or not wire or type(wire[0]) is not int or wire[0] not in allowed:
        return None
    if wire[0] == codecs.RANS:
        return Rans(wire[1]) if len(wire) == 2 and _is_table(wire[1]) else None
    return _strips(wire, view) if wire[0] == codecs.STRIPS else None


def value_codec(wire: Any, itemsize: int) -> ValueCodec | None:
    """The codec of values that the index gives; None when it breaks a rule."""
    if type(wire) is int:
        return wire if wire == codecs.RAW else None
    if type(wire) is not list or not wire or type(wire[0]) is not int or itemsize > 8:
        return None
    if wire[0] == codecs.CODEBOOK:
        return _codebook(wire, itemsize)
    return _floatsplit(wire, itemsize) if wire[0] == codecs.FLOATSPLIT else None


def _codebook(wire: list[Any], itemsize: int) -> Codebook | None:
    if len(wire) != 3 or type(wire[1]) is not bytes:
        return None
    _, patterns, codes = wire
    if len(patterns) % itemsize or not 1 <= len(patterns) // itemsize <= 256:
        return None
    numbers = np.frombuffer(patterns, np.dtype(f"<u{itemsize}"))
    if (numbers[1:] <= numbers[:-1]).any():
        return None
    if type(codes) is int:
        return Codebook(patterns, None) if codes == codecs.BITPACK else None
    is_rans = type(codes) is list and len(codes) == 2 and type(codes[0]) is int and codes[0] == codecs.RANS
    return Codebook(patterns, codes[1]) if is_rans and _is_table(codes[1]) else None


def _floatsplit(wire: list[Any], itemsize: int) -> Floatsplit | None:
    if len(wire) != 4 or any(type(n) is not int for n in wire):
        return None
    _, shift, base, table = wire
    width = 8 * itemsize
    if not _is_table(table) or not max(0, width - 16) <= shift <= width - 2 or not 0 <= base < 1 << (width - 1 - shift):
        return None
    return Floatsplit(shift, base, table)


def _is_table(number: Any) -> bool:
    return type(number) is int and 0 <= number <= 255


def _strips(wire: list[Any], view: View) -> Strips | None:
    if len(wire) != 6 or type(wire[3]) is not list or not all(_is_table(t) for t in wire[3]):
        return None
    _, row_classes, column_classes, tables, rows, columns = wire
    if not all(type(n) is int and 1 <= n <= 16 for n in (row_classes, column_classes)):
        return None
    unpacked = [_classes(rows, view.rows, row_classes), _classes(columns, view.row_elements, column_classes)]
    if len(tables) != row_classes * column_classes or unpacked[0] is None or unpacked[1] is None:
        return None
    return Strips(row_classes, column_classes, tuple(tables), unpacked[0], unpacked[1])


def _classes(data: Any, count: int, classes: int) -> Classes | None:
    width = _width(classes)
    if type(data) is not bytes or len(data) != bitpack.size(count, width):
        return None
    numbers = np.empty(count, np.uint8)
    _native.unpack_bits(data, width, numbers)
    padding = data[-1] >> (count * width % 8) if count * width % 8 else 0
    return None if padding or (count and int(numbers.max()) >= classes) else numbers
