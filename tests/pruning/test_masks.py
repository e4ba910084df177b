"""Masks by every method, within layers and over all."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spformat.errors import PruningError
from spformat.pruning import Magnitude, NofM, Random, Rows, Threshold, make_masks
from spformat.pruning.masks import achieved, apply_mask
from tests.pruning.models import FEWER

RANKED = [Magnitude(), Random(3), Rows(1), Rows(2)]
FIXED = [Threshold(0.7), NofM(2, 4), NofM(1, 3)]


def weights(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {"a": torch.randn(6, 12, generator=generator), "b": 3 * torch.randn(4, 3, 2, 2, generator=generator)}


def test_magnitude_within_each_layer_keeps_exactly_k():
    masks = make_masks(weights(), 0.75)
    assert {name: int(mask.sum()) for name, mask in masks.items()} == {"a": 18, "b": 12}
    for name, weight in weights().items():
        kept = masks[name]
        assert weight[kept].abs().min() > weight[~kept].abs().max()


def test_magnitude_over_all_layers_keeps_exactly_k():
    masks = make_masks(weights(), 0.5, scope="global")
    every = torch.cat([w.abs().reshape(-1) for w in weights().values()])
    assert sum(int(mask.sum()) for mask in masks.values()) == 60
    least = every.sort(descending=True).values[59]
    for name, weight in weights().items():
        assert torch.equal(masks[name], weight.abs() >= least)
    assert achieved(masks) == 0.5


def test_ties_over_all_layers_go_to_the_first():
    ties = {"z": torch.ones(2, 3), "a": -torch.ones(2, 3)}
    masks = make_masks(ties, 0.25, scope="global")
    assert masks["z"].all()
    assert masks["a"].reshape(-1).tolist() == [True] * 3 + [False] * 3


def test_it_agrees_with_torch_where_there_are_no_ties():
    from torch.nn.utils import prune

    layer = torch.nn.Linear(30, 20)
    prune.l1_unstructured(layer, "weight", 0.37)
    found = make_masks({"w": layer.get_parameter("weight_orig")}, 0.37)["w"]
    assert torch.equal(found, layer.get_buffer("weight_mask").bool())


def test_sparsity_by_name():
    masks = make_masks(weights(), {"a": 0.5, "b": 0.0})
    assert int(masks["a"].sum()) == 36
    assert masks["b"].all()
    with pytest.raises(PruningError, match=r"needs a sparsity.*'b'"):
        make_masks(weights(), {"a": 0.5})


def test_threshold_is_quality_times_the_standard_deviation():
    weight = torch.tensor([[1.0, -1, 3, -3]])  # population standard deviation: sqrt(5) = 2.236
    assert make_masks({"w": weight}, None, Threshold(0.44))["w"].tolist() == [[True] * 4]
    assert make_masks({"w": weight}, None, Threshold(0.45))["w"].tolist() == [[False, False, True, True]]
    living = torch.tensor([[True, True, True, False]])
    assert make_masks({"w": weight}, None, Threshold(0.5), alive={"w": living})["w"].sum() == 3  # std is 1.63
    assert not make_masks({"w": weight}, None, Threshold(1), alive={"w": ~living & living})["w"].any()


def test_rows_go_whole_and_by_norm():
    weight = torch.tensor([[3.0, 0, 0], [2, 2, 0], [1, 1, 1.5], [0.1, 0, 0]])
    one = make_masks({"w": weight}, 0.5, Rows(1))["w"]
    two = make_masks({"w": weight}, 0.5, Rows(2))["w"]
    assert one.tolist() == [[False] * 3, [True] * 3, [True] * 3, [False] * 3]
    assert two.tolist() == [[True] * 3, [True] * 3, [False] * 3, [False] * 3]


def test_n_of_m_takes_the_largest_of_each_group():
    weight = torch.tensor([[1.0, -4, 2, 3, 5, 5, 5, 5]])
    mask = make_masks({"w": weight}, None, NofM(2, 4))["w"]
    assert mask.tolist() == [[False, True, False, True, True, True, False, False]]
    with pytest.raises(PruningError, match="rows of 6 entries do not divide into groups of 4"):
        make_masks({"w": torch.ones(2, 6)}, None, NofM(2, 4))


def test_chance_is_the_same_for_the_same_seed_and_name_only():
    same = torch.ones(20, 20)
    masks = make_masks({"a": same, "b": same}, 0.5, Random(1))
    assert torch.equal(masks["a"], make_masks({"a": 5 * same}, 0.5, Random(1))["a"])
    assert not torch.equal(masks["a"], masks["b"])
    assert not torch.equal(masks["a"], make_masks({"a": same}, 0.5, Random(2))["a"])


@FEWER
@given(
    st.integers(0, 1000),
    st.sampled_from([*RANKED, *FIXED]),
    st.sampled_from(["layer", "global"]),
    st.lists(st.floats(0, 1), min_size=2, max_size=4),
)
def test_what_is_pruned_stays_pruned(seed, method, scope, sparsities):
    """Whatever the weights do in between, and even if a lower sparsity is asked for."""
    alive = None
    for number, sparsity in enumerate(sparsities):
        ranked = method in RANKED
        asked = sparsity if ranked else None
        masks = make_masks(weights(seed + number), asked, method, scope if ranked else "layer", alive)
        if alive is not None:
            assert all(not (mask & ~alive[name]).any() for name, mask in masks.items())
        alive = masks


@FEWER
@given(st.integers(0, 1000), st.sampled_from(["layer", "global"]), st.floats(0, 0.9), st.floats(0, 0.9))
def test_a_second_pruning_reaches_its_sparsity_exactly(seed, scope, first, second):
    alive = make_masks(weights(), first, scope=scope)
    masks = make_masks(weights(seed), max(first, second), scope=scope, alive=alive)
    fresh = make_masks(weights(), max(first, second), scope=scope)
    assert sum(int(m.sum()) for m in masks.values()) == sum(int(m.sum()) for m in fresh.values())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("method", [Magnitude(), Rows(), NofM(1, 3), Threshold(1)], ids=lambda m: m.name)
def test_nan_and_infinity_are_refused(value, method):
    weight = torch.ones(2, 3)
    weight[1, 1] = value
    with pytest.raises(PruningError, match=r"NaN or infinity.*'layer\.weight'"):
        make_masks({"layer.weight": weight}, 0.5 if method in (Magnitude(), Rows()) else None, method)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(PruningError, match=r"only floating point.*int64"):
        make_masks({"w": torch.arange(4)}, 0.5)
    with pytest.raises(PruningError, match="scope must be layer or global, not 'all'"):
        make_masks(weights(), 0.5, scope="all")
    with pytest.raises(PruningError, match="one sparsity for all"):
        make_masks(weights(), {"a": 0.5, "b": 0.5}, scope="global")
    for sparsity, scope in [(0.5, "layer"), (None, "global")]:
        with pytest.raises(PruningError, match="decides for each layer"):
            make_masks(weights(), sparsity, NofM(2, 4), scope)
    with pytest.raises(PruningError, match=r"no rows.*'v'"):
        make_masks({"v": torch.ones(3)}, 0.5, Rows())
    for wrong in (lambda: Rows(3), lambda: NofM(4, 4), lambda: NofM(0, 2), lambda: Threshold(-1)):
        with pytest.raises(PruningError):
            wrong()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn])
def test_every_float_type(dtype):
    weight = torch.tensor([[1.0, -2, 0.5, 4]]).to(dtype)
    assert make_masks({"w": weight}, 0.5)["w"].tolist() == [[False, True, False, True]]


@pytest.mark.parametrize("method", [*RANKED, *FIXED], ids=lambda m: m.name)
@pytest.mark.parametrize("shape", [(0, 12), (12, 0), (0, 12, 2)])
def test_tensors_without_entries(method, shape):
    sparsity = 0.5 if method in RANKED else None
    alive = {"w": torch.ones(shape, dtype=torch.bool)}
    assert make_masks({"w": torch.ones(shape)}, sparsity, method, alive=alive)["w"].shape == shape


def test_a_single_number_is_no_group():
    with pytest.raises(PruningError, match=r"rows of 1 entries do not divide.*'w'"):
        make_masks({"w": torch.tensor(1.5)}, None, NofM(2, 4))


@pytest.mark.parametrize("method", [*RANKED, *FIXED], ids=lambda m: m.name)
def test_masks_are_where_the_weights_are_whatever_the_default_device(method):
    with torch.device("meta"):
        mask = make_masks({"w": torch.ones(4, 12, device="cpu")}, 0.5 if method in RANKED else None, method)["w"]
    assert mask.device.type == "cpu"


def test_a_mask_leaves_no_minus_zero():
    weight = torch.tensor([-1.0, -2.0, -0.0])
    pruned = apply_mask(weight, torch.tensor([False, True, True]))
    assert torch.signbit(pruned).tolist() == [False, True, True]
