"""The tables of the file that is being written: a tensor may use those of the tensors before it for nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .. import _native
from ..codecs.frequencies import Table
from ..layouts.model_bank import ModelBank
from ..limits import MAX_TABLES
from .tables import symbol_bits

_ENTRY_BYTES = 2  # of a table in the index, besides its own
_KEY_BYTES = 10  # of the list of tables in the index
Split = tuple[int, int, Table]  # of floatsplit: shift, base, table
_NEVER = 1e18  # bits of a symbol that a table lacks


@dataclass(frozen=True)
class SymbolCounts:
    """How often each of 256 symbols occurs, the table made for that, and what they take under it in bits."""

    counts: npt.NDArray[np.uint64]
    own: Table
    bits: float

    @classmethod
    def of(cls, counts: npt.NDArray[np.uint64]) -> SymbolCounts:
        """Of counts of which one at least is not zero."""
        table, bits = _native.make_symbol_table(counts)
        return cls(counts, Table(table), bits)


@dataclass
class TablePool:
    """Tables in the order of the file. `splits` are the floatsplit parameters that were used."""

    tables: list[Table] = field(default_factory=list)
    splits: list[Split] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bank = ModelBank(self.tables, encoding=True)
        self._numbers: dict[bytes, int] = {}
        self._bits: npt.NDArray[np.float64] = np.empty((MAX_TABLES, 256))  # of symbols under tables without escape

    def missing(self, tables: frozenset[bytes]) -> frozenset[bytes]:
        """Those that are not there yet; tables are given as their bytes."""
        return tables.difference(self._numbers)

    def extra_bits(self, missing: frozenset[bytes]) -> float:
        """Bits that tables which are not there yet would add to the index; infinite when there is no room."""
        if not missing:
            return 0.0
        if len(self.tables) + len(missing) > MAX_TABLES:
            return float("inf")
        key = 0 if self.tables else _KEY_BYTES
        return 8.0 * (key + sum(map(len, missing)) + _ENTRY_BYTES * len(missing))

    def number(self, table: Table) -> int:
        """The number of a table, which is added if it is not there."""
        number = self._numbers.get(table.data)
        if number is None:
            number = self._numbers[table.data] = len(self.tables)
            self.tables.append(table)
            self._bits[number] = np.minimum(symbol_bits(table, 0), _NEVER) if table.escape < 0 else _NEVER
        return number

    def cheapest(self, symbols: SymbolCounts) -> tuple[Table, float]:
        """The table without escape for those symbols, of the file or their own, whichever costs less with its bytes;
        and the bits of the symbols."""
        if self.tables:
            best, bits = _native.cheapest_table(self._bits[: len(self.tables)].reshape(-1), symbols.counts)
            if bits < symbols.bits + self.extra_bits(self.missing(frozenset((symbols.own.data,)))):
                return self.tables[best], bits
        return symbols.own, symbols.bits

    def remember(self, shift: int, base: int, table: Table) -> None:
        """Notes floatsplit parameters for the tensors that follow."""
        if (shift, base, table) not in self.splits:
            self.splits.append((shift, base, table))
