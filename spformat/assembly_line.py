"""Tensors on their way into a file: looked at and encoded on threads, decided on and written in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

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


class _Step:
    """A step of a job: done at once, on a thread, or by whoever waits for it and finds that no thread has begun."""

    def __init__(self, job: Job, step: Callable[[], Any], pool: ThreadPoolExecutor | None) -> None:
        self.job, self._step = job, step
        self._future: Future[Any] | None = Future() if pool else None
        self._found = None if pool else step()
        if pool and self._future:
            with suppress(RuntimeError):  # no thread can be started: then whoever waits does it
                pool.submit(_fulfil, self._future, step)

    def is_done(self) -> bool:
        """Whether `result` need not wait."""
        return self._future is None or self._future.done()

    def help(self) -> bool:
        """Does it here, unless a thread has begun."""
        if self._future is None or not self._future.cancel():
            return False
        self._future = None
        self._found = self._step()
        return True

    def wait(self) -> None:
        """Until a thread has done it, whatever comes of it."""
        if self._future is not None:
            wait([self._future])

    def result(self) -> Any:
        """What the step returned; raises what it raised."""
        return self._found if self._future is None else self._future.result()


class AssemblyLine:
    """Takes jobs through their four steps. ahead: some at a time, of which the first and the third step are done on
    `threads` threads, this one among them; otherwise one job after the other. What a step raises is raised by the call
    that waits for it."""

    def __init__(self, threads: int, ahead: bool) -> None:
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._ahead = ahead and threads > 1
        self._examined: deque[_Step] = deque()
        self._encoded: deque[_Step] = deque()
        self._under_way = 0

    def add(self, job: Job) -> None:
        """The next job. It is done when this returns, unless it is to be done ahead."""
        if not self._ahead or job.size > _ALONE:
            self.finish()
            job.examine(self._threads)
            job.settle()
            job.write(job.encode(self._threads))
            return
        self._examined.append(self._started(job, partial(job.examine, 1)))
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
            try:
                self._pool.shutdown(cancel_futures=True)
            finally:
                self._pool.shutdown()  # again where an interrupt ended the wait: threads may not outlive what they read
            self._pool = None

    def _is_next_done(self) -> bool:
        """Whether a step can be taken without waiting."""
        return any(queue[0].is_done() for queue in (self._encoded, self._examined) if queue)

    def _advance(self) -> None:
        """Writes the next tensor if it is ready; else decides on the next one, so that there is more to encode; else
        does a step that waits for a thread."""
        if self._encoded and self._encoded[0].is_done():
            self._write_next()
        elif self._examined and self._examined[0].is_done():
            self._settle_next()
        elif not any(step.help() for step in (*self._encoded, *self._examined)):
            (self._encoded or self._examined)[0].wait()

    def _settle_next(self) -> None:
        examined = self._examined.popleft()
        examined.result()
        examined.job.settle()
        self._encoded.append(self._started(examined.job, partial(_encoded, examined.job)))

    def _write_next(self) -> None:
        encoded = self._encoded.popleft()
        encoded.job.write(encoded.result())
        self._under_way -= _counted(encoded.job)

    def _started(self, job: Job, step: Callable[[], Any]) -> _Step:
        if job.size >= _WORTH_A_THREAD and self._pool is None:
            self._pool = _pool_of(self._threads - 1)
        return _Step(job, step, self._pool if job.size >= _WORTH_A_THREAD else None)


def _pool_of(threads: int) -> ThreadPoolExecutor | None:
    """None when the interpreter is about to end: then the module can no longer be imported."""
    try:
        from concurrent.futures import ThreadPoolExecutor
    except RuntimeError:
        return None
    return ThreadPoolExecutor(threads, "spformat")


def _fulfil(future: Future[Any], step: Callable[[], Any]) -> None:
    """Does a step on a thread, unless it was done elsewhere."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(step())
    except BaseException as error:
        future.set_exception(error)
        del future  # else the error, which has this frame, would keep itself and the tensor


def _encoded(job: Job) -> Pieces:
    # The room that a piece is at the start of is several times as large.
    return [piece.copy() for piece in job.encode(1)]


def _counted(job: Job) -> int:
    return max(job.size, _LEAST_COUNTED)
