"""Checkpoints that must be refused, hostile and damaged ones among them, and none of their code run."""

import contextlib
import os
import pickle
import sys
import zipfile
from types import ModuleType

import numpy as np
import pytest

from spformat.errors import SourceError
from spformat.sources import open_source

pytest.importorskip("torch")

from spformat.torch_arrays import torch


def save(tmp_path, value, **options):
    path = tmp_path / "x.pt"
    torch.save(value, path, **options)
    return path


class Attack:
    """Its unpickling would write a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("form", ["zip", "legacy", "pickle"])
@pytest.mark.parametrize("extension", [".pt", ".bin", ".unknown"])
def test_pickled_code_never_runs(tmp_path, form, extension):
    path, mark = tmp_path / f"x{extension}", tmp_path / "attacked"
    value = {"w": torch.ones(2), "x": Attack(mark)}
    if form == "pickle":
        path.write_bytes(pickle.dumps(value))
    else:
        torch.save(value, path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(SourceError) as caught:
        open_source(path)
    assert "\n" not in str(caught.value)
    assert not mark.exists()


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.filterwarnings("ignore::UserWarning")  # torch cannot find the source of a class in a test
def test_whole_modules_are_refused_with_advice(tmp_path, zipped):
    path = save(tmp_path, torch.nn.Linear(2, 2), _use_new_zipfile_serialization=zipped)
    with pytest.raises(SourceError, match=r"torch\.nn\.modules\.linear\.Linear.*model\.state_dict\(\)") as caught:
        open_source(path)
    assert "\n" not in str(caught.value)
    assert "weights_only" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_refused_with_advice(tmp_path):
    path = tmp_path / "x.pt"
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path)
    with pytest.raises(SourceError, match=r"TorchScript.*state_dict"):
        open_source(path)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_tensors_that_cannot_be_stored_are_refused(tmp_path):
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    with pytest.raises(SourceError, match=r"nested.*'n'"):
        open_source(save(tmp_path, {"n": nested}))
    with (
        open_source(save(tmp_path, {"m": torch.empty(3, device="meta")})) as source,
        pytest.raises(SourceError, match=r"without data.*'m'"),
    ):
        source.read("m")


class Standing(torch.Tensor):
    """Stands for a tensor, as those of torchao do: what is asked of it is not implemented."""

    @staticmethod
    def __new__(cls, codes, _scale):
        return torch.Tensor._make_wrapper_subclass(cls, codes.shape, dtype=torch.float32)

    def __init__(self, codes, scale):
        self.codes, self.scale = codes, scale

    def __tensor_flatten__(self):
        return ["codes", "scale"], None

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):  # type: ignore[override]
        raise NotImplementedError(f"{cls.__name__}: {func}")


def standing():
    return {"fc.weight": Standing(torch.ones(3, 4, dtype=torch.int8), torch.ones(3)), "fc.bias": torch.ones(3)}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_tensors_that_stand_for_others_are_refused_with_advice(tmp_path, zipped):
    path = save(tmp_path, {"model": standing()}, _use_new_zipfile_serialization=zipped)
    with (
        torch.serialization.safe_globals([Standing]),
        pytest.raises(SourceError, match=r"class .*Standing, .*: store the dequantized values.*'fc\.weight'"),
    ):
        open_source(path)


def test_so_are_those_whose_class_is_not_known(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchao", ModuleType("torchao"))
    monkeypatch.setattr(sys.modules["torchao"], "Standing", Standing, raising=False)
    monkeypatch.setattr(Standing, "__module__", "torchao")
    path = save(tmp_path, standing())
    with pytest.raises(SourceError, match=r"torchao\.Standing\), which is never loaded.* store the dequantized values"):
        open_source(path)


def test_a_text_file_is_no_checkpoint(tmp_path):
    path = tmp_path / "x.pt"
    path.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(SourceError, match="not a checkpoint") as caught:
        open_source(path)
    assert "\n" not in str(caught.value)


def read_all(path):
    with open_source(path) as source:
        for name in source.names():
            source.read(name)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_prefixes_are_refused(tmp_path, zipped):
    path = save(tmp_path, {"a": torch.ones(40), "b": torch.ones(2)}, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    for size in range(1, len(content), 13):
        path.write_bytes(content[:size])
        with pytest.raises(SourceError):
            read_all(path)


def test_damage_gives_an_error_or_tensors(tmp_path):
    path = save(tmp_path, {"a": torch.ones(40), "b": torch.ones(2, 3).t(), "c": torch.eye(3).to_sparse()})
    content = path.read_bytes()
    rng = np.random.default_rng(7)
    for _ in range(300):
        damaged = bytearray(content)
        damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        with contextlib.suppress(SourceError):
            read_all(path)


def test_archives_that_were_packed_again(tmp_path):
    """Another program's zip has other offsets than torch computes, and may be compressed."""
    path = save(tmp_path, {"a": torch.arange(40.0), "b": torch.arange(7)})
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        again = tmp_path / "again.pt"
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(again, "w", method) as new:
            for name in old.namelist():
                new.writestr(name, old.read(name))
        with open_source(again) as source:
            assert source.read("a")[0].tolist() == list(range(40))
            assert source.read("b")[0].tolist() == list(range(7))


def test_big_endian_archives_are_refused(tmp_path):
    path = save(tmp_path, {"a": torch.ones(2)})
    again = tmp_path / "again.pt"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(again, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"big" if name.endswith("/byteorder") else old.read(name))
    with pytest.raises(SourceError, match="big-endian"):
        open_source(again)
