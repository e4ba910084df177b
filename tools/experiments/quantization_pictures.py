"""The pictures of the experiments on quantization."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from tools.experiments.quantization_summary import Record, curve, means, stage_rates

LABELS = {"pruning": "pruning", "quantization": "weight sharing", "both": "both, index counted"}
PAPER = {"LeNet-300-100": (12.0, 32.0, 40.0), "LeNet-5": (12.0, 33.0, 39.0)}
PAPER |= {"AlexNet": (9.0, 27.0, 35.0), "VGG-16": (13.0, 31.0, 49.0)}


def draw(results: Record, folder: Path) -> None:
    """All pictures, as PNG files in the folder."""
    folder.mkdir(exist_ok=True)
    for name, paint in (("sizes", _sizes), ("codebooks", _codebooks), ("stages", _stages)):
        figure, axes = plt.subplots(1, 2 if name == "codebooks" else 1, figsize=(10 if name == "codebooks" else 7, 4.2))
        paint(results, list(axes) if name == "codebooks" else [axes])
        figure.tight_layout()
        figure.savefig(folder / f"quantization_{name}.png", dpi=110, metadata={"Software": None})
        plt.close(figure)


def _sizes(results: Record, axes: list[Axes]) -> None:
    """Figure 6 of the paper: loss of accuracy against size."""
    for method, label in LABELS.items():
        rows = curve(results, method)
        axes[0].plot([100 * size for _, size, _ in rows], [change for *_, change in rows], "o-", label=label, ms=4)
    axes[0].axhline(0, color="grey", lw=0.8)
    axes[0].set(xscale="log", ylim=(-8, 1.5), xlabel="size, % of the dense weights", ylabel="accuracy, points")
    axes[0].set_title("LeNet-300-100 on digits: change of accuracy against the dense model")
    axes[0].legend()


def _codebooks(results: Record, axes: list[Axes]) -> None:
    """How centroids are found: signal-to-noise ratio, and accuracy before tuning."""
    for axis, value, label in ((axes[0], "snr_db", "SNR, dB"), (axes[1], "accuracy", "accuracy before tuning, %")):
        found = means(results["codebooks"], lambda row: (row["way"], row["bits"]), value)
        for way in dict.fromkeys(way for way, _ in found):
            rows = [(bits, mean.mean) for (other, bits), mean in found.items() if other == way]
            axis.plot(*zip(*rows, strict=True), "o-", label=way, ms=4)
        axis.set(xlabel="bits of a code", ylabel=label)
        axis.legend()


def _stages(results: Record, axes: list[Axes]) -> None:
    """Compression after each stage: measured on digits, and printed in the paper."""
    rates = stage_rates(results)
    bars = {"LeNet-300-100 on digits, measured": (rates["pruned"], rates["quantized"], rates["coded"])}
    bars |= {f"{name}, printed": printed for name, printed in PAPER.items()}
    for number, (name, heights) in enumerate(bars.items()):
        places = [stage + (number - 2) * 0.16 for stage in range(3)]
        axes[0].bar(places, heights, 0.15, label=name)
    axes[0].set_xticks(range(3), ["P", "P+Q", "P+Q+H"])
    axes[0].set_ylabel("dense size / size")
    axes[0].set_title("Pruned, quantized, Huffman coded (without container and biases)")
    axes[0].legend(fontsize=8)
