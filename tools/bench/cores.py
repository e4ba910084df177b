"""Measuring on one core: also the rivals whose number of threads cannot be told to them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def available() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


@contextlib.contextmanager
def limited_to(threads: int) -> Iterator[None]:
    """Keeps all threads of this process, and those that they start, on the first `threads` of its cores."""
    before = os.sched_getaffinity(0)
    _pin(set(sorted(before)[:threads]))
    try:
        yield
    finally:
        _pin(before)


def _pin(cores: set[int]) -> None:
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # a thread that has ended since
            os.sched_setaffinity(int(task.name), cores)
