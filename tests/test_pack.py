"""From a file of tensors to an .spf file: what is kept and said, and that nothing stays after a failure."""

import os
import subprocess
import sys

import numpy as np
import pytest

from spformat.errors import ChecksumError, SourceError
from spformat.pack import pack
from spformat.reader import Reader


@pytest.fixture
def npz(tmp_path):
    rng = np.random.default_rng(3)
    path = tmp_path / "model.npz"
    dense = rng.normal(size=(64, 80)).astype(np.float32)
    pruned = np.where(np.abs(dense) > 1.6, dense, 0).astype(np.float32)
    np.savez(path, dense=dense, pruned=pruned, bias=np.array([-0.0, np.nan], np.float32), none=np.zeros((0, 4)))
    return path


def test_every_tensor_comes_back(npz, tmp_path):
    report = pack(npz, tmp_path / "out.spf", metadata={"epoch": 3})
    assert report.tensors == 4
    assert report.dense_bytes == 2 * 64 * 80 * 4 + 8
    assert report.stored_bytes == os.path.getsize(tmp_path / "out.spf")
    assert report.ratio == report.dense_bytes / report.stored_bytes > 1
    assert report.verified
    assert report.notes == []
    with Reader(tmp_path / "out.spf") as reader, np.load(npz) as expected:
        assert reader.names == sorted(expected)
        assert reader.metadata == {"epoch": 3}
        for name, array in reader.read().items():
            assert array.tobytes() == expected[name].tobytes()


def test_equal_input_gives_equal_bytes(npz, tmp_path):
    pack(npz, tmp_path / "a.spf")
    pack(npz, tmp_path / "b.spf", verify=False, threads=1)
    assert (tmp_path / "a.spf").read_bytes() == (tmp_path / "b.spf").read_bytes()


def test_packing_again_changes_nothing(npz, tmp_path):
    pack(npz, tmp_path / "a.spf", metadata={"layers": [1, 2.5, None, {"deep": True}]})
    pack(tmp_path / "a.spf", tmp_path / "b.spf")
    assert (tmp_path / "a.spf").read_bytes() == (tmp_path / "b.spf").read_bytes()


def test_metadata_of_the_source_is_kept_and_the_users_wins(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    library.save_file({"a": np.ones(2)}, tmp_path / "x.safetensors", {"format": "pt", "author": "a"})
    pack(tmp_path / "x.safetensors", tmp_path / "x.spf", metadata={"author": "b", "n": 1})
    with Reader(tmp_path / "x.spf") as reader:
        assert reader.metadata == {"format": "pt", "author": "b", "n": 1}


def test_progress_reaches_the_end_of_both_steps(npz, tmp_path):
    calls = []
    report = pack(npz, tmp_path / "out.spf", progress=lambda *call: calls.append(call))
    for label in ("packing", "verifying"):
        steps = [(done, total) for name, done, total in calls if name == label]
        assert steps == sorted(steps)
        assert steps[-1] == (report.dense_bytes, report.dense_bytes)


def test_the_source_is_not_overwritten(npz, tmp_path):
    before = npz.read_bytes()
    (tmp_path / "link.spf").symlink_to(npz)
    for dst in (npz, tmp_path / "link.spf"):
        with pytest.raises(SourceError, match="same file"):
            pack(npz, dst)
    assert npz.read_bytes() == before


def debris(folder, *expected):
    return sorted(path.name for path in folder.iterdir()) != sorted(expected)


def test_a_failure_leaves_the_destination_as_it_was(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.ones(100), w_orig=np.ones(3), w_mask=np.array([0, 1, 2]))
    with pytest.raises(SourceError, match="not only 0 and 1"):
        pack(tmp_path / "x.npz", tmp_path / "out.spf")
    assert not debris(tmp_path, "x.npz")
    (tmp_path / "out.spf").write_bytes(b"before")
    with pytest.raises(SourceError):
        pack(tmp_path / "x.npz", tmp_path / "out.spf")
    assert (tmp_path / "out.spf").read_bytes() == b"before"
    assert not debris(tmp_path, "x.npz", "out.spf")


def test_what_does_not_verify_is_not_kept(npz, tmp_path, monkeypatch):
    def fail(_):
        raise ChecksumError("not the same")

    monkeypatch.setattr(Reader, "check_tensors", fail)
    with pytest.raises(ChecksumError):
        pack(npz, tmp_path / "out.spf")
    assert not debris(tmp_path, npz.name)
    assert not pack(npz, tmp_path / "out.spf", verify=False).verified


def test_a_huge_tensor_of_zeros_verifies(tmp_path, monkeypatch):
    """The reader's default budget would refuse it: 1000 times the file."""
    monkeypatch.setattr("spformat.limits.GIB", 1 << 16)
    np.save(tmp_path / "zeros.npy", np.zeros(1 << 20))
    assert pack(tmp_path / "zeros.npy", tmp_path / "out.spf").ratio > 1000


class TestTorch:
    @pytest.fixture
    def torch(self):
        return pytest.importorskip("torch")

    def test_a_training_checkpoint(self, torch, tmp_path):
        weight = torch.nn.Parameter(torch.randn(8, 8) * (torch.rand(8, 8) > 0.9))
        model = {
            "decoder.weight": weight,
            "embed.weight": weight,
            "norm": torch.ones(4, dtype=torch.bfloat16),
        }
        model |= {"head_orig": torch.full((4,), -1.0), "head_mask": torch.tensor([1.0, 0, 1, 0])}
        model |= {"sparse": torch.eye(5).to_sparse()}
        torch.save({"model": model, "optimizer": {"avg": torch.ones(10)}, "epoch": 1}, tmp_path / "x.pt")
        report = pack(tmp_path / "x.pt", tmp_path / "x.spf")
        assert report.tensors == 5
        assert report.notes == [
            "left out: optimizer (1 tensor, 40 bytes)",
            "left out, not tensors: epoch",
            "folded 1 pair of head_orig * head_mask into head",
        ]
        assert report.dense_bytes == 8 * 8 * 4 + 4 * 2 + 4 * 4 + 5 * 5 * 4
        with Reader(tmp_path / "x.spf") as reader:
            arrays = reader.read()
            assert reader.entries["embed.weight"].target == "decoder.weight"
            assert arrays["embed.weight"] is arrays["decoder.weight"]
            assert arrays["head"].tobytes() == np.array([-1, 0, -1, 0], np.float32).tobytes()
            assert arrays["sparse"].tobytes() == np.eye(5, dtype=np.float32).tobytes()
        report = pack(tmp_path / "x.pt", tmp_path / "y.spf", key="model", keep_masks=True)
        assert report.tensors == 6

    def test_memory_stays_below_a_tensor_and_100_mb(self, torch, tmp_path):
        """A file of 480 MB in tensors of 24 MB: kept or mapped as a whole it would break the bound."""
        resource = pytest.importorskip("resource")
        if sys.platform != "linux":
            pytest.skip("ru_maxrss has other units elsewhere")
        assert resource
        shared = torch.randn(3 << 20)
        torch.save({str(i): shared + i for i in range(40)}, tmp_path / "x.pt")
        code = """
import resource, sys, torch
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
from spformat.pack import pack
pack(sys.argv[1], sys.argv[2])
print(peak() - before)
"""
        arguments = [sys.executable, "-c", code, tmp_path / "x.pt", tmp_path / "x.spf"]
        out = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
        assert int(out) < 4 * (3 << 20) + 100_000_000
