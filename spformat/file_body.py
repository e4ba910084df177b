"""What has been written of a file: its bytes so far, its index, and what its tensors share."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from .container.entry import EntryRecord
from .container.index import Index
from .duplicates import Duplicates
from .planning.pool import TablePool


class FileBody:
    """Entries are those of tensors that are written. Where the file can be read back (`readable`), `duplicates` finds
    equal ones."""

    def __init__(self, file: BinaryIO, index: Index, readable: bool) -> None:
        self.file, self.index = file, index
        self.pool = TablePool()
        self.duplicates = Duplicates(file, index.entries, self.pool.tables) if readable else None
        self.stored_bytes = 0
        self._numbers: dict[str, int] = {}

    def append(self, entry: EntryRecord) -> int:
        """The next entry of the index; returns its number."""
        number = self._numbers[entry.name] = len(self.index.entries)
        self.index.entries.append(entry)
        return number

    def append_tie(self, name: str, target: str) -> None:
        """The entry of a name for a tensor that has one, or that is tied itself."""
        number = self._numbers[target]
        owner = self.index.entries[number]
        is_tie = owner.target is not None and not owner.copied
        self.append(EntryRecord(name, target=owner.target if is_tie else number))

    def write(self, data: bytes | npt.NDArray[np.uint8]) -> None:
        """The next bytes of the file."""
        rest = memoryview(data if isinstance(data, bytes) else data.data)
        while rest:  # a raw file may take less than it is given
            rest = rest[self.file.write(rest) or 0 :]
        self.stored_bytes += len(data)
