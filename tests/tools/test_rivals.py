"""Each rival that is installed gives back what it was given; each that is not is named."""

import importlib
import sys

import ml_dtypes
import numpy as np
import pytest

from tools.bench.measure import same, size_of
from tools.bench.rival import installed

RIVALS, MISSING = installed()


def awkward():
    """Sparse and dense, of many types and ranks, empty ones and all zeros, -0.0 and NaN."""
    rng = np.random.default_rng(0)
    sparse = np.where(rng.random((64, 48)) < 0.2, rng.standard_normal((64, 48)), 0)
    return {
        "sparse": sparse.astype(np.float32),
        "sparse bf16": sparse.astype(ml_dtypes.bfloat16),
        "convolution": rng.standard_normal((3, 3, 4, 5)).astype(ml_dtypes.bfloat16),
        "half": rng.random((5, 5)).astype(np.float16),
        "double": rng.random(100),
        "float8": rng.standard_normal(100).astype(ml_dtypes.float8_e4m3fn),
        "scalar": np.array(3, np.float32),
        "empty": np.zeros((0, 4), np.float32),
        "zeros": np.zeros((30, 40), np.float32),
        "special": np.array([-0.0, np.nan, 0, 1], np.float32),
        "numbers": np.arange(10),
        "flags": rng.random(9) > 0.5,
    }


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
def test_it_gives_back_what_it_was_given(rival, threads, tmp_path):
    given, path = awkward(), tmp_path / "file"
    rival.save(given, path, threads)
    assert same(given, rival.load(path, threads))
    assert size_of(path) > 0
    assert same(given, awkward()), "the input was changed"
    assert rival.version.startswith(rival.package + " ")


def test_names_are_unique():
    names = [rival.name for rival in RIVALS]
    assert len(names) == len(set(names))
    assert "spformat" in names


def test_a_rival_that_is_not_installed_is_listed(monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.delitem(sys.modules, "tools.bench.rivals.safetensors_zstd", raising=False)
    found, missing = installed(["safetensors_zstd", "spformat_file"])
    assert {rival.package for rival in found} == {"spformat"}
    assert [text.partition(" (")[0] for text in missing] == ["safetensors_zstd: not installed"]


def test_a_mistake_of_our_own_is_not_taken_for_a_missing_package(monkeypatch):
    def imports_what_is_not_there(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(importlib, "import_module", imports_what_is_not_there)
    with pytest.raises(ModuleNotFoundError):
        installed(["no_such_rival"])


@pytest.mark.parametrize("change", ["name", "dtype", "shape", "bit"])
def test_another_output_is_not_the_same(change):
    left, right = awkward(), awkward()
    if change == "name":
        right["other"] = right.pop("half")
    elif change == "dtype":
        right["half"] = right["half"].view(np.uint16)
    elif change == "shape":
        right["half"] = right["half"].reshape(25)
    else:
        right["special"][0] = 0.0  # -0.0 is equal to it as a number
    assert same(left, awkward())
    assert not same(left, right)
