"""Reading the data of tensors that were loaded without, whatever their strides, in little memory."""

import subprocess
import sys

import pytest

from spformat.sources import open_source

torch = pytest.importorskip("torch")

BASE = torch.arange(1000, dtype=torch.float32)


def save(tmp_path, value):
    path = tmp_path / "x.pt"
    torch.save(value, path)
    return path


@pytest.mark.parametrize("piece", [4, 1000, 1 << 24])
def test_pieces_of_any_size_fit_together(tmp_path, monkeypatch, piece):
    monkeypatch.setattr("spformat.sources.torch_skeleton.PIECE_BYTES", piece)
    cube = BASE.reshape(10, 20, 5)
    state = {
        "whole": cube,
        "transposed": cube.transpose(0, 2),
        "permuted": cube.permute(1, 2, 0),
        "slice": cube[3:7, ::3, 1:],
        "thin": BASE[::100],
        "expanded": cube[:, :1].expand(10, 20, 5),
        "ones": cube[2:3, :, 4:].unsqueeze(0),
        "repeated": BASE.as_strided((5, 4), (3, 2)),
    }
    with open_source(save(tmp_path, state)) as source:
        assert vars(source)["_lazy"]
        for name, tensor in state.items():
            assert source.read(name)[0].tolist() == tensor.tolist()
            assert source.read(name)[0].flags.c_contiguous


def test_memory_of_a_transposed_tensor(tmp_path):
    """Reading takes the result and little more."""
    resource = pytest.importorskip("resource")
    if sys.platform != "linux":
        pytest.skip("ru_maxrss has other units elsewhere")
    assert resource
    path = save(tmp_path, {"t": torch.ones(8000, 8000).t()})
    code = """
import resource, sys, torch
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
from spformat.sources import open_source
before = peak()
open_source(sys.argv[1]).read("t")
print(peak() - before)
"""
    out = subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True, text=True).stdout
    assert int(out) < 4 * 8000 * 8000 + 60_000_000
