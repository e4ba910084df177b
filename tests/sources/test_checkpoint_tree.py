"""Which part of a checkpoint is the model. Strings starting with "t" stand for tensors."""

from typing import Any

import pytest

from spformat.errors import SourceError
from spformat.sources.checkpoint_tree import CheckpointTree


def select(root, key=None):
    tree = CheckpointTree(root, lambda node: isinstance(node, str) and node.startswith("t"), lambda _: 1000)
    return tree.select(key), tree.notes


MODEL = {"fc.weight": "t1", "fc.bias": "t2"}


def test_a_flat_dict_is_taken_as_it_is():
    assert select(MODEL) == (MODEL, [])


def test_a_bare_tensor():
    assert select("t") == ({"tensor": "t"}, [])
    assert select("t", ".") == ({"tensor": "t"}, [])
    with pytest.raises(SourceError, match="one bare tensor"):
        select("t", "model")


def test_values_that_are_no_tensors_are_named():
    root = {**MODEL, "epoch": 3, "lr": [0.1, 0.2]}
    assert select(root) == (MODEL, ["left out, not tensors: epoch, lr.0, lr.1"])


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "module", "ema", "params", "generator"])
def test_one_well_known_key(key):
    root = {"epoch": 3, key: MODEL, "optimizer": {"state": {0: {"step": "t3", "avg": "t4"}}, "lr": 1}}
    tensors, notes = select(root)
    assert tensors == MODEL
    assert notes == ["left out: optimizer (2 tensors, 2.0 kB)", "left out, not tensors: epoch"]


def test_a_well_known_key_without_tensors_does_not_count():
    assert select({"model": "resnet18", "params": {"lr": 1}, "net": MODEL})[0] == MODEL
    assert select({"model": "t", "other": "t"})[0] == {"model": "t", "other": "t"}


def test_several_well_known_keys_ask_for_a_choice():
    with pytest.raises(SourceError, match=r"--key model, --key ema, or everything with --key \."):
        select({"model": MODEL, "ema": MODEL})
    assert select({"model": MODEL, "ema": {"a": "t"}}, "ema") == ({"a": "t"}, [])


def test_other_nesting_is_flattened_with_dots():
    root = {"encoder": {"layers": [{"w": "t1"}, {"w": "t2"}]}, "head": ("t3", "t4"), "scale": "t5"}
    tensors, notes = select(root)
    assert tensors == {
        "encoder.layers.0.w": "t1",
        "encoder.layers.1.w": "t2",
        "head.0": "t3",
        "head.1": "t4",
        "scale": "t5",
    }
    assert notes == ["flattened encoder, head into dotted names; --key takes one alone"]


def test_a_dot_takes_everything():
    assert set(select({"model": MODEL, "ema": ["t"]}, ".")[0]) == {
        "model.fc.weight",
        "model.fc.bias",
        "ema.0",
    }


def test_keys_lead_through_dicts_and_lists_and_names_with_dots():
    root = {"a.b": {"c": {"x": "t1"}}, "list": [{"y": "t2"}], 7: {"z": "t3"}, b"old": {"v": "t4"}}
    assert select(root, "a.b.c")[0] == {"x": "t1"}
    assert select(root, "a.b")[0] == {"c.x": "t1"}
    assert select(root, "list.0")[0] == {"y": "t2"}
    assert select(root, "7")[0] == {"z": "t3"}
    assert select(root, "old")[0] == {"v": "t4"}
    assert select(root, "a.b.c.x")[0] == {"x": "t1"}


def test_a_wrong_key_names_what_there_is():
    with pytest.raises(SourceError, match=r"has no 'model\.nett'; instead of 'nett': net"):
        select({"model": {"net": MODEL, "epoch": 1}}, "model.nett")


def test_two_tensors_of_one_name():
    with pytest.raises(SourceError, match=r"two tensors get the name 'a\.b'"):
        select({"a.b": "t1", "a": {"b": "t2"}})
    with pytest.raises(SourceError, match="'1'"):
        select({1: "t1", "1": "t2"})


def test_no_tensors():
    roots: list[Any] = [{}, {"epoch": 3}, 3, None, [[]]]
    for root in roots:
        with pytest.raises(SourceError, match="no tensors"):
            select(root)


def test_a_tree_that_contains_itself():
    root: dict[str, Any] = {}
    root["root"] = root
    with pytest.raises(SourceError, match="nested too deeply"):
        select(root)


def test_a_small_tree_of_very_many_paths(monkeypatch):
    monkeypatch.setattr("spformat.sources.checkpoint_tree.MAX_NODES", 10_000)
    node: list[Any] = [1]
    for _ in range(40):
        node = [node, node]
    with pytest.raises(SourceError, match="nested too deeply"):
        select(node)
