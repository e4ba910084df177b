"""Deep Compression's relative index: gaps of b bits along the flattened tensor, filler zeros where a gap is longer.

As its authors' decoder reads it: position = cumsum(code + 1) - 1, so a code of b bits spans 1 to 2**b positions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .entropy import Counts


def entries_per_nonzero(density: float, index_bits: int) -> float:
    """Expected entries, fillers included, for each nonzero of an independent mask: 1 / (1 - q**(2**b)).

    density: 0 < p <= 1, q = 1 - p; index_bits: b from 0 on.
    """
    if not 0 < density <= 1:
        raise ConfigError("density", expected="above 0, at most 1", found=density)
    missed: float = (1 - density) ** (1 << index_bits)
    return 1 / (1 - missed)


def index_code_counts(mask: NDArray[np.bool_], index_bits: int) -> Counts:
    """How often each index code occurs for a mask of any shape, fillers included; shape (2**index_bits,).

    Fillers all have the largest code. Zeros behind the last nonzero take no entry.
    """
    span = 1 << index_bits
    positions = np.flatnonzero(mask)
    codes = np.diff(positions, prepend=-1) - 1
    counts = np.bincount(codes % span, minlength=span).astype(np.int64)
    counts[-1] += int((codes // span).sum())
    return counts
