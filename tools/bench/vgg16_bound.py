"""VGG-16 at the densities of the paper, in one file, beside the order-0 bound."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from math import log2
from pathlib import Path

import numpy as np

import spformat
from spformat.dtypes import from_numpy
from spformat.numpy import Array
from spformat.planning.bound import bound_bytes
from spformat.writer import Writer
from tools.bench import vgg16
from tools.bench.markdown import table


@dataclass(frozen=True)
class Layer:
    """A layer's weights, nonzeros, bytes in the file (with its entry in the index) and bytes of the bound."""

    name: str
    weights: int
    nonzeros: int
    stored: int
    bound: float


def entropy(density: float) -> float:
    """H(p) in bits."""
    return sum(-p * log2(p) for p in (density, 1 - density) if p > 0)


def order_0_bound(array: Array) -> float:
    """Bytes: N * H(density) for the positions, and for the values the order-0 entropy of the 15 leading magnitude bits,
    the sign and the bits below raw."""
    dtype = from_numpy(array.dtype)
    patterns = array.reshape(-1).view(dtype.bits)
    nonzeros = patterns[patterns != 0]
    positions = patterns.size * entropy(nonzeros.size / patterns.size)
    return positions / 8 + bound_bytes(nonzeros, dtype)


def measure(prefix: str) -> tuple[list[Layer], int]:
    """The layers whose names start so, and the bytes of the file that holds them; one layer in memory at a time."""
    bounds = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vgg16.spf"
        with Writer(path) as writer:
            for name, array in vgg16.tensors(prefix):
                writer.add(name, array)
                bounds[name] = order_0_bound(array)
        found = spformat.inspect(path, bound=False)
    layers = [Layer(t.name, int(np.prod(t.shape)), t.nonzeros, t.stored_bytes, bounds[t.name]) for t in found.tensors]
    return layers, found.file.bytes


def report(prefix: str) -> str:
    """A Markdown table."""
    layers, file_bytes = measure(prefix)
    total = Layer(
        "the file",
        sum(layer.weights for layer in layers),
        sum(layer.nonzeros for layer in layers),
        file_bytes,
        sum(layer.bound for layer in layers),
    )
    rows = [
        [
            layer.name,
            f"{layer.weights:,}",
            f"{layer.nonzeros / layer.weights:.4f}",
            f"{layer.stored:,}",
            f"{layer.bound:,.0f}",
            f"{layer.stored / layer.bound - 1:+.2%}",
        ]
        for layer in [*layers, total]
    ]
    return table(["VGG-16", "weights", "density", "stored bytes", "order-0 bound", "excess"], rows)
