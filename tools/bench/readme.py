"""Puts the figures of a run into the README, between its markers: python -m tools.bench.readme [results.json]"""

from __future__ import annotations

import argparse
from pathlib import Path

from tools.bench import markdown, results
from tools.bench.results import Results

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
RESULTS = Path(__file__).parent / "results" / "results.json"

_SPARSITIES = (50, 80, 90, 95)
SIZES = {f"{dtype} {percent} %": f"encoder-{dtype}-{percent}" for dtype in ("f32", "bf16") for percent in _SPARSITIES}
SPEEDS = {name: SIZES[name] for name in ("f32 50 %", "f32 90 %", "bf16 50 %", "bf16 90 %")}
SPEEDS |= {"256 MB f32, 90 %": "gaussian-256mb-f32-90", "256 MB bf16, 90 %": "gaussian-256mb-bf16-90"}


def tables(found: Results) -> dict[str, str]:
    """What stands between each pair of markers, by their name."""
    sizes, speeds = (list(SIZES.values()), list(SIZES)), (list(SPEEDS.values()), list(SPEEDS))
    return {
        "sizes": markdown.ratios(found, *sizes),
        "decode": markdown.speeds(found, *speeds, "decode"),
        "encode": markdown.speeds(found, *speeds, "encode"),
        "machine": f"{found.machine['processor']}, {found.machine['cores']} cores. ![Ratio against decode speed]"
        "(tools/bench/results/results.png)",
    }


def refreshed(text: str, parts: dict[str, str]) -> str:
    """The text with other contents between its markers. Raises ValueError where a pair of markers is not there once."""
    for name, content in parts.items():
        begin, end = f"<!-- bench: {name} -->\n", f"\n<!-- /bench: {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
            raise ValueError(f"expected one {begin.strip()} and after it one {end.strip()}")
        head, _, rest = text.partition(begin)
        text = head + begin + content + end + rest.partition(end)[2]
    return text


def main() -> None:
    """Reads the results, writes the README."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.readme", description=__doc__)
    parser.add_argument("results", nargs="?", type=Path, default=RESULTS)
    README.write_text(refreshed(README.read_text(), tables(results.read(parser.parse_args().results))))


if __name__ == "__main__":
    main()
