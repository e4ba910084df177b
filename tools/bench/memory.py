"""The limit of any load: filling memory that is fresh from the kernel, on huge pages where it gives them.

The memory is what a load of spformat takes: an anonymous mapping of its own, advised to huge pages (spformat/arena.py).
"""

from __future__ import annotations

import ctypes
import gc
import time
from concurrent.futures import ThreadPoolExecutor

from spformat import arena

_LIBC = ctypes.CDLL(None)


def give_back() -> None:
    """Gives the memory that this process has freed back to the system, where its C library can (glibc).

    Else what ran before decides how fast the next job is: memory of a size that malloc keeps is there without a page
    fault, memory that it gives back is not. After it every job takes fresh memory, as a program that loads its model.
    """
    gc.collect()
    if hasattr(_LIBC, "malloc_trim"):
        _LIBC.malloc_trim(0)


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
