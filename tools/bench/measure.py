"""One input, all rivals, in interleaved rounds: a noisy moment hits all of them alike."""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from tools.bench import cores
from tools.bench.memory import give_back, memset_seconds
from tools.bench.results import Input, Row, Speed, Timing
from tools.bench.rival import Rival, Tensors

_SHARED_MEMORY = Path("/dev/shm")
T = TypeVar("T")
Case = tuple[Rival, int]  # a rival on so many threads


class Run:
    """All rivals on one input.

    patience: seconds after which a rival, on some number of threads, encodes and decodes no more; once it does in any
    case. Files lie in memory (/dev/shm, where it is): the disk is no part of the measurement.
    """

    def __init__(self, name: str, tensors: Tensors, rivals: list[Rival], patience: float) -> None:
        self._name, self._tensors, self._rivals, self._patience = name, tensors, rivals, patience
        self._dense = sum(array.nbytes for array in tensors.values())
        self._threads = sorted({1, cores.available()})
        self._memset: dict[int, list[float]] = defaultdict(list)
        self._encode: dict[Case, list[float]] = defaultdict(list)
        self._decode: dict[Case, list[float]] = defaultdict(list)
        self._same: dict[Case, bool] = defaultdict(lambda: True)
        self._bytes: dict[str, int] = {}
        self._errors: dict[str, str] = {}

    def measure(self, rounds: int) -> tuple[Input, list[Row]]:
        """Runs the rounds; in each, every rival starts once at another place in the order."""
        with tempfile.TemporaryDirectory(dir=folder_in_memory()) as scratch:
            paths = {rival: Path(scratch) / str(number) for number, rival in enumerate(self._rivals)}
            for number in range(rounds):
                turn = number % max(1, len(self._rivals))
                for threads in self._threads:
                    with cores.limited_to(threads):
                        self._memset[threads].append(memset_seconds(self._dense, threads))
                        for rival in [*self._rivals[turn:], *self._rivals[:turn]]:
                            self._try(rival, paths[rival], threads)
        memset = [Timing.of(self._memset[threads]) for threads in self._threads]
        described = Input(self._name, len(self._tensors), self._dense, self._threads, memset)
        return described, [self._row(rival, described) for rival in self._rivals]

    def _try(self, rival: Rival, path: Path, threads: int) -> None:
        """A round of one rival. What another project's code raises is a result, too; what ours raises is an error."""
        if rival.name in self._errors:
            return
        try:
            self._round(rival, path, threads)
        except Exception as error:
            if rival.package == "spformat":
                raise
            self._errors[rival.name] = f"{type(error).__name__}: {error}"

    def _round(self, rival: Rival, path: Path, threads: int) -> None:
        case = (rival, threads)
        if self._is_patient(self._encode[case]):
            seconds, _ = timed(lambda: rival.save(self._tensors, path, threads))
            self._encode[case].append(seconds)
            self._bytes[rival.name] = size_of(path)
        if self._is_patient(self._decode[case]):
            seconds, loaded = timed(lambda: rival.load(path, threads))
            self._decode[case].append(seconds)
            self._same[case] &= same(self._tensors, loaded)

    def _is_patient(self, seconds: list[float]) -> bool:
        return not seconds or sum(seconds) < self._patience

    def _row(self, rival: Rival, described: Input) -> Row:
        if rival.name in self._errors:
            return Row(self._name, rival.name, rival.version, rival.lossless, error=self._errors[rival.name])
        stored = self._bytes[rival.name]
        speeds = [
            self._speed((rival, threads), limit.minimum)
            for threads, limit in zip(described.threads, described.memset, strict=True)
        ]
        ratio = self._dense / stored
        return Row(self._name, rival.name, rival.version, rival.lossless, stored, ratio, speeds)

    def _speed(self, case: Case, limit: float) -> Speed:
        encode, decode = Timing.of(self._encode[case]), Timing.of(self._decode[case])
        return Speed(
            threads=case[1],
            encode=encode,
            decode=decode,
            encode_gb_per_s=self._dense / encode.minimum / 1e9,
            decode_gb_per_s=self._dense / decode.minimum / 1e9,
            encode_of_limit=limit / encode.minimum,
            decode_of_limit=limit / decode.minimum,
            same=self._same[case],
        )


def folder_in_memory() -> Path | None:
    """A folder for files that no disk should be in the measurement of; None where there is none."""
    return _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None


def timed(job: Callable[[], T]) -> tuple[float, T]:
    """Seconds that a job takes, in fresh memory and without garbage collection, and what it returns."""
    give_back()
    gc.disable()
    try:
        start = time.perf_counter()
        result = job()
        return time.perf_counter() - start, result
    finally:
        gc.enable()


def same(left: Tensors, right: Tensors) -> bool:
    """Whether the tensors are identical, bit for bit."""
    return left.keys() == right.keys() and all(
        left[n].dtype == right[n].dtype
        and left[n].shape == right[n].shape
        and np.array_equal(left[n].reshape(-1).view(np.uint8), right[n].reshape(-1).view(np.uint8))
        for n in left
    )


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
