"""How fast quantized files load, beside the lossless ones: python -m tools.bench.quantized [--rounds N]

The encoder's matrices in float32, unpruned and pruned, are saved as they are and quantized in several ways. All files
are loaded in turns, each time into fresh memory, on one thread and on all; each round has an order of its own, because
who comes after the largest file takes some 5 % longer. Printed are milliseconds and the speed as a share of that of the
lossless file, the shortest times and the medians compared.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
from collections import defaultdict
from functools import partial
from pathlib import Path

import spformat
from spformat.quantize import Recipe
from tools.bench import cores
from tools.bench.markdown import table
from tools.bench.measure import folder_in_memory, timed
from tools.bench.rival import Tensors
from tools.magnitude import encoder_matrices

WAYS = ("lossless", "codebook:5", "codebook:8", "int8", "int4", "int4:group=128")
PERCENTS = {0: (*WAYS, "binary"), 50: WAYS, 90: (*WAYS, "binary")}  # binary: pruned weights are +S, so signs are skewed


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(dir=folder_in_memory()) as folder:
        for percent, ways in PERCENTS.items():
            paths = save(encoder_matrices(percent / 100, "f32"), ways, Path(folder))
            for threads in sorted({1, cores.available()}):
                print(f"\n{percent} % pruned, {threads} thread(s)\n")
                print(table(["stored as", "bytes", "ms", "of lossless", "medians"], rows(paths, threads, rounds)))


def save(tensors: Tensors, ways: tuple[str, ...], folder: Path) -> dict[str, Path]:
    """A file of the tensors for each way."""
    paths = {}
    for way in ways:
        paths[way] = folder / way.replace(":", "-")
        made = tensors if way == "lossless" else {name: Recipe(way).apply(array) for name, array in tensors.items()}
        spformat.save_file(made, paths[way])
    return paths


def rows(paths: dict[str, Path], threads: int, rounds: int) -> list[list[str]]:
    """A line of the table for each file."""
    seconds: dict[str, list[float]] = defaultdict(list)
    ways = list(paths)
    with cores.limited_to(threads):
        for number in range(rounds):
            for way in random.Random(number).sample(ways, len(ways)):
                seconds[way].append(timed(partial(spformat.load_file, paths[way], threads=threads))[0])
    least = {way: min(times) for way, times in seconds.items()}
    median = {way: statistics.median(times) for way, times in seconds.items()}
    return [
        [
            way,
            f"{paths[way].stat().st_size:,}",
            f"{1e3 * least[way]:.2f}",
            f"{least['lossless'] / least[way]:.3f}",
            f"{median['lossless'] / median[way]:.3f}",
        ]
        for way in ways
    ]


if __name__ == "__main__":
    main()
