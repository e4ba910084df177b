"""Exactly k survive, whatever the ties; the same as sorting everything."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spformat.errors import PruningError
from spformat.pruning import selection
from spformat.pruning.selection import Cut, find_cut, keep_count, top_mask
from tests.pruning.models import FEWER


def by_sorting(scores, keep):
    """The definition: the first `keep` in the order of falling score, then rising index."""
    order = torch.sort(scores.reshape(-1), descending=True, stable=True).indices
    mask = torch.zeros(scores.numel(), dtype=torch.bool)
    mask[order[:keep]] = True
    return mask.reshape(scores.shape)


few = st.lists(st.sampled_from([0.0, 1e-45, 1.0, 1.0000001, 2.0, 3e38]), max_size=60)
many = st.lists(st.floats(0, width=32, allow_infinity=False, allow_nan=False), max_size=60)


@FEWER
@given(few | many, st.integers(0, 70), st.sampled_from([torch.float32, torch.float64]))
def test_it_is_what_sorting_gives(values, keep, dtype):
    scores = torch.tensor(values, dtype=dtype).abs()
    assert torch.equal(top_mask(scores, keep), by_sorting(scores, keep))


@FEWER
@given(st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0]), max_size=9), max_size=6), st.integers(0, 50))
def test_over_several_tensors_ties_go_to_the_first(parts, keep):
    tensors = [torch.tensor(part) for part in parts]
    cuts = find_cut(lambda: tensors, keep).shared(tensors)
    found = [cut.mask(tensor) for cut, tensor in zip(cuts, tensors, strict=True)]
    whole = torch.cat([torch.zeros(0), *tensors])
    assert torch.equal(torch.cat([torch.zeros(0, dtype=torch.bool), *found]), by_sorting(whole, keep))


def test_the_dead_never_survive():
    scores = torch.tensor([0.0, selection.DEAD, 5.0, selection.DEAD])
    for keep, expected in [(0, 0), (1, 1), (2, 2), (3, 2), (4, 2)]:
        mask = top_mask(scores, keep)
        assert int(mask.sum()) == expected
        assert not mask[[1, 3]].any()


@pytest.mark.parametrize("keep", [0, 1, 5, 11, 12])
def test_all_ties(keep):
    mask = top_mask(torch.ones(3, 4), keep)
    assert mask.shape == (3, 4)
    assert mask.reshape(-1).tolist() == [i < keep for i in range(12)]


def test_doubles_closer_than_float32_are_told_apart():
    scores = torch.tensor([1.0, 1.0 + 1e-12, 1.0 - 1e-12], dtype=torch.float64)
    assert top_mask(scores, 1).tolist() == [False, True, False]


def test_pieces_fit_together(monkeypatch):
    monkeypatch.setattr(selection, "PIECE", 7)
    scores = torch.randint(0, 9, (50,), generator=torch.Generator().manual_seed(1)).float()
    assert torch.equal(top_mask(scores, 23), by_sorting(scores, 23))


def test_any_strides():
    scores = torch.rand(6, 5, generator=torch.Generator().manual_seed(2))
    assert torch.equal(top_mask(scores.t(), 9), by_sorting(scores.t().contiguous(), 9))


def test_a_cut_says_how_many_ties_it_gives():
    scores = torch.tensor([1.0, 1, 1, 2])
    assert find_cut(lambda: [scores], 3) == Cut(0x3F800000, 2)


@pytest.mark.parametrize(
    ("count", "sparsity", "kept"),
    [(10, 0, 10), (10, 0.9, 1), (1000, 0.9, 100), (3, 0.5, 1), (5, 0.5, 3), (10, 0.99, 1), (10, 1, 0), (0, 0.5, 0)],
)
def test_keep_count(count, sparsity, kept):
    assert keep_count(count, sparsity) == kept


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_keep_count_agrees_with_the_toolkits(count, sparsity):
    found = keep_count(count, sparsity)
    if sparsity < 1:  # torch: round(amount * N) go. TensorFlow: max(round(N (1 - s)), 1) stay; halves apart.
        assert found == max(count - round(sparsity * count), 1)
        assert abs(found - max(round(count * (1 - sparsity)), 1)) <= 1


@pytest.mark.parametrize("sparsity", [-0.1, 1.1, float("nan"), 90])
def test_a_sparsity_is_a_share(sparsity):
    with pytest.raises(PruningError, match="share of zeros, 0 to 1"):
        keep_count(10, sparsity)
