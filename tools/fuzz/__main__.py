"""The command: see the package. Exit code 1 when anything was found; the files are kept then."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from .mutants import mutant
from .seeds import seeds
from .supervisor import attack
from .worker import Tally


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="another seed, other files")
    parser.add_argument("--first", type=int, default=0, help="number of the first file, to see one again")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--json", type=Path, help="write the summary there, too, again and again")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="where files with findings go")
    asked = parser.parse_args()
    started = time.monotonic()

    def progress(tally: Tally, done: int) -> bool:
        seconds = time.monotonic() - started
        if asked.json:
            asked.json.write_text(json.dumps(summary(tally, asked.seed, seconds), indent=1) + "\n")
        print(f"\r{done:,} files, {len(tally.wrong)} findings, {done / seconds:.0f}/s ", end="", file=sys.stderr)
        return bool(seconds < asked.seconds)

    tally = attack(asked.seed, (asked.first, asked.first + asked.files), progress=progress)
    print(file=sys.stderr)
    found = summary(tally, asked.seed, time.monotonic() - started)
    print(as_text(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")
    keep(tally, asked.seed, asked.keep)
    return 1 if tally.wrong else 0


def summary(tally: Tally, seed: int, seconds: float) -> dict[str, Any]:
    """What a run came to, as JSON has it."""
    kinds: dict[str, Counter[str]] = {}
    for (kind, outcome), files in tally.outcomes.items():
        kinds.setdefault(kind, Counter())[outcome] += files
    return {
        "files": tally.outcomes.total(),
        "seed": seed,
        "seconds": round(seconds, 1),
        "findings": {str(number): wrong for number, wrong in sorted(tally.wrong.items())},
        "slowest_ms": round(1000 * tally.slowest, 1),
        "memory_mb": round(tally.resident / 1e6, 1),
        "outcomes": {kind: dict(outcomes.most_common()) for kind, outcomes in sorted(kinds.items())},
    }


def as_text(found: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{found['files']:,} files (seed {found['seed']}) in {found['seconds']:,} s"]
    for kind, outcomes in found["outcomes"].items():
        files, read = sum(outcomes.values()), outcomes.get("read", 0)
        rules = len(outcomes) - ("read" in outcomes)
        lines.append(f"  {kind:<18}{files:>9,} files, {read:>7,} read, the others refused for {rules} reasons")
    lines.append(f"slowest file {found['slowest_ms']} ms of processor time; memory grew by {found['memory_mb']} MB")
    lines.append(f"findings: {len(found['findings'])}")
    lines += [f"  {number}: {wrong}" for number, wrong in list(found["findings"].items())[:20]]
    return "\n".join(lines)


def keep(tally: Tally, seed: int, folder: Path) -> None:
    """Writes the files with findings."""
    originals = seeds() if tally.wrong else []
    for number in tally.wrong:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{seed}-{number}.spf").write_bytes(mutant(originals, seed, number).data)


if __name__ == "__main__":
    sys.exit(main())
