"""Tables and codings in the form that the kernels read."""

from __future__ import annotations

from collections.abc import Iterable

from .. import _native
from ..codecs import table as codecs
from ..codecs.frequencies import Table
from .coding import Codebook, Coding, Floatsplit, Rans, Scaled, Strips, number_of


class ModelBank:
    """The tables of one file, expanded when they are first needed.

    `tables` is the list of the file; it may grow. encoding: for writing, else for reading.
    """

    def __init__(self, tables: list[Table], encoding: bool = False) -> None:
        self.tables = tables
        self.native = _native.Models(encoding)
        self._ready: set[int] = set()

    def prepare(self, numbers: Iterable[int]) -> None:
        """Expands tables. Raises IndexError for one that the file does not have, ValueError for one that breaks a
        rule."""
        for number in set(numbers) - self._ready:
            self.native.expand(number, self.tables[number].data)
            self._ready.add(number)


class NativeCoding:
    """A Coding in the form that the kernels read; keeps alive what it points to.

    Raises IndexError for a table that the file does not have, ValueError for one that breaks a rule.
    """

    def __init__(self, coding: Coding, bank: ModelBank, itemsize: int) -> None:
        index, value = coding.index, coding.value
        bank.prepare(coding.tables())
        strips = index if isinstance(index, Strips) else _NO_STRIPS
        split = value if isinstance(value, Floatsplit) else _NO_SPLIT
        scaled = value if isinstance(value, Scaled) else _NO_SCALES
        book = value if isinstance(value, Codebook) else scaled.steps
        if split is value and split.base + bank.native.largest(split.table) >> 8 * itemsize - 1 - split.shift:
            raise ValueError("a key of floatsplit is too large for the values")
        self._native = _native.Coding(
            bank.native,
            number_of(index),
            index.table if isinstance(index, Rans) else 0,
            strips.row_classes,
            strips.column_classes,
            strips.strip_tables,
            strips.rows,
            strips.columns,
            codecs.CODEBOOK if scaled is value else number_of(value),
            split.table if split is value else book.table or 0,
            split.shift,
            split.base,
            codecs.BITPACK if book.table is None else codecs.RANS,
            book.codes_in_byte(itemsize),
            book.patterns,
            len(book.patterns) // itemsize,
            scaled.run,
            scaled.row,
            scaled.scales,
            scaled.modulus,
            scaled.tops,
        )
        self.address: int = self._native.address


_NO_STRIPS, _NO_SPLIT, _NO_SCALES = (
    Strips(0, 0, b"", b"", b""),
    Floatsplit(0, 0, 0),
    Scaled(0, b"", Codebook(b"", None)),
)
