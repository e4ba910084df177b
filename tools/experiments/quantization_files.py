"""Deep Compression's tables in real file bytes: networks of the paper's shapes, densities and value entropies.

    python -m tools.experiments.quantization_files [NETWORK ...]

Weights are made, not trained: independent masks of the paper's densities, and codes of 8 or 5 bits whose entropy is the
paper's (coded bits of a value), with a codebook of float32. Each tensor is packed with the library; each layer is
compared with its order-0 bound, N * H(p) + nonzeros * H(codes) and the codebook, from its own counts, and with the
paper's row. Writes quantization_files.md and a picture of the sizes after each stage: dense, P (nonzeros as float32),
P+Q (fixed widths, as the paper has it), and the file (P+Q+H).
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import spformat
from spformat.quantization import CodebookTensor, binary_entropy, entropy
from spformat.quantized import Quantized, add_quantized
from spformat.reader import Reader
from spformat.writer import Writer
from tools.experiments.quantization_tables import NETWORKS, Network, Row

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Layer:
    """Bytes of a layer: dense float32, order-0 bound, stored (with its entry in the index); of these, of values and
    of positions, which are 0 where zeros stand among the values."""

    row: Row
    nonzeros: int
    dense: int
    bound: float
    stored: int
    values: int
    positions: int


@dataclass(frozen=True)
class Measured:
    """A network in a file. stages: bytes after P and P+Q, as the paper counts, and of the whole file."""

    network: Network
    layers: tuple[Layer, ...]
    stages: dict[str, float]

    @property
    def dense(self) -> int:
        """Bytes as float32."""
        return sum(layer.dense for layer in self.layers)


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(net.name for net in NETWORKS))
    asked = parser.parse_args().networks
    measured = [measure(network) for network in NETWORKS if not asked or network.name in asked]
    text = "\n".join(page(measured))
    print(text)
    if not asked:
        (HERE / "quantization_files.md").write_text(text + "\n")
        draw(measured, HERE / "pictures" / "quantization_files.png")


def measure(network: Network) -> Measured:
    """Packs a network of the paper's shapes into a file, layer by layer, and reads it back to compare."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.spf")
        bounds = []
        with Writer(path) as writer:
            for row in network.rows:
                tensor = made(row)
                bounds.append(bound(tensor))
                add_quantized(writer, row.name, Quantized(tensor))
        layers = tuple(_layers(path, network, bounds))
        with Reader(path) as reader:
            for _ in reader.check_tensors():
                pass
        size = os.path.getsize(path)
    plans = [row.plan for row in network.rows]
    pruned = sum(4 * plan.weights * plan.density for plan in plans)
    quantized = sum(4 * plan.weights * plan.rate() for plan in plans)
    return Measured(network, layers, {"P": pruned, "P+Q": quantized, "file": size})


def made(row: Row) -> CodebookTensor:
    """A layer as a matrix of 1,024 columns or fewer, from a seed of its own."""
    rng = np.random.default_rng(row.plan.weights)
    columns = next(width for width in (1024, 1000, 784, 576, 300, 25, 12, 10, 1) if row.plan.weights % width == 0)
    codes = np.zeros(row.plan.weights, np.uint8)
    alive = rng.random(row.plan.weights, np.float32) < row.plan.density
    shares = code_shares(1 << row.plan.value_bits, min(row.coded_value_bits, row.plan.value_bits - 0.01))
    count = len(shares) - 1 if len(shares) == 256 else len(shares)  # code 0 is that of pruned weights
    shares = shares[:count] / shares[:count].sum()
    codes[alive] = 1 + rng.choice(count, int(alive.sum()), p=shares).astype(np.uint8)
    book = np.sort(rng.normal(scale=0.05, size=count)).astype(np.float32)
    return CodebookTensor(codes.reshape(-1, columns), np.concatenate([np.zeros(1, np.float32), book]), True)


def code_shares(count: int, bits: float) -> NDArray[np.float64]:
    """Shares of `count` codes as a bell has them, as wide as makes their entropy `bits`."""
    places = np.linspace(-1, 1, count)
    narrow, wide = 1e-3, 1e3
    for _ in range(100):
        width = (narrow * wide) ** 0.5
        exponents = -((places / width) ** 2) / 2
        shares = np.exp(np.maximum(exponents - exponents.max(), -600))
        shares /= shares.sum()
        if -(shares * np.log2(shares)).sum() < bits:
            narrow = width
        else:
            wide = width
    return np.asarray(shares)


def bound(tensor: CodebookTensor) -> float:
    """Bytes of the order-0 bound: N * H(p) + nonzeros * H(codes) + codebook."""
    counts = tensor.counts()
    counts[0] = 0
    size, nonzeros = tensor.codes.size, tensor.nonzeros
    bits = size * binary_entropy(nonzeros / size) + nonzeros * entropy(counts)
    return bits / 8 + tensor.centroids.nbytes


def _layers(path: str, network: Network, bounds: list[float]) -> Iterator[Layer]:
    for row, least, tensor in zip(network.rows, bounds, spformat.inspect(path).tensors, strict=True):
        bytes_of = tensor.accounting
        values, positions = bytes_of.value_bytes, bytes_of.index_bytes + bytes_of.pointer_bytes
        yield Layer(row, tensor.nonzeros, tensor.dense_bytes, least, tensor.stored_bytes, values, positions)


def page(measured: list[Measured]) -> Iterator[str]:
    """The report in Markdown."""
    yield "# Deep Compression's tables in file bytes"
    yield ""
    yield "Made by `python -m tools.experiments.quantization_files`: the paper's shapes, densities and value entropies,"
    yield "with independent masks. Sizes are dense float32 bytes over bytes. *P* (nonzeros as float32, no positions)"
    yield "and *P+Q* (fixed widths, fillers, codebook) are computed as in the paper; *file* is the packed file, tables"
    yield "and index included."
    yield ""
    yield "| network | dense MB | P | P+Q | file | paper, P+Q+H | file MB |"
    yield "|---|---|---|---|---|---|---|"
    for net in measured:
        rates = " | ".join(f"{net.dense / size:.1f}x" for size in net.stages.values())
        printed = f"{1 / net.network.coded:.1f}x"
        yield f"| {net.network.name} | {net.dense / 1e6:.1f} | {rates} | {printed} | {net.stages['file'] / 1e6:.3f} |"
    yield ""
    yield "## Layer by layer"
    yield ""
    yield "*Before*: bits of a value and of an index as the paper stores them before Huffman coding. *After*: the same"
    yield "coded, in the paper for each entry, fillers included, in the file for each nonzero: it has no fillers, and"
    yield "where zeros stand among the values there are no positions. *P+Q* and *P+Q+H*: compressed size as a share of"
    yield "the dense layer, computed from widths, codebook and as many fillers as an independent mask needs, and from"
    yield "the layer's bytes in the file; beside each the share that the paper prints."
    yield ""
    yield "*Stored* counts the entry in the index: with a codebook some 55 bytes besides it, for two digests, the shape"
    yield "and the record of the quantization. With the lanes of its streams a tensor of 102,400 weights takes about 80"
    yield "bytes more than its bound: 2.3 % more at 3 % density with codes of 2 bits, less than 2 % from 5 % on."
    for net in measured:
        yield ""
        yield f"### {net.network.name}"
        yield ""
        yield (
            "| layer | weights | kept | before | after, paper | after, file | P+Q | paper | P+Q+H, file | paper |"
            " stored | of the order-0 bound |"
        )
        yield "|---|---|---|---|---|---|---|---|---|---|---|---|"
        for layer in net.layers:
            yield _line(layer)


def _line(layer: Layer) -> str:
    row, plan = layer.row, layer.row.plan
    values, positions = (8 * size / layer.nonzeros for size in (layer.values, layer.positions))
    cells = [
        row.name,
        f"{plan.weights:,}",
        f"{plan.density:.0%}",
        f"{plan.value_bits} + {plan.index_bits}",
        f"{row.coded_value_bits} + {row.coded_index_bits}",
        f"{values:.1f} + {positions:.1f}" if positions else f"{values:.1f}",
        f"{plan.rate():.1%}",
        f"{row.quantized:.1%}",
        f"{layer.stored / layer.dense:.2%}",
        f"{row.coded:.2%}",
        f"{layer.stored:,}",
        f"{layer.stored / layer.bound:.4f}",
    ]
    return "| " + " | ".join(cells) + " |"


def draw(measured: list[Measured], path: Path) -> None:
    """Bars of the sizes after each stage, as shares of the dense network."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    labels = {"P": "P", "P+Q": "P+Q", "file": "P+Q+H: the file"}
    for place, (stage, label) in enumerate(labels.items()):
        shares = [100 * net.stages[stage] / net.dense for net in measured]
        bars = axes.bar(np.arange(len(measured)) + 0.27 * (place - 1), shares, 0.25, label=label)
        axes.bar_label(bars, [f"{100 / share:.0f}x" for share in shares], fontsize=8)
    axes.set_xticks(range(len(measured)), [net.network.name for net in measured])
    axes.set_ylabel("% of dense float32 bytes")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
