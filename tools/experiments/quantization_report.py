"""The page of the experiments on quantization: each claim beside what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tools.experiments.quantization_claims import claims, deviation
from tools.experiments.quantization_summary import Mean, Record, curve, means, stage_accuracy, stage_rates

Cells = Sequence[object]


def page(results: Record) -> str:
    """Markdown."""
    parts = [_HEAD.format(torch=results["torch"], seconds=results["cpu_seconds"])]
    parts += ["## Claims", _CLAIMS, _table(("claim", "source", "measured"), claims(results))]
    parts += ["## Deep Compression's tables, computed", _TABLES, totals(results), layers(results)]
    parts += ["## Pruning and weight sharing, alone and together", _CURVES, curves(results)]
    parts += ["## LeNet-300-100 after each stage", _STAGES, stages(results)]
    parts += ["## How centroids are found", _CODEBOOKS, codebooks(results)]
    parts += ["## Binary and integer networks", _NETS, nets(results)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


_HEAD = """# Quantization, measured

Made by `python -m tools.experiments.quantization_run` (extra `experiments`), {seconds} s on one core, torch {torch}.
Networks are trained on the 1,797 digits of scikit-learn: five seeds, each with its own split (600 to test on) and its
own first weights; ± is the standard deviation over seeds. One digit is 0.17 points, so differences below about half a
point mean little. The papers trained on MNIST and ImageNet: accuracies here say whether a method works, not whether
it reaches theirs. Sizes are counted as the paper counts (codebook and fillers, no container, no biases). Bytes of files
are in [quantization_pipeline.md](quantization_pipeline.md), of the same network on the same digits, and in
[quantization_files.md](quantization_files.md), of the paper's shapes."""

_CLAIMS = """
DC is Deep Compression (arXiv 1510.00149)."""

_TABLES = """
Weights, densities and bits as printed; entries for each nonzero (E) as independent masks need them. *P+Q+H* takes the
paper's coded bits for each entry, fillers included; *bound* is H(density) + density * the paper's value bits, and
the codebook: it has no fillers. Where P+Q+H is below the bound, the paper's masks were not independent, or its rows
do not fit each other (as in its totals). Its large dense layers need fewer fillers than independent masks would."""

_CURVES = """
Change of accuracy against the dense model, in points (mean over seeds). Pruning: the nonzeros as float32, without
positions, as the paper counts. Weight sharing alone: all weights clustered, zeros too. Both: 5-bit codes, 5-bit
relative index with its fillers, codebooks. Smaller models are pruned from larger ones.

![sizes](pictures/quantization_sizes.png)"""

_STAGES = """
At the paper's densities (8, 9, 26 %), 5-bit codes and index. "Trained on" is the dense model with as many further
epochs as the pruned one had: the fair rival. P+Q+H is two static Huffman codes a layer; the bound is N * H(density) +
nonzeros * H(codes) + codebook.

![stages](pictures/quantization_stages.png)"""

_CODEBOOKS = """
All three layers of the pruned model (8, 9, 26 %) with codes of the same width: linear, density-based and random starts
of Lloyd's algorithm, and the optimal clustering. Tuned: one epoch on the centroids.

![codebooks](pictures/quantization_codebooks.png)"""

_NETS = """
A network of three convolutions (8, 16, 32 channels) and a linear layer on 8 x 8 digits, BatchNorm behind each
convolution. Integer-only inference runs in uint8 and int32 alone, BatchNorm folded. *Ranges measured*: no training
after the float one; *trained*: six epochs of simulated quantization. BWN and XNOR-Net leave the first and last layer
real, which are 19 % of the weights here; BatchNorm and biases are not counted. BinaryConnect with stochastic weights
is evaluated in three ways: with deterministic binary weights, the same after BatchNorm measured its averages again,
and with the real weights as its paper does. Here it falls short of deterministic binarization, while the paper found it
better on MNIST and CIFAR-10: 30 epochs on 1,197 digits are few for so much noise."""


def totals(results: Record) -> str:
    """Weighted rows of each network."""
    rows = [
        (
            row["network"],
            *(f"{100 * row[key]:.2f} ({1 / row[key]:.1f}x)" for key in ("quantized", "quantized_printed")),
            *(f"{100 * row[key]:.2f} ({1 / row[key]:.1f}x)" for key in ("coded", "coded_printed", "bound")),
        )
        for row in results["totals"]
    ]
    return _table(("total, % of dense", "P+Q", "printed", "P+Q+H", "printed", "bound"), rows)


def layers(results: Record) -> str:
    """Every row of tables 2 to 5."""
    rows = [
        (
            row["network"],
            row["layer"],
            f"{100 * row['density']:.0f}",
            f"{row['expansion']:.3f}",
            f"{100 * row['quantized']:.2f}",
            f"{100 * row['quantized_printed']:.1f}",
            f"{deviation(row):+.1%}",
            *(f"{100 * row[key]:.2f}" for key in ("coded", "coded_printed", "bound")),
        )
        for row in results["layers"]
    ]
    return _table(("net", "layer", "W%", "E", "P+Q %", "printed", "off by", "P+Q+H %", "printed", "bound %"), rows)


def curves(results: Record) -> str:
    """Figure 6 as a table."""
    out = []
    settings = {"pruning": "density of fc1", "quantization": "bits", "both": "density of fc1"}
    for method, setting in settings.items():
        rows = [(f"{at:g}", f"{100 * size:.2f}", f"{change:+.2f}") for at, size, change in curve(results, method)]
        out.append(_table((f"{method}: {setting}", "size, % of dense", "points"), rows))
    return "\n\n".join(out)


def stages(results: Record) -> str:
    """Accuracy and size after each stage."""
    rates, reached = stage_rates(results), stage_accuracy(results)
    rows: list[Cells] = [
        ("dense", reached["dense"], "1"),
        ("dense, trained on", reached["dense_trained_on"], "1"),
        ("P", reached["pruned"], f"{rates['pruned']:.1f}"),
        ("P+Q", reached["quantized"], f"{rates['quantized']:.1f}"),
        ("P+Q+H", "the same", f"{rates['coded']:.1f}"),
        ("order-0 bound", "the same", f"{rates['bound']:.1f}"),
    ]
    return _table(("stage", "accuracy, %", "dense size / size"), rows)


def codebooks(results: Record) -> str:
    """Means over seeds of each way and width."""
    found = {name: _by_way(results, name) for name in ("snr_db", "accuracy", "tuned_accuracy")}
    rows = [
        (bits, way, f"{snr.mean:.1f}", found["accuracy"][bits, way], found["tuned_accuracy"][bits, way])
        for (bits, way), snr in sorted(found["snr_db"].items())
    ]
    return _table(("bits", "centroids", "SNR, dB", "accuracy, %", "tuned, %"), rows)


def nets(results: Record) -> str:
    """Means over seeds of each way to compute."""
    found = means(results["nets"], lambda row: row["way"], "accuracy")
    bits = {row["way"]: row["bits_per_weight"] for row in results["nets"]}
    return _table(
        ("computing with", "bits a weight", "accuracy, %"),
        [(way, f"{bits[way]:.1f}", mean) for way, mean in found.items()],
    )


def _by_way(results: Record, value: str) -> dict[tuple[int, str], Mean]:
    return means(results["codebooks"], lambda row: (row["bits"], row["way"]), value)


def _table(head: Cells, rows: Iterable[Cells]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
