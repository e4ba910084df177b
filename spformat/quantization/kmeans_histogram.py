"""Samples in a few thousand cells, whose best clustering is nearly that of the samples themselves.

Within a cell nothing is lost but the choice of a border: a cell stands at the mean of its samples. So cells are narrow
where the borders of good clusters lie close together. Of many clusters these are as dense as the cube root of the
samples' density (Panter and Dite, Proc. IRE 39, 1951). Others, which hold equally many distinct values each, see to it
that there are enough cells for any values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats
from .kmeans import Samples

CELLS = 2048


def in_cells(samples: Samples, k: int) -> Samples:
    """The means of k or more cells and how many samples lie in each; the samples themselves when they are few."""
    cells = max(CELLS, 4 * k)
    n = len(samples.values)
    if n <= cells + cells // 2:
        return samples
    by_rank = np.arange(cells // 2) * n // (cells // 2)
    first = np.union1d(by_rank, _by_density(samples, cells))
    counts = np.add.reduceat(samples.counts, first)
    return Samples(np.add.reduceat(samples.values * samples.counts, first) / counts, counts)


def _by_density(samples: Samples, cells: int) -> NDArray[np.intp]:
    """The first value of each cell, by the cube root of the density: values may repeat."""
    gaps = np.diff(samples.values / 2)  # halves first: no overflow
    share = np.cbrt(samples.counts[1:] + samples.counts[:-1]) * np.cbrt(gaps) ** 2
    while share.max() > 2 * share.sum() / cells:  # a gap is no more than a border, however far its samples lie apart
        share = np.minimum(share, share.sum() / cells)
    reached: Floats = np.concatenate([[0.0], np.cumsum(share)])
    first: NDArray[np.intp] = np.searchsorted(reached, np.arange(cells) / cells * reached[-1])
    return first
