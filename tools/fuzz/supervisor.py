"""Hands spans of mutants to a worker, and starts another one when it dies: that file is a finding."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .worker import ALLOWANCE, Tally, work

SPAN = 1000  # files between two reports
STUCK = 60.0  # seconds without a new file, whatever the processor did meanwhile

Span = tuple[int, int]
Target = Callable[[Any, Any, int, int], None]


@dataclass
class Worker:
    """A process with a pipe to it and the number of the file that it reads."""

    process: Any
    pipe: Any
    place: Any
    resident: int  # bytes, before the first file

    @classmethod
    def start(cls, seed: int, target: Target, allowance: int) -> Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        place = context.Value("q", -1, lock=False)
        process = context.Process(target=target, args=(theirs, place, seed, allowance), daemon=True)
        process.start()
        theirs.close()
        try:
            return cls(process, ours, place, ours.recv())
        except EOFError:
            process.join()
            raise RuntimeError(f"the worker did not start: it ended with {process.exitcode}") from None

    def judge(self, span: Span) -> Tally | str:
        """What came of a span, or how the worker died over the file at `place`."""
        self.pipe.send(span)
        seen, since = -1, time.monotonic()
        while not self.pipe.poll(0.5):
            if self.place.value != seen:
                seen, since = self.place.value, time.monotonic()
            elif time.monotonic() - since > STUCK:
                self.process.kill()
                self.process.join()
                return "it hangs"
        try:
            tally: Tally = self.pipe.recv()
        except EOFError:
            self.process.join()
            return _death(self.process.exitcode)
        return tally

    def stop(self) -> None:
        if self.process.is_alive():
            self.pipe.send(None)
            self.process.join()


def attack(
    seed: int,
    span: Span,
    *,
    progress: Callable[[Tally, int], bool] = lambda _tally, _done: True,
    target: Target = work,
    allowance: int = ALLOWANCE,
) -> Tally:
    """Judges the mutants of a span of numbers. progress(all so far, files done) -> whether to go on.

    The tally's `resident` is what memory grew by.
    """
    tally, todo, done = Tally(), [span], 0
    worker = Worker.start(seed, target, allowance)
    while todo:
        start, stop = todo.pop()
        if stop - start > SPAN:
            todo.append((start + SPAN, stop))
            stop = start + SPAN
        found = worker.judge((start, stop))
        if isinstance(found, str):
            number = worker.place.value
            tally.wrong[number] = found
            tally.outcomes["the worker", "died"] += 1
            todo += [part for part in ((number + 1, stop), (start, number)) if part[0] < part[1]]
            done += 1
            worker = Worker.start(seed, target, allowance)
            continue
        found.resident -= worker.resident
        tally.add(found)
        done += stop - start
        if not progress(tally, done):
            break
    worker.stop()
    return tally


def _death(code: int) -> str:
    if code == -signal.SIGPROF:
        return "it takes more than a second"
    return f"it ends the process: {signal.Signals(-code).name if code < 0 else f'exit code {code}'}"
