"""XXH3-64 (spec/format.md, section 8). Ours, because blocks are hashed on threads that do not hold the GIL."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _native


def digest(data: bytes | bytearray | memoryview | np.ndarray[Any, Any]) -> int:
    """The digest of the bytes of a buffer, or of a C-contiguous array."""
    if isinstance(data, np.ndarray):
        return _native.xxh3_64(data.reshape(-1).view(np.uint8))
    return _native.xxh3_64(np.frombuffer(data, np.uint8))
