"""The process in which mutated files are read: whatever it does, the one that started it lives on and knows the file.

A file that takes more than a second of processor time ends the process by SIGPROF; memory beyond the allowance is a
MemoryError, or spformat's error for it, and both are findings.
"""

from __future__ import annotations

import resource
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import oracle
from .content import BUDGET
from .mutants import mutant
from .seeds import Seed, seeds

SECONDS = 1.0  # of processor time for one file
BOTH_EVERY = 8  # every so many files are read by the scalar loops too
# A tensor as large as the budget, its positions, the engine's room for it, and the copies that are compared.
ALLOWANCE = 16 * (BUDGET.max_bytes or 0)


@dataclass
class Tally:
    """What came of some files: (kind of mutation, outcome) -> files; number -> what was wrong."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: dict[int, str] = field(default_factory=dict)
    slowest: float = 0.0  # seconds of processor time
    resident: int = 0  # bytes, the most so far

    def add(self, other: Tally) -> None:
        self.outcomes += other.outcomes
        self.wrong |= other.wrong
        self.slowest = max(self.slowest, other.slowest)
        self.resident = max(self.resident, other.resident)


def work(pipe: Any, place: Any, seed: int, allowance: int) -> None:
    """Judges the spans of numbers that come through the pipe; `place` always holds the number that is being read."""
    found = seeds()
    _confine(allowance)
    pipe.send(resident_bytes())
    while (span := pipe.recv()) is not None:
        pipe.send(judge_all(found, seed, range(*span), place))


def judge_all(found: list[Seed], seed: int, numbers: range, place: Any) -> Tally:
    """The verdicts on these mutants."""
    tally = Tally()
    for number in numbers:
        place.value = number
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        started = time.process_time()
        one = mutant(found, seed, number)
        verdict = oracle.judge(one, both=number % BOTH_EVERY == 0)
        tally.slowest = max(tally.slowest, time.process_time() - started)
        tally.outcomes[one.kind, verdict.outcome] += 1
        if verdict.wrong is not None:
            tally.wrong[number] = verdict.wrong
    signal.setitimer(signal.ITIMER_PROF, 0)
    tally.resident = resident_bytes()
    return tally


def resident_bytes() -> int:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _confine(allowance: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + allowance
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
