"""One allocation for a whole load. Page faults, not arithmetic, are what decoding waits for: huge pages make 512
times fewer of them, and memory fresh from the kernel is zero already, so that zeros need not be written."""

from __future__ import annotations

import mmap

import numpy as np
import numpy.typing as npt

from .errors import LimitError

ALIGNMENT = 64  # of each tensor: a cache line, and what vector loads like
_HUGE_PAGE = 1 << 21
_WORTH_MAPPING = 2 * _HUGE_PAGE


def aligned(size: int) -> int:
    """The size rounded up to the alignment of tensors."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def zeroed(size: int) -> npt.NDArray[np.uint8]:
    """`size` writable zero bytes, shape (size,), at an aligned address. Raises LimitError when there is no memory."""
    try:
        if size < _WORTH_MAPPING or not hasattr(mmap, "MADV_HUGEPAGE"):
            return _aligned_view(np.zeros(size + ALIGNMENT, np.uint8), size, ALIGNMENT)
        pages = mmap.mmap(-1, size + _HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (MemoryError, OSError, ValueError, OverflowError):
        raise LimitError("not enough memory for the decoded tensors", kind="limits/memory", found=size) from None
    pages.madvise(mmap.MADV_HUGEPAGE)
    return _aligned_view(np.frombuffer(pages, np.uint8), size, _HUGE_PAGE)


def _aligned_view(memory: npt.NDArray[np.uint8], size: int, alignment: int) -> npt.NDArray[np.uint8]:
    start = -memory.ctypes.data % alignment
    return memory[start : start + size]
