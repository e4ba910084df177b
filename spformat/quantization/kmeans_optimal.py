"""The best k-means clustering of one-dimensional samples, by dynamic programming.

best[c][j], the least cost of the first j samples in c clusters, is the minimum over i < j of best[c-1][i] plus the
cost of samples i to j as one cluster. The minimizing i never falls as j grows (the cost is a Monge array), so halving
finds all of a layer in n log n steps; every level of the halving is one array operation here. The scheme is
that of ckmeans.1d.dp (Song and Zhong, Bioinformatics 36, 2020).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .arrays import Floats
from .kmeans import Samples

MOST_CELLS = 1 << 27  # distinct values * k; each takes a 4-byte back pointer

Indices = NDArray[np.intp]


def optimal(samples: Samples, k: int) -> Floats:
    """The k centroids of least cost, ascending, for k distinct values or more.

    Raises ConfigError when distinct values * k exceed MOST_CELLS: Lloyd's algorithm takes any number.
    """
    n = len(samples.values)
    if n * k > MOST_CELLS:
        raise ConfigError(
            "too many weights for optimal k-means, use another start", expected=f"{MOST_CELLS} cells", found=n * k
        )
    interval = _IntervalCost(samples)
    best = interval(np.zeros(n + 1, np.intp), np.arange(n + 1))
    starts = np.zeros((k, n + 1), np.int32)
    for clusters in range(1, k):
        best, starts[clusters] = _layer(best, clusters, interval)
    edges = [n]
    for clusters in reversed(range(k)):
        edges.append(int(starts[clusters, edges[-1]]))
    low, high = np.array(edges[:0:-1]), np.array(edges[-2::-1])
    means: Floats = (samples.moment[high] - samples.moment[low]) / (samples.mass[high] - samples.mass[low])
    return means


class _IntervalCost:
    """The sum of squared distances to the mean, of the samples from `low` to `high`, from prefix sums."""

    def __init__(self, samples: Samples) -> None:
        centred = samples.values - samples.moment[-1] / samples.mass[-1]  # keeps the sums of squares small
        # A power of two less, which rounds nothing: squares of float64 beyond 1e154 would be infinite.
        centred = np.ldexp(centred, -np.frexp(np.abs(centred).max())[1])
        self._mass = samples.mass.astype(np.float64)
        self._moment = np.concatenate([[0.0], np.cumsum(centred * samples.counts)])
        self._square = np.concatenate([[0.0], np.cumsum(centred**2 * samples.counts)])

    def __call__(self, low: Indices, high: Indices) -> Floats:
        mass = np.maximum(self._mass[high] - self._mass[low], 1)
        moment = self._moment[high] - self._moment[low]
        around_mean: Floats = self._square[high] - self._square[low] - moment * moment / mass
        return np.maximum(around_mean, 0.0)


def _layer(before: Floats, clusters: int, interval: _IntervalCost) -> tuple[Floats, NDArray[np.int32]]:
    """From the least costs with `clusters` clusters those with one more, and where its last cluster starts."""
    n = len(before) - 1
    best = np.full(n + 1, np.inf)
    starts = np.zeros(n + 1, np.int32)
    low, high = np.array([clusters + 1]), np.array([n])  # spans of j still open
    first, last = np.array([clusters]), np.array([n - 1])  # where their minimizing i may lie
    while len(low):
        middle = (low + high) // 2
        ends = np.minimum(last, middle - 1)
        sizes = ends - first + 1
        heads = np.cumsum(sizes) - sizes
        candidates = np.arange(sizes.sum()) + np.repeat(first - heads, sizes)
        costs = before[candidates] + interval(candidates, np.repeat(middle, sizes))
        least = np.minimum.reduceat(costs, heads)
        chosen = np.where(costs == np.repeat(least, sizes), candidates, n)
        at = np.minimum.reduceat(chosen, heads)
        best[middle], starts[middle] = least, at
        low, high = np.concatenate([low, middle + 1]), np.concatenate([middle - 1, high])
        first, last = np.concatenate([first, at]), np.concatenate([at, last])
        open_ = low <= high
        low, high, first, last = low[open_], high[open_], first[open_], last[open_]
    return best, starts
