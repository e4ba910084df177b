"""spformat beside its rivals, on the same tensors in one run: python -m tools.bench encoder-f32-90 ... --out FOLDER

Every round saves and loads with every rival once, in turn, on one thread and on all, so that a noisy moment hits all of
them alike; every output is compared bit for bit. The folder gets results.json, results.md and results.png.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from pathlib import Path

from tools.bench import markdown, results
from tools.bench.inputs import INPUTS
from tools.bench.measure import Run
from tools.bench.results import Results
from tools.bench.rival import installed


def main(arguments: list[str] | None = None) -> None:
    """Parses the command line, measures, writes what was found after each input."""
    options = _parser().parse_args(arguments)
    names = [name for name in INPUTS if any(fnmatch.fnmatch(name, pattern) for pattern in options.inputs)]
    if not names:
        sys.exit(f"no such input; there are: {', '.join(INPUTS)}")
    rivals, missing = installed(options.only)
    rivals = [rival for rival in rivals if rival.name not in options.without]
    found = Results(results.machine(), missing)
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        described, rows = Run(name, INPUTS[name](), rivals, options.patience).measure(options.rounds)
        found.inputs.append(described)
        found.rows += rows
        if options.out:
            write(found, options.out)
    print(markdown.report(found))


def write(found: Results, folder: Path) -> None:
    """The three files of a run. Without matplotlib there is no picture, and a line that says so."""
    folder.mkdir(parents=True, exist_ok=True)
    found.write(folder / "results.json")
    (folder / "results.md").write_text(markdown.report(found))
    try:
        from tools.bench import picture
    except ImportError as error:
        print(f"no picture: {error}", file=sys.stderr)
        return
    picture.draw(found, folder / "results.png")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("inputs", nargs="+", help=f"names or patterns such as 'encoder-*': {', '.join(INPUTS)}")
    parser.add_argument("--out", type=Path, help="folder for results.json, results.md and results.png")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--patience", type=float, default=30, help="seconds after which a rival is measured no more on an input"
    )
    parser.add_argument("--only", nargs="*", help="names of modules in tools/bench/rivals")
    parser.add_argument("--without", nargs="*", default=[], help="names of rivals, such as 'safetensors + zstd -19'")
    return parser


if __name__ == "__main__":
    main()
