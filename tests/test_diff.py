"""Two files compared bit for bit."""

import importlib
import math

import numpy as np
import pytest

from spformat.diff import diff
from spformat.pack import pack


def files(tmp_path, a, b):
    np.savez(tmp_path / "a.npz", **a)
    np.savez(tmp_path / "b.npz", **b)
    return diff(tmp_path / "a.npz", tmp_path / "b.npz")


def test_a_packed_file_is_the_same(tmp_path):
    np.savez(
        tmp_path / "a.npz",
        x=np.array([-0.0, np.nan]),
        y=np.arange(5),
        z=np.zeros((0, 3), bool),
        c=np.ones(2, "c16"),
    )
    pack(tmp_path / "a.npz", tmp_path / "b.spf")
    report = diff(tmp_path / "a.npz", tmp_path / "b.spf")
    assert report.same
    assert report.identical == ["c", "x", "y", "z"]


def test_names_on_one_side_only(tmp_path):
    report = files(tmp_path, {"x": 1, "z": 1, "y": 1}, {"y": 1, "w": 1})
    assert (report.only_a, report.only_b, report.identical, report.same) == (["x", "z"], ["w"], ["y"], False)


def test_other_shape_or_dtype(tmp_path):
    x = np.ones((2, 3), np.float32)
    report = files(tmp_path, {"x": x, "y": x}, {"x": x.astype(np.float64), "y": x.T})
    first, second = report.changed
    assert (first.name, first.dtypes, first.differing, first.max_abs) == ("x", ("F32", "F64"), None, None)
    assert (second.shapes, second.elements) == (((2, 3), (3, 2)), 6)


@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_elements_that_differ_are_counted_across_pieces(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(importlib.import_module("spformat.diff"), "CHUNK", chunk)
    a = np.zeros((5, 2), np.float32)
    b = a.copy()
    b[1, 0], b[4, 1] = 0.5, -2.0
    (change,) = files(tmp_path, {"x": a}, {"x": np.asfortranarray(b)}).changed
    assert (change.differing, change.elements, change.max_abs) == (2, 10, 2.0)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (np.array([0.0]), np.array([-0.0]), 0.0),
        (np.array([np.nan]), np.array([1.0]), None),
        (np.array([np.nan, 1.0]), np.array([1.0, 1.5]), 0.5),
        (np.array([np.inf]), np.array([1.0]), math.inf),
        (np.array([3 + 4j]), np.array([0j]), 5.0),
        (np.array([3], np.int8), np.array([-100], np.int8), None),
        (np.array([True]), np.array([False]), None),
    ],
)
def test_the_largest_distance_of_numbers(tmp_path, a, b, expected):
    (change,) = files(tmp_path, {"x": a}, {"x": b}).changed
    assert change.max_abs == expected
    assert change.differing >= 1


def test_a_key_goes_to_the_checkpoint_and_notes_name_their_file(tmp_path):
    torch = pytest.importorskip("torch")
    state = {"w_orig": torch.ones(3), "w_mask": torch.tensor([1.0, 0, 1])}
    torch.save({"a": {"b": state}, "c": state}, tmp_path / "a.pt")
    np.savez(tmp_path / "b.npz", w=np.array([1, 0, 1], np.float32))
    report = diff(tmp_path / "a.pt", tmp_path / "b.npz", key="a.b")
    assert report.same
    assert report.notes == [f"{tmp_path / 'a.pt'}: folded 1 pair of w_orig * w_mask into w"]
