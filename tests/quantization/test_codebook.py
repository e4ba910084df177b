"""Weight sharing: figure 3, zeros, edge cases of k-means, the stored form."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat.errors import ConfigError
from spformat.quantization import CodebookTensor, centroid_count, quantize_codebook
from spformat.quantization.codebook import ZEROS
from tests.quantization.arrays import few, weights
from tests.quantization.vectors import CENTROIDS, CODES, WEIGHTS

NORMAL = np.random.default_rng(7).normal(size=(50, 40)).astype(np.float32)
PRUNED = np.where(np.abs(NORMAL) > 1, NORMAL, 0).astype(np.float32)


def test_figure_3():
    found = quantize_codebook(WEIGHTS, 2, zeros="clustered", init=CENTROIDS, method="none")
    assert (found.codes == CODES).all()
    assert (found.codebook == CENTROIDS).all()
    assert (found.dequantize() == CENTROIDS[CODES]).all()
    assert found.bits == 2


@pytest.mark.parametrize("init", ["linear", "random"])
def test_the_centroids_of_figure_3_are_found(init):
    found = quantize_codebook(WEIGHTS, 2, zeros="clustered", init=init, seed=3)
    assert found.codebook == pytest.approx(CENTROIDS, abs=1e-6)
    assert quantize_codebook(WEIGHTS, 2, zeros="clustered", method="optimal").codebook == pytest.approx(
        CENTROIDS, abs=1e-6
    )


def test_centroid_counts():
    assert [centroid_count(5, zeros) for zeros in ZEROS] == [31, 32, 32]
    for bits in (0, 16):
        with pytest.raises(ConfigError, match="1 to 15"):
            centroid_count(bits)
    with pytest.raises(ConfigError, match="filler or apart or clustered, found 'none'"):
        centroid_count(4, "none")


@few
@given(
    weights(),
    st.integers(1, 5),
    st.sampled_from(ZEROS),
    st.sampled_from(["linear", "density", "random", "histogram"]),
    st.sampled_from(["lloyd", "optimal", "none"]),
)
def test_every_weight_has_the_nearest_centroid_and_zeros_stay_zero(given_, bits, zeros, init, method):
    found = quantize_codebook(given_, bits, zeros=zeros, init=init, method=method)
    back, wide = found.dequantize(), given_.astype(np.float64)
    assert back.dtype == given_.dtype
    assert back.shape == given_.shape
    assert len(found.centroids) <= centroid_count(bits, zeros)
    if zeros != "clustered":
        assert (found.codes[wide == 0] == 0).all()
        assert not back[wide == 0].astype(bool).any()
        assert not np.signbit(back[wide == 0].astype(np.float64)).any()
    alive = (wide != 0) | (zeros == "clustered")
    gaps = np.abs(np.subtract.outer(wide[alive], found.centroids.astype(np.float64)))
    if alive.any():
        assert (np.abs(wide[alive] - back[alive].astype(np.float64)) == gaps.min(axis=1)).all()
    else:
        assert len(found.centroids) == 0


@few
@given(weights(), st.sampled_from(ZEROS))
def test_with_centroids_enough_nothing_is_lost(given_, zeros):
    found = quantize_codebook(given_, 10, zeros=zeros)
    assert (found.dequantize() == given_).all()
    assert len(found.centroids) == len(np.unique(given_[(given_ != 0) | (zeros == "clustered")]))


@few
@given(weights(), st.integers(1, 4), st.sampled_from(["linear", "density"]), st.booleans())
def test_the_stored_form_means_the_same(given_, bits, init, drop):
    found = quantize_codebook(given_, bits, init=init, method="none")
    stored = found.compact(drop_live_zeros=drop)
    assert stored.dequantize().tobytes() == found.dequantize().tobytes()
    assert (stored.counts()[1:] > 0).all()
    assert (np.diff(stored.centroids.astype(np.float64)) > 0).all()
    assert stored.nonzeros == (np.count_nonzero(stored.dequantize()) if drop else found.nonzeros)


def test_an_empty_cluster_stays_for_training_and_is_not_stored():
    two_hills = np.array([-1.0, -0.9, 0.9, 1.0], np.float32)
    found = quantize_codebook(two_hills, 3, init=np.array([-1.0, 0.1, 1.0], np.float32))
    assert found.counts().tolist() == [0, 2, 0, 2]
    stored = found.compact()
    assert stored.centroids.tolist() == found.centroids[[0, 2]].tolist()
    assert stored.bits == 2
    assert stored.bits_without_filler == 1


def test_a_centroid_at_zero_is_not_the_reserved_zero():
    given_ = np.array([-1.0, -0.25, 0.0, 0.25, 1.0], np.float32)
    found = quantize_codebook(given_, 2)
    assert found.codebook.tolist() == [0, -1, 0, 1]
    assert found.codes.tolist() == [1, 2, 0, 2, 3]
    assert found.nonzeros == 4
    assert found.compact().codes.tolist() == [1, 2, 0, 2, 3]
    dropped = found.compact(drop_live_zeros=True)
    assert dropped.codes.tolist() == [1, 0, 0, 0, 2]
    assert dropped.nonzeros == 2


def test_a_mask_keeps_live_weights_that_are_zero_and_drops_dead_ones_that_are_not():
    given_ = np.array([0.5, 0.0, 0.25, -1.0], np.float32)
    found = quantize_codebook(given_, 4, mask=np.array([True, True, False, True]))
    assert found.dequantize().tolist() == [0.5, 0, 0, -1]
    assert (found.codes != 0).tolist() == [True, True, False, True]


def test_ternary_weights_are_a_codebook_of_two_centroids():
    signs = np.sign(PRUNED) * np.float32(0.7)
    found = quantize_codebook(signs, 2)
    assert (found.dequantize() == signs).all()
    assert found.compact().codebook.tolist() == [0, np.float32(-0.7), np.float32(0.7)]
    assert (found.bits, found.bits_without_filler) == (2, 1)


WAYS: dict[str, dict[str, Any]] = {
    "optimal": {"method": "optimal"},
    "linear": {"init": "linear"},
    "density": {"init": "density"},
    "random": {"init": "random"},
    "histogram": {"init": "histogram"},
}


def test_optimal_loses_least_and_linear_keeps_the_large_weights():
    def error(back):
        return np.square(PRUNED - back, dtype=np.float64).sum()

    lost = {how: error(quantize_codebook(PRUNED, 4, **how_).dequantize()) for how, how_ in WAYS.items()}
    assert lost["optimal"] == min(lost.values())
    linear, density = (quantize_codebook(PRUNED, 4, init=init, method="none") for init in ("linear", "density"))
    assert np.abs(linear.dequantize()).max() > np.abs(density.dequantize()).max()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("exponent", [-900, 900])
def test_weights_of_any_magnitude_are_clustered_alike(way, exponent):
    wide = PRUNED.astype(np.float64)
    found, twin = (quantize_codebook(values, 3, **WAYS[way]) for values in (np.ldexp(wide, exponent), wide))
    assert (found.codes == twin.codes).all()
    assert (np.ldexp(found.codebook, -exponent) == twin.codebook).all()


@pytest.mark.parametrize("shape", [(), (0,), (3, 0)])
def test_without_weights(shape):
    found = quantize_codebook(np.zeros(shape, np.float32), 4)
    assert found.dequantize().shape == shape
    assert found.codebook.tolist() == [0]
    assert found.bits == 1
    assert quantize_codebook(np.zeros(shape, np.float32), 4, zeros="clustered").shape == shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": np.array([1.0, np.nan])}, "expected no NaN or infinity, found 1 of 2"),
        ({"weights": np.array([1, 2])}, "expected floats, found int64"),
        ({"init": "best"}, "expected density or histogram or linear or random, found 'best'"),
        ({"init": np.zeros((2, 2))}, "expected 1 to 3 in a row"),
        ({"init": np.arange(4.0)}, "expected 1 to 3 in a row"),
        ({"method": "exact"}, "expected lloyd, optimal or none"),
        ({"mask": np.zeros(3, bool)}, "expected bool of shape"),
        ({"mask": np.zeros(2, bool), "zeros": "clustered"}, "a mask goes with zeros apart"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        quantize_codebook(**{"weights": np.array([1.0, 2.0]), "bits": 2, **arguments})


@pytest.mark.parametrize(
    ("codes", "codebook", "reserves_zero", "message"),
    [
        (np.array([1]), np.zeros(2), True, "expected uint8 or uint16, found int64"),
        (np.array([2], np.uint8), np.zeros(2), True, "expected below 2, found 2"),
        (np.array([0], np.uint8), np.ones(2), True, r"expected \+0.0"),
        (np.array([0], np.uint8), np.array([-0.0, 1]), True, r"expected \+0.0"),
        (np.array([0], np.uint8), np.zeros((2, 2)), True, "one row"),
        (np.array([0], np.uint8), np.array([np.inf]), False, "codebook must be finite"),
    ],
)
def test_a_codebook_tensor_checks_its_fields(codes, codebook, reserves_zero, message):
    with pytest.raises(ConfigError, match=message):
        CodebookTensor(codes, codebook, reserves_zero)


def test_its_arrays_cannot_be_written():
    found = quantize_codebook(PRUNED, 4)
    for array in (found.codes, found.codebook):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
