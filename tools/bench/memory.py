"""The limit of any load: filling memory that is fresh from the kernel, on huge pages where it gives them.

The memory is what a load of spformat takes: an anonymous mapping of its own, advised to huge pages (spformat/arena.py).
"""

from __future__ import annotations

import ctypes
import time
from concurrent.futures import ThreadPoolExecutor

from spformat import arena

_LIBC = ctypes.CDLL(None)


def memset_seconds(size: int, threads: int) -> float:
    """Seconds to allocate `size` bytes and set them all, each thread a stretch of its own."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(time.sleep, [0.001] * threads))  # so that the threads are there
        start = time.perf_counter()
        memory = arena.zeroed(size)
        part = -(-size // threads)

        def fill(i: int) -> None:
            length = max(0, min(part, size - i * part))
            _LIBC.memset(ctypes.c_void_p(memory.ctypes.data + i * part), 1, ctypes.c_size_t(length))

        list(pool.map(fill, range(threads)))
        return time.perf_counter() - start
