"""Runs the experiments and keeps what came out: python -m tools.experiments [FOLD ...]; then it draws the page.

Without arguments all five folds run, one after the other, in a quarter of an hour; results/fold-N.json are kept and
`python -m tools.experiments.page` writes docs/pruning.md from them.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch

from tools.experiments import connections, gradual, page, scratch, tickets
from tools.experiments.connections import Settings
from tools.experiments.data import FOLDS, Fold, fold
from tools.experiments.networks import lenet_5, lenet_300_100

RESULTS = Path(__file__).parent / "results"
SETTINGS_300, SETTINGS_5 = Settings(40, 40, 30, 0.2), Settings(25, 15, 15, 0.1)


def run(part: Fold) -> dict[str, Any]:
    """All experiments on one fold."""
    started = time.process_time()
    found = {
        "fold": part.number,
        "test_images": len(part.test_y),
        "lenet_300_100": connections.run(lenet_300_100, part, SETTINGS_300, ("L1", "L2")),
        "gradual": gradual.run(part),
        "tickets": tickets.run(part),
        "lenet_5": connections.run(lenet_5, part, SETTINGS_5, ("L2",)),
        "scratch": {
            "lenet_300_100": scratch.run(lenet_300_100, part, SETTINGS_300),
            "lenet_5": scratch.run(lenet_5, part, SETTINGS_5),
        },
    }
    return {**found, "cpu_seconds": round(time.process_time() - started)}


def main() -> None:
    """The folds that the command line names, or all of them; then the page."""
    torch.set_num_threads(1)
    RESULTS.mkdir(exist_ok=True)
    for number in [int(word) for word in sys.argv[1:]] or range(FOLDS):
        found = run(fold(number))
        (RESULTS / f"fold-{number}.json").write_text(json.dumps(found, indent=1) + "\n")
        print(f"fold {number}: {found['cpu_seconds']} s", flush=True)
    if len(sys.argv) == 1:
        page.main()


if __name__ == "__main__":
    main()
