"""Measures spformat and its rivals on the same tensors in one run: python -m tools.bench encoder-f32-90 ...

Every round loads with every rival once, in turn, so that a noisy moment hits all of them alike; the minimum over the
rounds counts. Every output is compared bit for bit. Speeds are dense bytes per second, and ratios to the memset limit.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import pkgutil
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from spformat.numpy import Array
from tools.bench import rivals
from tools.bench.inputs import tensors
from tools.bench.memory import memset_seconds


@dataclass
class Row:
    """One rival on one input. limit: decode speed as a share of filling fresh memory on the same threads."""

    input: str
    rival: str
    bytes: int
    ratio: float
    encode_seconds: float
    decode_seconds: float
    decode_gb_per_s: float
    limit_1_thread: float
    limit_all_threads: float
    lossless: bool


def main() -> None:
    """Parses the command line and prints a Markdown table; --json writes the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", help="encoder-{f32,bf16}-PERCENT, gaussian-{f32,bf16}-PERCENT")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", help="names of modules in tools/bench/rivals")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    modules = _rivals(options.only)
    rows = [row for name in options.inputs for row in measure(name, modules, options.rounds)]
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def measure(name: str, modules: list[ModuleType], rounds: int) -> list[Row]:
    """All rivals on one input."""
    given = tensors(name)
    dense = sum(array.nbytes for array in given.values())
    with tempfile.TemporaryDirectory() as folder:
        paths = {module.NAME: Path(folder) / module.__name__ for module in modules}
        encode = {module.NAME: _seconds_to_save(module, given, paths[module.NAME]) for module in modules}
        lossless = {module.NAME: same(given, module.load(paths[module.NAME])) for module in modules}
        decode = {module.NAME: float("inf") for module in modules}
        threads = len(os.sched_getaffinity(0))
        limits = [float("inf"), float("inf")]
        for _ in range(rounds):
            limits = [
                min(limits[0], memset_seconds(dense, 1)),
                min(limits[1], memset_seconds(dense, threads)),
            ]
            for module in modules:
                decode[module.NAME] = min(decode[module.NAME], _seconds_to_load(module, paths[module.NAME]))
        sizes = {rival: path.stat().st_size for rival, path in paths.items()}
    return [
        Row(
            input=name,
            rival=rival,
            bytes=sizes[rival],
            ratio=dense / sizes[rival],
            encode_seconds=encode[rival],
            decode_seconds=decode[rival],
            decode_gb_per_s=dense / decode[rival] / 1e9,
            limit_1_thread=limits[0] / decode[rival],
            limit_all_threads=limits[1] / decode[rival],
            lossless=lossless[rival],
        )
        for rival in sizes
    ]


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = [
        "| input | stored as | bytes | ratio | encode s | decode GB/s | of memset, 1 thread | all threads | lossless |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        cells = [r.input, r.rival, f"{r.bytes:,}", f"{r.ratio:.2f}", f"{r.encode_seconds:.2f}"]
        cells += [f"{r.decode_gb_per_s:.2f}", f"{r.limit_1_thread:.2f}", f"{r.limit_all_threads:.2f}"]
        lines.append("| " + " | ".join([*cells, "yes" if r.lossless else "NO"]) + " |")
    return "\n".join(lines)


def same(left: dict[str, Array], right: dict[str, Array]) -> bool:
    """Whether the tensors are identical, bit for bit."""
    return left.keys() == right.keys() and all(
        left[n].dtype == right[n].dtype
        and left[n].shape == right[n].shape
        and np.array_equal(left[n].view(np.uint8), right[n].view(np.uint8))
        for n in left
    )


def _rivals(only: list[str] | None) -> list[ModuleType]:
    names = only or [module.name for module in pkgutil.iter_modules(rivals.__path__)]
    return [importlib.import_module(f"tools.bench.rivals.{name}") for name in names]


def _seconds_to_save(module: ModuleType, given: dict[str, Array], path: Path) -> float:
    start = time.perf_counter()
    module.save(given, path)
    return time.perf_counter() - start


def _seconds_to_load(module: ModuleType, path: Path) -> float:
    gc.collect()
    start = time.perf_counter()
    loaded = module.load(path)
    seconds = time.perf_counter() - start
    del loaded
    return seconds


if __name__ == "__main__":
    main()
