"""Fidelity, entropy, the relative index and the ledger of sizes, against the papers' numbers and plain twins."""

from math import ceil, inf, log10

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat.errors import ConfigError
from spformat.quantization import (
    Fidelity,
    LayerPlan,
    binary_entropy,
    entries_per_nonzero,
    entropy,
    fidelity,
    huffman_bits,
    index_code_counts,
    quantize_codebook,
    sharing_ratio,
    stage_bits,
)
from tests.quantization.arrays import few, weights

COUNTS = st.lists(st.integers(0, 1000), min_size=1, max_size=40).map(lambda counts: np.array(counts, np.int64))


def test_fidelity():
    signal = np.array([3.0, -4.0], np.float32)
    found = fidelity(signal, np.array([3.0, -4.5], np.float32))
    assert found.snr_db == pytest.approx(10 * log10(25 / 0.25))
    assert found.largest_error == 0.5
    assert fidelity(signal, signal).snr_db == inf
    assert fidelity(np.zeros(2), np.ones(2)).snr_db == -inf
    assert fidelity(np.zeros(0), np.zeros(0)).largest_error == 0
    for scale in (1e-300, 1e300):  # whose squares are beyond float64
        assert fidelity(np.array([3.0, -4.0]) * scale, np.array([3.0, -4.5]) * scale).snr_db == pytest.approx(
            found.snr_db
        )
    far = np.array([1.5e308])
    assert fidelity(far, -far) == Fidelity(-inf, inf)
    for wrong in ((float("nan"), 1.0), (1.0, float("nan")), (1.0, -1.0)):
        with pytest.raises(ConfigError, match="what was lost"):
            Fidelity(*wrong)
    with pytest.raises(ConfigError, match=r"expected \(2,\), found \(3,\)"):
        fidelity(np.zeros(2), np.zeros(3))
    with pytest.raises(ConfigError, match="found 1 of 2"):
        fidelity(np.zeros(2), np.array([0, np.inf]))


@few
@given(weights(dtypes=[np.dtype(np.float32)]))
def test_each_further_bit_of_an_optimal_codebook_can_only_help(given_):
    found = [
        fidelity(given_, quantize_codebook(given_, bits, method="optimal").dequantize()).snr_db for bits in (1, 2, 3)
    ]
    assert found[0] <= found[1] + 1e-4
    assert found[1] <= found[2] + 1e-4


def test_binary_entropy():
    assert binary_entropy(0.09) + 0.09 == pytest.approx(0.526, abs=5e-4)
    assert binary_entropy(0.84) / 0.84 == pytest.approx(0.755, abs=5e-4)
    assert binary_entropy(0.1) == pytest.approx(0.469, abs=5e-4)
    assert binary_entropy(0) == binary_entropy(1) == 0
    with pytest.raises(ConfigError, match=r"expected 0 to 1, found 1\.5"):
        binary_entropy(1.5)


@few
@given(COUNTS)
def test_a_huffman_code_is_within_one_bit_of_the_entropy(counts):
    total = int(counts.sum())
    assert total * entropy(counts) - 1e-6 <= huffman_bits(counts) <= total * (entropy(counts) + 1)


def test_huffman_codes_by_hand():
    assert huffman_bits(np.array([5, 0])) == 5  # one kind of symbol: a bit each
    assert huffman_bits(np.array([4, 2, 1, 1])) == 4 * 1 + 2 * 2 + 3 + 3
    assert huffman_bits(np.array([0])) == 0
    assert entropy(np.array([0])) == 0
    assert entropy(np.array([4, 2, 1, 1])) == 1.75


@few
@given(weights(), st.integers(0, 6))
def test_index_codes_are_those_of_the_loop_that_writes_them(given_, bits):
    mask = given_ != 0
    codes, before = [], -1
    for position in np.flatnonzero(mask).tolist():
        while position - before > 2**bits:
            codes.append(2**bits - 1)
            before += 2**bits
        codes.append(position - before - 1)
        before = position
    counts = index_code_counts(mask, bits)
    assert counts.tolist() == np.bincount(np.array(codes, int), minlength=2**bits).tolist()


def test_the_example_of_figure_2_needs_one_filler():
    mask = np.zeros(16, bool)
    mask[[1, 4, 15]] = True
    assert index_code_counts(mask, 3).tolist() == [0, 1, 2, 0, 0, 0, 0, 1]  # 1 2 7(filler) 2


@pytest.mark.parametrize(("density", "bits", "expected"), [(0.1, 4, 1.2274), (0.09, 4, 1.2839), (0.04, 5, 1.3714)])
def test_expected_entries(density, bits, expected):
    assert entries_per_nonzero(density, bits) == pytest.approx(expected, abs=5e-5)
    mask = np.random.default_rng(5).random(400_000) < density
    assert index_code_counts(mask, bits).sum() / mask.sum() == pytest.approx(expected, rel=0.01)


def test_no_expected_entries_without_nonzeros():
    with pytest.raises(ConfigError, match="above 0"):
        entries_per_nonzero(0, 4)


def test_figure_3_shares_weights_at_a_ratio_of_3_2():
    assert sharing_ratio(16, 4) == 3.2


ALEXNET = [
    (34_848, 0.84, 6.3, 1.2, 32.23, 20.42),
    (307_200, 0.38, 5.5, 2.3, 14.33, 9.35),
    (884_736, 0.35, 5.1, 2.6, 13.15, 8.45),
    (663_552, 0.37, 5.2, 2.5, 13.91, 8.94),
    (442_368, 0.37, 5.6, 2.5, 13.93, 9.42),
]


@pytest.mark.parametrize(("size", "density", "value", "index", "fixed", "coded"), ALEXNET)
def test_the_rate_formula_on_alexnets_convolutions(size, density, value, index, fixed, coded):
    plan = LayerPlan(size, density, 8, 4)
    assert 100 * plan.rate(expansion=1) == pytest.approx(fixed, abs=5e-3)
    assert 100 * plan.rate(value, index, expansion=1) == pytest.approx(coded, abs=5e-3)


def test_the_rate_formula_counts_the_codebook():
    assert 100 * LayerPlan(500, 0.66, 8, 5).rate(expansion=1) == pytest.approx(26.81 + 51.20, abs=0.01)
    assert 100 * LayerPlan(1728, 0.58, 8, 5).rate(expansion=1) == pytest.approx(38.38, abs=0.01)


def test_the_ledger_of_a_tensor_agrees_with_the_formula():
    rng = np.random.default_rng(2)
    values = np.where(rng.random(200_000) < 0.1, rng.normal(size=200_000), 0).astype(np.float32)
    found = stage_bits(quantize_codebook(values, 5), 4)
    plan = LayerPlan(200_000, np.count_nonzero(values) / 200_000, 5, 4)
    assert found.dense == 200_000 * 32
    assert found.pruned == np.count_nonzero(values) * 32
    assert found.quantized / found.dense == pytest.approx(plan.rate(), rel=0.005)
    assert found.bound < found.coded < found.quantized


@few
@given(weights(), st.integers(1, 6), st.integers(0, 6))
def test_the_ledger_counts_every_entry(given_, bits, index_bits):
    tensor = quantize_codebook(given_, bits)
    found = stage_bits(tensor, index_bits, value_bits=bits)
    gaps = np.diff(np.flatnonzero(given_ != 0), prepend=-1)
    entries = sum(ceil(gap / 2**index_bits) for gap in gaps)
    assert found.quantized == entries * (bits + index_bits) + 32 * 2**bits
    assert (found + found).quantized == 2 * found.quantized
    assert found.coded <= entries * (max(bits, 1) + max(index_bits, 1)) + 32 * 2**bits


def test_the_ledger_refuses_what_it_cannot_count():
    values = np.array([1.0, 2.0, 0.0])
    with pytest.raises(ConfigError, match="a reserved zero"):
        stage_bits(quantize_codebook(values, 2, zeros="clustered"), 4)
    with pytest.raises(ConfigError, match="at least 2 bits, found 1"):
        stage_bits(quantize_codebook(values, 2), 4, value_bits=1)
