"""One allocation for a whole load: kernels/arena.h says why."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from . import _native
from .errors import LimitError

ALIGNMENT = 64  # of each tensor: a cache line, and what vector loads like


def aligned(size: int) -> int:
    """The size rounded up to the alignment of tensors."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def allocated(size: int) -> _native.Arena:
    """A buffer of `size` writable zero bytes at an aligned address. Raises LimitError when there is no memory."""
    try:
        return _native.Arena(size)
    except (MemoryError, TypeError):  # the latter for what is no size of 64 bits
        raise LimitError("not enough memory for the decoded tensors", kind="limits/memory", found=size) from None


def zeroed(size: int) -> npt.NDArray[np.uint8]:
    """The same as an array, shape (size,)."""
    return np.frombuffer(memoryview(allocated(size)), np.uint8)
