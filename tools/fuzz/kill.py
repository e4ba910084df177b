"""kill -9 at random moments of a pack: under the target's name there is the old file or the new one, and no other.

python -m tools.fuzz.kill --kills 1000. Each pack runs in a forked process, which is killed after a random part of the
time that a pack takes; every other one replaces a file, the others make one. Exit code 1 when anything was found.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from spformat.pack import pack
from spformat.verify import verify

BROKEN = ("a broken file", "the old file is gone")
LEFT = "(a temporary file is left)"  # nobody else could remove it, and its name says what it is


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz.kill")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = kill_packs(Path(folder), asked.kills, asked.seed)
    bad = sum(found[outcome] for outcome in BROKEN)
    text = {"kills": asked.kills, "seed": asked.seed, "broken": bad, "outcomes": dict(found)}
    print(json.dumps(text, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(text, indent=1) + "\n")
    return 1 if bad else 0


def kill_packs(folder: Path, kills: int, seed: int) -> Counter[str]:
    """What there was under the target's name after each kill. The folder is empty at first."""
    rng, found = random.Random(seed), Counter[str]()
    sources = [_source(folder / f"{number}.npz", number) for number in (0, 1)]
    packed = []
    for source in sources:
        pack(source, source.with_suffix(".spf"), threads=1)
        packed.append(source.with_suffix(".spf").read_bytes())
    target = folder / "there" / "model.spf"
    target.parent.mkdir()
    longest = _longest(lambda: pack(sources[1], target, threads=1))
    for number in range(kills):
        replaces = number % 2 == 1
        target.unlink(missing_ok=True)
        if replaces:
            target.write_bytes(packed[0])
        _killed(lambda: pack(sources[1], target, threads=1), rng.uniform(0, longest))
        found[_outcome(target, packed, replaces)] += 1
        for left in target.parent.glob(".*.tmp"):
            found[LEFT] += 1
            left.unlink()
    return found


def _source(path: Path, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    dense = {f"t{i}": rng.normal(size=(64, 256)).astype(np.float32) for i in range(6)}
    pruned: dict[str, Any] = {name: np.where(np.abs(array) > 1.2, array, 0) for name, array in dense.items()}
    np.savez(path, **pruned)
    return path


def _longest(work: Callable[[], object]) -> float:
    """Seconds that the work takes in a process of its own."""
    started = time.perf_counter()
    _wait(_forked(work))
    return time.perf_counter() - started


def _killed(work: Callable[[], object], seconds: float) -> None:
    child = _forked(work)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _wait(child)


def _forked(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def _wait(child: int) -> None:
    os.waitpid(child, 0)


def _outcome(target: Path, packed: list[bytes], replaces: bool) -> str:
    if not target.exists():
        return "the old file is gone" if replaces else "nothing"
    data = target.read_bytes()
    if data == packed[0] and replaces:
        return "the old file"
    if data != packed[1]:
        return "a broken file"
    verify(target, deep=True, threads=1)
    return "the new file"


if __name__ == "__main__":
    sys.exit(main())
