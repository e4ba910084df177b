"""Tables of rANS (spec/format.md, section 7.3): from their bytes in the index to 256 frequencies of 4096 slots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from .. import _native

SLOTS = 4096
NATURAL, BY_POPCOUNT, BINOMIAL = 0, 1, 2
MOST_CODE = 48
LEVELS = 192
POPCOUNT_ORDER = sorted(range(256), key=lambda symbol: (symbol.bit_count(), symbol))


@dataclass(frozen=True)
class Table:
    """A table as it stands in the index. Its properties raise ValueError when its bytes break a rule."""

    data: bytes

    def __hash__(self) -> int:  # of bytes, which remember theirs: tables are looked up all the time
        return hash(self.data)

    @cached_property
    def _read(self) -> tuple[npt.NDArray[np.uint16], int]:
        frequencies = np.empty(256, np.uint16)
        return frequencies, _native.read_table(self.data, frequencies)

    @property
    def frequencies(self) -> npt.NDArray[np.uint16]:
        """Slots of each symbol, shape (256,), adding up to 4096."""
        return self._read[0]

    @property
    def escape(self) -> int:
        """The escape symbol, -1 when there is none."""
        return self._read[1]


@lru_cache(maxsize=4096)
def table_of(data: bytes) -> Table:
    """The table of those bytes, which is read once however many tensors come to the same."""
    return Table(data)


def weight_of(code: int) -> int:
    """The weight that a code of 1 to 48 stands for: steps of about 19 %, from 4 to 14336."""
    return (4 + (code - 1) % 4) << ((code - 1) // 4)


def chance_of(level: int) -> float:
    """The density of a binomial table's bits."""
    return ((16 + level % 16) << (level // 16)) / 65536
