"""One-dimensional k-means against plain twins."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat.errors import ConfigError
from spformat.quantization import kmeans_optimal
from spformat.quantization.kmeans import Samples, cost, lloyd, nearest
from spformat.quantization.kmeans_histogram import CELLS, in_cells
from spformat.quantization.kmeans_init import INITIALIZATIONS, density, linear
from spformat.quantization.kmeans_optimal import optimal
from tests.quantization.arrays import few

# Multiples of 1/8: sums and means of few of them are exact or round alike in both twins.
eighths = st.integers(-80, 80).map(lambda n: n / 8)
lists = st.lists(eighths, min_size=1, max_size=60)


def plain_lloyd(values, centroids):
    """The textbook's loop over all values."""
    centroids, codes = np.array(centroids), None
    while True:
        gaps = np.abs(np.subtract.outer(values, centroids))
        now = np.argmin(gaps, axis=1)  # the first, so the lower one, of two equally near
        if codes is not None and (now == codes).all():
            return centroids
        codes = now
        for k in set(codes):
            centroids[k] = values[codes == k].mean()


@few
@given(lists, st.integers(1, 9), st.sampled_from(sorted(INITIALIZATIONS)), st.integers(0, 9))
def test_lloyd_is_the_textbooks(values, k, init, seed):
    samples = Samples.of(np.array(values))
    k = min(k, len(samples.values))
    # Of two equal centroids the twin would take any.
    start = np.unique(INITIALIZATIONS[init](samples, k, np.random.default_rng(seed)))
    # Means that differ in the last bit could send a value on the border to the other side: then costs are alike.
    ours, twin = lloyd(samples, start), plain_lloyd(np.array(values), start)
    assert np.allclose(ours, twin) or np.isclose(cost(samples, ours), cost(samples, twin), rtol=0.2)
    assert (np.diff(ours) >= 0).all()
    assert cost(samples, ours) <= cost(samples, start) * (1 + 1e-12) + 1e-12


@few
@given(st.lists(eighths, min_size=1, max_size=9), st.integers(1, 4))
def test_optimal_is_the_best_of_all_partitions(values, k):
    ordered = np.sort(np.array(values))
    samples = Samples.of(ordered)
    k = min(k, len(samples.values))
    best = min(
        sum(part.var() * len(part) for part in np.split(ordered, cuts) if len(part))
        for cuts in combinations(range(1, len(ordered)), k - 1)
    )
    found = optimal(samples, k)
    assert len(found) == k
    assert np.isclose(cost(samples, found), best, atol=1e-9)


@few
@given(lists, st.integers(1, 12), st.sampled_from(sorted(INITIALIZATIONS)))
def test_optimal_is_never_worse_than_lloyd(values, k, init):
    samples = Samples.of(np.array(values))
    k = min(k, len(samples.values))
    start = INITIALIZATIONS[init](samples, k, np.random.default_rng(0))
    assert cost(samples, optimal(samples, k)) <= cost(samples, lloyd(samples, start)) + 1e-9


def test_optimal_of_many_values_in_many_clusters():
    values = np.random.default_rng(1).normal(size=20_000)
    samples = Samples.of(values)
    start = linear(samples, 31, np.random.default_rng(0))
    best = cost(samples, optimal(samples, 31))
    assert best <= cost(samples, lloyd(samples, start))
    assert best == pytest.approx(cost(samples, lloyd(samples, optimal(samples, 31))))  # a fixed point


def test_optimal_refuses_what_would_not_fit(monkeypatch):
    monkeypatch.setattr(kmeans_optimal, "MOST_CELLS", 10)
    with pytest.raises(ConfigError, match="use another start: expected 10 cells, found 12"):
        optimal(Samples.of(np.arange(6.0)), 2)


def test_the_initializations():
    samples = Samples.of(np.array([0.0, 1, 1, 1, 2, 3, 4, 10]))
    rng = np.random.default_rng(0)
    assert linear(samples, 3, rng).tolist() == [0, 5, 10]
    assert density(samples, 4, rng).tolist() == [0, 1, 2, 4]  # ranks 1, 3, 5, 7 of 8
    draws = INITIALIZATIONS["random"](samples, 6, rng)
    assert len(set(draws)) == 6
    assert set(draws) <= set(samples.values)


def test_random_draws_follow_the_frequencies():
    samples = Samples.of(np.array([1.0] * 97 + [2.0, 3.0, 4.0]))
    drawn = [INITIALIZATIONS["random"](samples, 1, np.random.default_rng(s))[0] for s in range(200)]
    assert drawn.count(1.0) > 180


HEAVY = np.random.default_rng(2).standard_t(2, 9000)


@pytest.mark.parametrize("k", [2, 7, 32, 256])
@pytest.mark.parametrize(
    "values",
    [HEAVY, HEAVY[np.abs(HEAVY) > 1], np.append(HEAVY, 1e6), np.append(np.arange(9000.0), np.full(50_000, 3.0))],
    ids=["heavy tails", "a hole", "one far away", "one everywhere"],
)
def test_from_a_histogram_lloyd_is_next_to_the_best(values, k):
    samples = Samples.of(values)
    found = lloyd(samples, INITIALIZATIONS["histogram"](samples, k, np.random.default_rng(0)))
    assert len(found) == k
    assert cost(samples, found) <= 1.02 * cost(samples, optimal(samples, k))


@pytest.mark.parametrize("k", [3, 600])
def test_cells_hold_all_samples_and_few_are_cells_themselves(k):
    samples = Samples.of(HEAVY)
    cells = in_cells(samples, k)
    assert k <= len(cells.values) <= 1.5 * max(CELLS, 4 * k)
    assert cells.counts.sum() == len(HEAVY)
    assert np.isclose((cells.values * cells.counts).sum(), HEAVY.sum())
    assert (np.diff(cells.values) > 0).all()
    those = Samples.of(HEAVY[:2000])
    assert in_cells(those, k) is those


def test_an_empty_cluster_keeps_its_centroid():
    samples = Samples.of(np.array([0.0, 1.0, 10.0, 11.0]))
    assert lloyd(samples, np.array([0.0, 5.5, 11.0])).tolist() == [0.5, 5.5, 10.5]


def test_a_value_between_two_centroids_takes_the_lower():
    assert nearest(np.array([-1.0, 0.5, 0.51, 9.0]), np.array([0.0, 1.0])).tolist() == [0, 0, 1, 1]


def test_prefix_sums_of_far_apart_magnitudes_keep_the_order():
    values = np.array([-1e30, 1.0, 1.0 + 2**-40, 1e30])
    found = lloyd(Samples.of(values), values.copy())
    assert (np.diff(found) >= 0).all()
    assert cost(Samples.of(values), found) <= 1e-20
