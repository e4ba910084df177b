"""Bit streams (spec/format.md, sections 1 and 7.2): the plain twin of the kernels, for inspection and tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def size(count: int, width: int) -> int:
    """Bytes of `count` numbers of `width` bits."""
    return (count * width + 7) // 8


def unpack(data: bytes | memoryview, count: int, width: int) -> npt.NDArray[np.uint64]:
    """The first `count` numbers of `width` bits of a bit stream, shape (count,)."""
    raw = np.frombuffer(data, np.uint8, size(count, width))
    bits = np.unpackbits(raw, bitorder="little", count=count * width).reshape(count, width)
    numbers = np.zeros(count, np.uint64)
    for start in range(0, width, 8):
        byte = np.packbits(bits[:, start : start + 8], axis=1, bitorder="little")
        numbers |= byte[:, 0].astype(np.uint64) << np.uint64(start)
    return numbers
