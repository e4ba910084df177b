"""The tables of the file that is being written: a tensor may use those of the tensors before it for nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..codecs.frequencies import Table
from ..layouts.model_bank import ModelBank
from ..limits import MAX_TABLES
from .tables import cost, free_form, symbol_bits

_ENTRY_BYTES = 2  # of a table in the index, besides its own
_KEY_BYTES = 10  # of the list of tables in the index
_NEVER = 1e18  # bits of a symbol that a table lacks


@dataclass
class TablePool:
    """Tables in the order of the file. `splits` are the floatsplit parameters that were used: (shift, base, table)."""

    tables: list[Table] = field(default_factory=list)
    splits: list[tuple[int, int, Table]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bank = ModelBank(self.tables, encoding=True)
        self._numbers: dict[Table, int] = {}
        self._bits: npt.NDArray[np.float64] = np.empty((MAX_TABLES, 256))  # of symbols under tables without escape

    def extra_bits(self, tables: set[Table]) -> float:
        """Bits that the tables which are not there yet would add to the index; infinite when there is no room."""
        new = [table for table in tables if table not in self._numbers]
        if len(self.tables) + len(new) > MAX_TABLES:
            return float("inf")
        key = _KEY_BYTES if new and not self.tables else 0
        return 8.0 * (key + sum(len(table.data) + _ENTRY_BYTES for table in new))

    def number(self, table: Table) -> int:
        """The number of a table, which is added if it is not there."""
        if table not in self._numbers:
            number = len(self.tables)
            self._numbers[table] = number
            self.tables.append(table)
            self._bits[number] = np.minimum(symbol_bits(table, 0), _NEVER) if table.escape < 0 else _NEVER
        return self._numbers[table]

    def cheapest(self, counts: npt.NDArray[Any]) -> tuple[Table, float]:
        """The table without escape for those counts of symbols, of the file or a new one, whichever costs less with
        its own bytes; and the bits of the symbols."""
        own = free_form(counts)
        bits = cost(counts, symbol_bits(own, 0))
        if self.tables:
            weighed = self._bits[: len(self.tables)] @ counts.astype(np.float64)
            best = int(weighed.argmin())
            if weighed[best] < bits + self.extra_bits({own}):
                return self.tables[best], float(weighed[best])
        return own, bits

    def remember(self, shift: int, base: int, table: Table) -> None:
        """Notes floatsplit parameters for the tensors that follow."""
        if (shift, base, table) not in self.splits:
            self.splits.append((shift, base, table))
