"""VGG-16 with the densities that Han et al. reached: Table 5 of "Learning both Weights and Connections for Efficient
Neural Networks" (NIPS 2015, arXiv 1506.02626). 138 million weights, 553 MB in float32; 7.5 % are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from spformat.numpy import Array


@dataclass(frozen=True)
class Layer:
    """A layer's weights: name, shape (outputs, inputs, ...), share of nonzeros."""

    name: str
    shape: tuple[int, ...]
    density: float

    @property
    def weights(self) -> int:
        return prod(self.shape)


def _conv(name: str, outputs: int, inputs: int, density: float) -> Layer:
    return Layer(name, (outputs, inputs, 3, 3), density)


LAYERS = [
    _conv("conv1_1", 64, 3, 0.58),
    _conv("conv1_2", 64, 64, 0.22),
    _conv("conv2_1", 128, 64, 0.34),
    _conv("conv2_2", 128, 128, 0.36),
    _conv("conv3_1", 256, 128, 0.53),
    _conv("conv3_2", 256, 256, 0.24),
    _conv("conv3_3", 256, 256, 0.42),
    _conv("conv4_1", 512, 256, 0.32),
    _conv("conv4_2", 512, 512, 0.27),
    _conv("conv4_3", 512, 512, 0.34),
    _conv("conv5_1", 512, 512, 0.35),
    _conv("conv5_2", 512, 512, 0.29),
    _conv("conv5_3", 512, 512, 0.36),
    Layer("fc6", (4096, 25088), 0.04),
    Layer("fc7", (4096, 4096), 0.04),
    Layer("fc8", (1000, 4096), 0.23),
]


def weights(layer: Layer) -> Array:
    """float32 weights of the layer's shape: Gaussian values under an iid mask; the same in every call."""
    rng = np.random.default_rng([16, LAYERS.index(layer)])
    out = np.zeros(layer.weights, np.float32)
    mask = rng.random(layer.weights, dtype=np.float32) < layer.density
    out[mask] = rng.standard_normal(np.count_nonzero(mask), dtype=np.float32) * np.float32(0.05)
    return out.reshape(layer.shape)


def tensors(kind: str = "") -> Iterator[tuple[str, Array]]:
    """Name and weights of each layer whose name starts so ("conv", "fc7", "" for all): one at a time."""
    for layer in LAYERS:
        if layer.name.startswith(kind):
            yield layer.name + ".weight", weights(layer)
