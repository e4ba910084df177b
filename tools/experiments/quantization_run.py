"""Runs the experiments on quantization: python -m tools.experiments.quantization_run [--report].

Writes results/quantization.json, pictures/quantization_*.png and quantization.md beside this file. About seven minutes
on one core; --report only draws and writes what the JSON file has. Needs the extra `experiments`.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from tools.experiments import quantization_lenet, quantization_nets, quantization_papers
from tools.experiments.quantization_common import SEEDS
from tools.experiments.quantization_pictures import draw
from tools.experiments.quantization_report import page

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "quantization.json"


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", action="store_true", help="only the pictures and the page, from the results")
    if not parser.parse_args().report:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(measure(), indent=1) + "\n")
    results = json.loads(RESULTS.read_text())
    draw(results, HERE / "pictures")
    (HERE / "quantization.md").write_text(page(results))


def measure() -> dict[str, Any]:
    """All experiments, as JSON has them."""
    torch.set_num_threads(1)
    start = time.process_time()
    layers, totals = quantization_papers.compute()
    points: list[Any] = []
    codebooks: list[Any] = []
    stages: list[Any] = []
    nets: list[Any] = []
    for seed in SEEDS:
        found = quantization_lenet.run(seed)
        points += found[0]
        codebooks += found[1]
        stages.append(found[2])
        nets += quantization_nets.run(seed)
        print(f"seed {seed}: {time.process_time() - start:.0f} s", flush=True)
    lists: dict[str, list[Any]] = {"layers": layers, "totals": totals, "points": points}
    lists |= {"codebooks": codebooks, "stages": stages, "nets": nets}
    rounded = {name: [_rounded(asdict(row)) for row in rows] for name, rows in lists.items()}
    return {**rounded, "torch": torch.__version__, "cpu_seconds": round(time.process_time() - start)}


def _rounded(value: Any) -> Any:
    """Floats to five significant digits, so that a repeated run differs where something changed."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    main()
