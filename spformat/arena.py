"""One allocation for a whole load. Page faults, not arithmetic, are what decoding waits for: huge pages make 512
times fewer of them, and memory fresh from the kernel is zero already, so that zeros need not be written."""

from __future__ import annotations

import mmap

import numpy as np
import numpy.typing as npt

from .errors import LimitError

Bytes = npt.NDArray[np.uint8]
ALIGNMENT = 64  # of each tensor: a cache line, and what vector loads like
_HUGE_PAGE = 1 << 21
_WORTH_MAPPING = 2 * _HUGE_PAGE


def aligned(size: int) -> int:
    """The size rounded up to the alignment of tensors."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def zeroed(size: int) -> Bytes:
    """`size` writable zero bytes, shape (size,), at an aligned address. Raises LimitError when there is no memory."""
    return zeroed_and_rest(size)[0]


def zeroed_and_rest(size: int) -> tuple[Bytes, Bytes]:
    """As zeroed; and what is left of the last huge page, which the kernel clears with it: none where there are none."""
    try:
        if size < _WORTH_MAPPING or not hasattr(mmap, "MADV_HUGEPAGE"):
            memory = np.zeros(size + ALIGNMENT, np.uint8)
            start = -memory.ctypes.data % ALIGNMENT
            return memory[start : start + size], memory[:0]
        whole = -(-size // _HUGE_PAGE) * _HUGE_PAGE
        pages = mmap.mmap(-1, whole + _HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (MemoryError, OSError, ValueError, OverflowError):
        raise LimitError("not enough memory for the decoded tensors", kind="limits/memory", found=size) from None
    pages.madvise(mmap.MADV_HUGEPAGE)
    memory = np.frombuffer(pages, np.uint8)
    start = -memory.ctypes.data % _HUGE_PAGE
    return memory[start : start + size], memory[start + size : start + whole]
