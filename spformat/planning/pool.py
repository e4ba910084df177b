"""The tables of the file that is being written: a tensor may use those of the tensors before it for nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..codecs.frequencies import Table
from ..layouts.model_bank import ModelBank
from ..limits import MAX_TABLES

_ENTRY_BYTES = 2  # of a table in the index, besides its own
_KEY_BYTES = 10  # of the list of tables in the index


@dataclass
class TablePool:
    """Tables in the order of the file. `splits` are the floatsplit parameters that were used: (shift, base, table)."""

    tables: list[Table] = field(default_factory=list)
    splits: list[tuple[int, int, Table]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bank = ModelBank(self.tables, encoding=True)
        self._numbers: dict[Table, int] = {}

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
            self._numbers[table] = len(self.tables)
            self.tables.append(table)
        return self._numbers[table]

    def remember(self, shift: int, base: int, table: Table) -> None:
        """Notes floatsplit parameters for the tensors that follow."""
        if (shift, base, table) not in self.splits:
            self.splits.append((shift, base, table))
