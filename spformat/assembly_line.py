"""Tensors on their way into a file: looked at and encoded on threads, decided on and written in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Pieces = Iterable[npt.NDArray[np.uint8]]
_ALONE = 1 << 24  # bytes of a tensor that has the threads to itself: it is cut into blocks
_WORTH_A_THREAD = 1 << 14  # bytes: below, handing it over takes longer than doing it
_MOST_UNDER_WAY = 1 << 25  # bytes of tensors that are not written yet: what packing needs besides the largest tensor
_LEAST_COUNTED = 1 << 16  # bytes that the smallest tensor counts as: what is known about it


class Job(Protocol):
    """One tensor. size: in bytes."""

    size: int

    def examine(self, threads: int) -> None:
        """All that depends on no other tensor, on any thread."""

    def settle(self) -> None:
        """The decision, which may depend on those before."""

    def encode(self, threads: int) -> Pieces:
        """The bytes, on any thread."""

    def write(self, pieces: Pieces) -> None:
        """Puts them where they belong, after those before."""


class AssemblyLine:
    """Takes jobs through their four steps. ahead: some at a time, of which the first and the third are done on threads;
    otherwise one after the other. What a step raises is raised by the call that waits for it."""

    def __init__(self, threads: int, ahead: bool) -> None:
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._ahead = ahead and threads > 1
        self._examined: deque[tuple[Job, Future[None]]] = deque()
        self._encoded: deque[tuple[Job, Future[Pieces]]] = deque()
        self._under_way = 0

    def add(self, job: Job) -> None:
        """The next job. It is done when this returns, unless it is to be done ahead."""
        if not self._ahead or job.size > _ALONE:
            self.finish()
            job.examine(self._threads)
            job.settle()
            job.write(job.encode(self._threads))
            return
        self._examined.append((job, self._started(job.size, job.examine, 1)))
        self._under_way += _counted(job)
        while self._under_way > _MOST_UNDER_WAY or self._is_next_done():
            self._advance()

    def finish_encoded(self) -> None:
        """Waits until all that was decided on is written."""
        while self._encoded:
            self._write_next()

    def finish(self) -> None:
        """Waits until all jobs are done."""
        while self._examined or self._encoded:
            self._advance()

    def close(self) -> None:
        """Forgets the jobs that are not done, and waits for the threads."""
        self._examined.clear()
        self._encoded.clear()
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _is_next_done(self) -> bool:
        """Whether a step can be taken without waiting."""
        return any(queue[0][1].done() for queue in (self._encoded, self._examined) if queue)

    def _advance(self) -> None:
        """Writes the next tensor if it is ready; else decides on the next one, so that there is more to encode."""
        if self._encoded and (self._encoded[0][1].done() or not self._examined):
            self._write_next()
            return
        job, examined = self._examined.popleft()
        examined.result()
        job.settle()
        self._encoded.append((job, self._started(job.size, _encoded, job)))

    def _write_next(self) -> None:
        job, encoded = self._encoded.popleft()
        job.write(encoded.result())
        self._under_way -= _counted(job)

    def _started(self, size: int, step: Any, *arguments: Any) -> Future[Any]:
        """The step on a thread, or done at once."""
        if size >= _WORTH_A_THREAD:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, "spformat")
            return self._pool.submit(step, *arguments)
        done: Future[Any] = Future()
        done.set_result(step(*arguments))
        return done


def _encoded(job: Job) -> Pieces:
    return list(job.encode(1))


def _counted(job: Job) -> int:
    return max(job.size, _LEAST_COUNTED)
