"""k-means in one dimension: on sorted values a cluster is an interval, and prefix sums give its mean at once.

One round of Lloyd's algorithm takes k binary searches, whatever the number of weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .arrays import Array, Floats

_MOST_ROUNDS = 100_000  # each lowers the cost, so it ends by itself; this guards against rounding going in circles


@dataclass(frozen=True, eq=False)
class Samples:
    """Distinct values, ascending, and how often each occurs; both of shape (n,)."""

    values: Floats
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, values: Array) -> Samples:
        """The samples of an array of any shape."""
        distinct, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
        return cls(distinct, counts)

    @cached_property
    def mass(self) -> NDArray[np.int64]:
        """How many samples lie before each value, shape (n + 1,)."""
        return np.concatenate([[0], np.cumsum(self.counts)])

    @cached_property
    def moment(self) -> Floats:
        """The sum of the samples before each value, shape (n + 1,)."""
        return np.concatenate([[0.0], np.cumsum(self.values * self.counts)])


def midpoints(centroids: Floats) -> Floats:
    """Where the nearest of two neighbouring centroids changes, shape (k - 1,). Halves first: no overflow."""
    return centroids[:-1] / 2 + centroids[1:] / 2


def nearest(values: Array, centroids: Floats) -> NDArray[np.intp]:
    """Index of the nearest of the ascending centroids for each value; the lower one of two equally near."""
    return np.searchsorted(midpoints(centroids), values, side="left")


def lloyd(samples: Samples, centroids: Floats) -> Floats:
    """Lloyd's algorithm until no sample changes its cluster; ascending centroids, shape (k,), in and out.

    A cluster without samples keeps its centroid.
    """
    edges = _edges(samples, centroids)
    for _ in range(_MOST_ROUNDS):
        centroids = _means(samples, centroids, edges)
        moved = _edges(samples, centroids)
        if np.array_equal(moved, edges):
            break
        edges = moved
    return centroids


def cost(samples: Samples, centroids: Floats) -> float:
    """Sum of the squared distances of all samples to their nearest centroid."""
    distances = samples.values - centroids[nearest(samples.values, centroids)]
    return float(np.sum(samples.counts * distances**2))


def _edges(samples: Samples, centroids: Floats) -> NDArray[np.intp]:
    """Cluster i holds the values from edges[i] to edges[i + 1]; shape (k + 1,)."""
    inner = np.searchsorted(samples.values, midpoints(centroids), side="right")
    return np.concatenate([[0], inner, [len(samples.values)]])


def _means(samples: Samples, centroids: Floats, edges: NDArray[np.intp]) -> Floats:
    low, high = edges[:-1], edges[1:]
    mass = samples.mass[high] - samples.mass[low]
    means = (samples.moment[high] - samples.moment[low]) / np.maximum(mass, 1)
    # Differences of prefix sums are a little off; a mean outside of its cluster would undo the order.
    last = len(samples.values) - 1
    means = np.clip(means, samples.values[np.minimum(low, last)], samples.values[np.maximum(high - 1, 0)])
    return np.where(mass > 0, means, centroids)
