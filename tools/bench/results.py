"""What a run of the benchmark found, and its JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from tools.bench import cores

_HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


@dataclass
class Timing:
    """Seconds of the rounds."""

    minimum: float
    median: float
    rounds: int

    @classmethod
    def of(cls, seconds: list[float]) -> Timing:
        return cls(min(seconds), statistics.median(seconds), len(seconds))


@dataclass
class Speed:
    """On some number of threads. Speeds are GB of dense bytes per second, of the fastest round; the limits say what
    share they are of the memset on as many threads. same: every output was what was given, bit for bit."""

    threads: int
    encode: Timing
    decode: Timing
    encode_gb_per_s: float
    decode_gb_per_s: float
    encode_of_limit: float
    decode_of_limit: float
    same: bool


@dataclass
class Row:
    """One rival on one input. error: why there are no speeds, where the rival could not do it."""

    input: str
    rival: str
    version: str
    lossless: bool
    bytes: int = 0
    ratio: float = 0.0
    speeds: list[Speed] = field(default_factory=list)
    error: str | None = None

    @property
    def fastest(self) -> Speed:
        """On all threads."""
        return self.speeds[-1]

    @property
    def exact(self) -> bool:
        """Whether every output was what was given."""
        return all(speed.same for speed in self.speeds)


@dataclass
class Input:
    """An input, and the limit of its decoding: memset on as many threads, in the order of `threads`."""

    name: str
    tensors: int
    dense_bytes: int
    threads: list[int]
    memset: list[Timing]

    @property
    def memset_gb_per_s(self) -> list[float]:
        return [self.dense_bytes / timing.minimum / 1e9 for timing in self.memset]


@dataclass
class Results:
    """A whole run."""

    machine: dict[str, str]
    missing: list[str]
    inputs: list[Input] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def read(path: Path) -> Results:
    """The results of a file that `write` wrote."""
    said = json.loads(path.read_text())
    inputs = [Input(**{**i, "memset": [Timing(**t) for t in i["memset"]]}) for i in said["inputs"]]
    rows = [Row(**{**r, "speeds": [_speed(s) for s in r["speeds"]]}) for r in said["rows"]]
    return Results(said["machine"], said["missing"], inputs, rows)


def machine() -> dict[str, str]:
    """What the figures depend on."""
    huge = _HUGE_PAGES.read_text().strip() if _HUGE_PAGES.exists() else "unknown"
    return {
        "processor": _processor(),
        "cores": str(cores.available()),
        "system": f"{platform.system()} {platform.release()}",
        "huge pages": huge,
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _speed(said: dict[str, object]) -> Speed:
    timings = {key: Timing(**said[key]) for key in ("encode", "decode")}  # type: ignore[arg-type]
    return Speed(**{**said, **timings})  # type: ignore[arg-type]
