"""Plain encoders of section 7: each codec says how it stands in the index and turns a stream of numbers into bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tests import coded_model, forge, stored

Frequencies = tuple[list[int], int | None]  # of 256 symbols; the escape symbol


@dataclass(frozen=True)
class Table:
    """A table of rANS: its number in the file and its bytes."""

    number: int
    data: bytes

    @property
    def read(self) -> Frequencies:
        frequencies: Frequencies = coded_model.table(self.data)
        return frequencies


def free_form(codes: Sequence[int], *, by_popcount: bool = False, escape: int | None = None, rice: int = 1) -> bytes:
    """The bytes of a table of kind 0 or 1 from the codes of its symbols (7.3), the last of them not 0."""
    bits = f"{codes[0]:06b}"[::-1]
    for before, code in pairwise(codes):
        z = 2 * (code - before) if code >= before else 2 * (before - code) - 1
        bits += "1" * (z >> rice) + "0" + (f"{z % (1 << rice):0{rice}b}"[::-1] if rice else "")
    head = [int(by_popcount) | (4 if escape is not None else 0) | rice << 3, len(codes) - 1]
    packed: bytes = stored.pack_bits([int(bit) for bit in bits], 1)
    return bytes(head + ([] if escape is None else [escape])) + packed


def binomial(level: int) -> bytes:
    """The bytes of a table of kind 2."""
    return bytes([2, level])


def rans(symbols: Sequence[int], tables: Sequence[Frequencies], log_lanes: int) -> bytes:
    """A stream of symbols, each under its table, "from the last symbol to the first"."""
    if not symbols:
        return b""
    lanes = 1 << log_lanes
    states, words = [1 << 16] * lanes, []
    for i in reversed(range(len(symbols))):
        frequencies = tables[i][0]
        frequency, start = frequencies[symbols[i]], sum(frequencies[: symbols[i]])
        x = states[i % lanes]
        if x >= frequency << 20:
            words.append(x & 0xFFFF)
            x >>= 16
        states[i % lanes] = (x // frequency << 12) + x % frequency + start
    return bytes([log_lanes]) + _ints(states, 4) + _ints(words[::-1], 2)


def with_literals(data: Sequence[int], tables: Sequence[Frequencies], log_lanes: int) -> bytes:
    """Bytes of a mask: those that their table lacks, or that are its escape, follow the stream as literals."""
    symbols, literals = [], []
    for byte, (frequencies, escape) in zip(data, tables, strict=True):
        escaped = frequencies[byte] == 0 or byte == escape
        if escaped:
            literals.append(byte)
        symbols.append(escape if escaped and escape is not None else byte)
    return rans(symbols, tables, log_lanes) + bytes(literals)


def _ints(numbers: Sequence[int], size: int) -> bytes:
    return b"".join(number.to_bytes(size, "little") for number in numbers)


def _after_length(stream: bytes) -> bytes:
    block: bytes = forge.indexed(stream)
    return block


class Raw:
    """7.1"""

    wire: Any = 0
    coded = False

    def values(self, patterns: Sequence[int], itemsize: int) -> bytes:
        return _ints(patterns, itemsize)

    def mask(self, rows: list[list[int]], first_row: int) -> bytes:  # noqa: ARG002
        packed: bytes = stored.pack_bits([bit for row in rows for bit in row], 1)
        return packed


class Bitpack:
    """7.2"""

    wire: Any = 1

    def gaps(self, codes: Sequence[int], bits: int) -> bytes:
        packed: bytes = stored.pack_bits(codes, bits)
        return packed


@dataclass(frozen=True)
class Rans:
    """7.3, of the bytes of a mask or of gap codes."""

    table: Table
    log_lanes: int = 0

    @property
    def wire(self) -> list[int]:
        return [2, self.table.number]

    def mask(self, rows: list[list[int]], first_row: int) -> bytes:
        data = Raw().mask(rows, first_row)
        return _after_length(with_literals(data, [self.table.read] * len(data), self.log_lanes))

    def gaps(self, codes: Sequence[int], bits: int) -> bytes:  # noqa: ARG002
        return _after_length(rans(codes, [self.table.read] * len(codes), self.log_lanes))


@dataclass(frozen=True)
class Floatsplit:
    """7.4"""

    shift: int
    base: int
    table: Table
    log_lanes: int = 0

    @property
    def wire(self) -> list[int]:
        return [3, self.shift, self.base, self.table.number]

    def values(self, patterns: Sequence[int], itemsize: int) -> bytes:
        frequencies, escape = self.table.read
        sign = 8 * itemsize - 1
        symbols, literals, fields = [], [], []
        for pattern in patterns:
            h = pattern % (1 << sign) >> self.shift
            key = h - self.base
            if not 0 <= key < 256 or not frequencies[key] or key == escape:
                assert escape is not None, f"key {key} is not in the table, which has no escape"
                literals.append(h)
                key = escape
            symbols.append(key)
            fields.append(pattern % (1 << self.shift) | pattern >> sign << self.shift)
        keys = rans(symbols, [self.table.read] * len(symbols), self.log_lanes)
        packed: bytes = stored.pack_bits(fields, self.shift + 1)
        return keys + _ints(literals, 2) + packed


@dataclass(frozen=True)
class Codebook:
    """7.6; `table` of the codes, None for codes of codec bitpack."""

    book: list[int]
    itemsize: int
    table: Table | None = None
    log_lanes: int = 0
    grouped: bool = False

    @property
    def wire(self) -> list[Any]:
        coded = None if self.table is None else [2, self.table.number, *([True] if self.grouped else [])]
        return [5, _ints(self.book, self.itemsize), 1 if coded is None else coded]

    def values(self, patterns: Sequence[int], itemsize: int) -> bytes:
        assert itemsize == self.itemsize
        codes = [self.book.index(pattern) for pattern in patterns]
        if self.table is not None and not self.grouped:
            return rans(codes, [self.table.read] * len(codes), self.log_lanes)
        packed: bytes = stored.pack_bits(codes, (len(self.book) - 1).bit_length())
        return packed if self.table is None else with_literals(packed, [self.table.read] * len(packed), self.log_lanes)


@dataclass(frozen=True)
class Scaled:
    """7.7; patterns that are given to `values` are steps. integers: what stands for them in the index, if anything."""

    run: int
    scales: list[int]
    steps: Codebook
    integers: list[Any] | None = None
    row: int | None = None
    modulus: int = 0
    tops: tuple[int, ...] = ()

    @property
    def wire(self) -> list[Any]:
        _, book, codes = self.steps.wire
        run = self.run if self.row is None else [self.run, self.row]
        wrap = [[self.modulus, bytes(self.tops)]] if self.modulus else []
        return [6, run, _ints(self.scales, 4), self.integers or book, codes, *wrap]

    def values(self, patterns: Sequence[int], itemsize: int) -> bytes:
        return self.steps.values(patterns, itemsize)

    def products(self, steps: Sequence[int]) -> list[int]:
        """The elements, in C order, of steps in C order: products of F32, rounded once."""
        numbers = np.array(steps, np.uint32).view(np.float32)
        scales = np.array(self.scales, np.uint32).view(np.float32)
        number = []
        for i in range(len(steps)):
            in_row = i if self.row is None else i % self.row
            before = 0 if self.row is None else i // self.row * len(range(0, self.row, self.run))
            number.append((before + in_row // self.run) % len(scales))
        if self.modulus:
            above = numbers > np.array(self.tops, np.float32)[number]
            numbers = np.where(above, numbers - np.float32(self.modulus), numbers)
        with np.errstate(over="ignore", under="ignore"):
            products = numbers * scales[number]
        found: list[int] = products.view(np.uint32).tolist()
        return found


@dataclass(frozen=True)
class Strips:
    """7.5; tables[row class][column class]."""

    tables: list[list[Table]]
    rows: list[int]
    columns: list[int]
    log_lanes: int = 0

    @property
    def wire(self) -> list[Any]:
        numbers = bytes(table.number for row in self.tables for table in row)
        row_classes, column_classes = len(self.tables), len(self.tables[0])
        classes = [
            stored.pack_bits(lines, (count - 1).bit_length())
            for lines, count in ((self.rows, row_classes), (self.columns, column_classes))
        ]
        return [4, row_classes, column_classes, numbers, *classes]

    def mask(self, rows: list[list[int]], first_row: int) -> bytes:
        classes = self.rows[first_row : first_row + len(rows)]
        order = sorted(range(len(rows)), key=lambda row: classes[row])
        data, tables = [], []
        for start in range(0, len(rows), 8):
            strip = order[start : start + 8]
            for column, column_class in enumerate(self.columns):
                data.append(sum(rows[row][column] << r for r, row in enumerate(strip)))
                tables.append(self.tables[classes[strip[0]]][column_class].read)
        return _after_length(with_literals(data, tables, self.log_lanes))
