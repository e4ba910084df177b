"""First centroids of k-means: Deep Compression's (section 3.2) are linear, density-based and random (Forgy)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arrays import Floats
from .kmeans import Samples
from .kmeans_histogram import in_cells
from .kmeans_optimal import optimal

Initialization = Callable[[Samples, int, np.random.Generator], Floats]


def linear(samples: Samples, k: int, _rng: np.random.Generator) -> Floats:
    """k values evenly spaced from the least to the largest sample: best for the few large weights."""
    return np.linspace(samples.values[0], samples.values[-1], k)


def density(samples: Samples, k: int, _rng: np.random.Generator) -> Floats:
    """The samples in the middle of k equal steps of the cumulative distribution; values may repeat."""
    ranks = (np.arange(k) + 0.5) / k * samples.mass[-1]
    middles: Floats = samples.values[np.searchsorted(samples.mass[1:], ranks, side="left")]
    return middles


def random(samples: Samples, k: int, rng: np.random.Generator) -> Floats:
    """k distinct values, drawn as often as they occur."""
    share = samples.counts / samples.mass[-1]
    return np.sort(rng.choice(samples.values, k, replace=False, p=share))


def histogram(samples: Samples, k: int, _rng: np.random.Generator) -> Floats:
    """The best centroids of a histogram, with which Lloyd's algorithm loses next to nothing against the best of all."""
    return optimal(in_cells(samples, k), k)


INITIALIZATIONS: dict[str, Initialization] = {
    "density": density,
    "histogram": histogram,
    "linear": linear,
    "random": random,
}
