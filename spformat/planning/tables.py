"""What symbols cost under a table."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .. import _native
from ..codecs.frequencies import Table


@lru_cache(maxsize=4096)
def symbol_bits(table: Table, literal_bits: int) -> npt.NDArray[np.float64]:
    """Bits of each symbol, shape (256,): its share of the slots, or escape and literal; infinite where neither is."""
    bits = np.empty(256, np.float64)
    _native.symbol_bits(table.data, literal_bits, bits)
    return bits
