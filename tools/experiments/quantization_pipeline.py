"""Deep Compression on digits, in bytes of real files: LeNet-300-100 trained, pruned, quantized, tuned and packed.

    python -m tools.experiments.quantization_pipeline [--report]

Writes results/quantization_pipeline.json, quantization_pipeline.md and a picture beside this file; about two minutes
on one core. --report only writes the page and the picture from the JSON file. Needs the extra `experiments`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

import spformat
from spformat.size_ledger import SizeLedger
from spformat.torch import load_file
from tools.experiments.quantization_common import SEEDS, Split, accuracy, dense_model, digits, linears, pruned_models
from tools.experiments.quantization_lenet import quantized, tune
from tools.experiments.quantization_summary import Record, means
from tools.experiments.quantization_tables import LENET_300

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "quantization_pipeline.json"
PAGE = HERE / "quantization_pipeline.md"
PICTURE = HERE / "pictures" / "quantization_pipeline.svg"

PAPERS = tuple(row.plan.density for row in LENET_300.rows)  # 8, 9 and 26 %
ON_THE_WAY = ((0.4, 0.45, 0.4), (0.18, 0.2, 0.26))  # densities that are pruned to first
DENSITIES = (PAPERS, (0.06, 0.07, 0.26), (0.04, 0.05, 0.26))
BITS = (5, 4, 3)
BIAS_BITS = 5
HEADLINE = (PAPERS[0], 4)


@dataclass(frozen=True)
class Result:
    """A file of one seed. density: of the first layer; bits: of a code. dense, pruned, file: accuracies in per cent,
    the last of the network that was loaded from the file. ledger: dense bytes, and those of the stages' files.
    """

    seed: int
    density: float
    bits: int
    dense: float
    pruned: float
    file: float
    dense_bytes: int
    stages: dict[str, int]


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", action="store_true", help="only the page and the picture, from the results")
    if not parser.parse_args().report:
        RESULTS.write_text(json.dumps(measure(), indent=1) + "\n")
    results = json.loads(RESULTS.read_text())
    PAGE.write_text(page(results))
    headline(results).draw(PICTURE)


def measure() -> Record:
    """All seeds, as JSON has them."""
    torch.set_num_threads(1)
    start = time.process_time()
    files: list[Record] = []
    for seed in SEEDS:
        files += [asdict(result) for result in run(seed)]
        print(f"seed {seed}: {time.process_time() - start:.0f} s", flush=True)
    return {"files": files, "torch": torch.__version__, "cpu_seconds": round(time.process_time() - start)}


def run(
    seed: int, densities: Sequence[tuple[float, ...]] = DENSITIES, bits: Sequence[int] = BITS, epochs: int = 50
) -> Iterator[Result]:
    """A dense network, the same pruned further and further, and of each the files of quantized ones."""
    split = digits(seed)
    dense = dense_model(seed, split, epochs)
    steps = [*ON_THE_WAY, *densities]
    for shares, pruned in zip(steps, pruned_models(dense, split, steps), strict=True):
        if shares in densities:
            for width in bits:
                yield _file(seed, split, dense, pruned, shares, width)


def _file(
    seed: int, split: Split, dense: nn.Sequential, pruned: nn.Sequential, shares: tuple[float, ...], bits: int
) -> Result:
    """Centroids are tuned, then one call makes the file; the stage P is that of the network before it was quantized."""
    tuned = quantized(pruned, bits, zeros="apart")
    tune(tuned, split)
    for layer in linears(tuned):
        parametrize.remove_parametrizations(layer, "weight")
    ways = {"@matrix": f"codebook:{bits}:linear", "@vector": f"codebook:{BIAS_BITS}:linear"}
    names = [name for name, parameter in pruned.named_parameters() if parameter.ndim > 1]
    sparsities = {name: 1 - share for name, share in zip(names, shares, strict=True)}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "model.pt", Path(folder) / "model.spf"
        torch.save(pruned.state_dict(), source)
        before = spformat.prune(source, target, sparsities, ledger=True).ledger
        torch.save(tuned.state_dict(), source)
        after = spformat.prune(source, target, sparsities, quantize=ways, ledger=True).ledger
        tuned.load_state_dict(load_file(target))
    assert before is not None
    assert after is not None
    at_dense, at_pruned, at_file = (accuracy(model, split) for model in (dense, pruned, tuned))
    stages = {**after.stages, "P": before.stages["P"]}
    return Result(seed, shares[0], bits, at_dense, at_pruned, at_file, after.dense_bytes, stages)


def summary(results: Record) -> list[Record]:
    """Means over seeds for each density and width, in the order of the results."""
    rows: list[Record] = [
        {**row, **{stage: row["dense_bytes"] / size for stage, size in row["stages"].items()}}
        for row in results["files"]
    ]
    for row in rows:
        row["lost"] = row["file"] - row["dense"]
    columns = {name: means(rows, _setting, name) for name in ("dense", "pruned", "file", "lost", "P", "P+Q", "P+Q+H")}
    return [
        {"density": setting[0], "bits": setting[1], **{name: found[setting] for name, found in columns.items()}}
        for setting in columns["file"]
    ]


def headline(results: Record) -> SizeLedger:
    """The mean sizes at the paper's densities with 4 bits."""
    rows = [row for row in results["files"] if _setting(row) == HEADLINE]
    stages = {stage: round(sum(row["stages"][stage] for row in rows) / len(rows)) for stage in rows[0]["stages"]}
    return SizeLedger(rows[0]["dense_bytes"], stages)


def page(results: Record) -> str:
    """Markdown."""
    seeds = len({row["seed"] for row in results["files"]})
    lines = [_HEAD.format(torch=results["torch"], seconds=results["cpu_seconds"], seeds=seeds)]
    for row in summary(results):
        sizes = " | ".join(f"{row[stage].mean:.1f}x" for stage in ("P", "P+Q", "P+Q+H"))
        reached = " | ".join(str(row[name]) for name in ("dense", "pruned", "file"))
        lines.append(f"| {100 * row['density']:g} | {row['bits']} | {sizes} | {reached} | {row['lost'].mean:+.2f} |")
    return "\n".join(lines) + "\n"


def _setting(row: Record) -> tuple[Any, Any]:
    return row["density"], row["bits"]


_HEAD = """# Deep Compression on digits, in file bytes

Made by `python -m tools.experiments.quantization_pipeline` (extra `experiments`), {seconds} s on one core,
torch {torch}.

LeNet-300-100 (784-300-100-10, 266,200 weights and 410 biases) on the 1,797 digits of scikit-learn, enlarged to 28 x 28;
{seeds} seeds, each with its own split (600 to test on) and its own first weights. It is trained, pruned by magnitude in
each layer to 40, then 18, then the densities of the table, with 8 epochs after each pruning; weights share the values
of a codebook, whose centroids are tuned for 3 epochs; then one call makes the file,
`spformat.prune(..., quantize=..., ledger=True)`. Accuracies of the file are those of the network loaded from it.

Sizes are whole files (index, tables, record of the pruning, biases) against 1,066,440 bytes, all weights and biases as
float32. *P*: no entropy coding, nonzeros as float32. *P+Q*: codes of fixed width, positions as in P, biases with
codebooks of 5 bits. *P+Q+H*: positions and codes entropy coded. The density is that of the first layer; the second has
one point more, the third 26 %. The blank border of the images leaves whole columns of the first layer without nonzeros,
which the entropy coder sees: on independent masks of the same density the file is larger (see quantization_files.md).

The densities of the first rows are the paper's. The widths, and three settings of density in place of one, are there to
be compared: all that were run on these seeds are in the table. That biases bear 5 bits, and that they are smaller with
codebooks than as int8 (which stores the products), was tried on another seed. Epochs and learning rates are those of
quantization.md, chosen on these digits. One digit is 0.17 points. The paper reports 32x after P+Q and 40x after P+Q+H.

![sizes after each stage, 8 %, 4 bits](pictures/quantization_pipeline.svg)

| density, % | bits | P | P+Q | P+Q+H | dense, % | pruned, % | file, % | points |
|---|---|---|---|---|---|---|---|---|"""


if __name__ == "__main__":
    main()
