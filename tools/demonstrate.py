"""Shows the main job on the real model, with the commands that a user would type; ends with an error unless every
tensor comes back bit for bit."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

import spformat.torch
from spformat.numpy import Array
from tools.magnitude import model_tensors, pruned
from tools.real_model import is_encoder_matrix


def main() -> None:
    """Prune, save, pack, inspect, load, compare."""
    print("Pruning the 36 encoder matrices of all-MiniLM-L6-v2 to 90 % by magnitude ...")
    dense = {name: torch.from_numpy(_pruned(name, array)) for name, array in model_tensors().items()}
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, packed = Path(folder) / "model.pt", Path(folder) / "model.spf"
        torch.save(dense, checkpoint)
        _run("pack", checkpoint, packed)
        _run("inspect", packed, "--no-bound")
        _run("inspect", packed, "--tensor", "encoder.layer.0.attention.self.query.weight")
        _run("verify", packed, "--deep")
        start = time.perf_counter()
        loaded = spformat.torch.load_file(packed)
        seconds = time.perf_counter() - start
        _compare(dense, loaded)
        sizes = checkpoint.stat().st_size, packed.stat().st_size
    print(f"\nmodel.pt {sizes[0]:,} bytes -> model.spf {sizes[1]:,} bytes, {sizes[0] / sizes[1]:.2f} times smaller")
    print(f"loaded in {1000 * seconds:.0f} ms; all {len(loaded)} tensors are identical, bit for bit")


def _pruned(name: str, array: Array) -> Array:
    return pruned(array, 0.9) if is_encoder_matrix(name, array.ndim) else array


def _run(command: str, *arguments: object) -> None:
    words = ["spformat", command, *map(str, arguments)]
    print("\n$", " ".join(Path(word).name if "/" in word else word for word in words), flush=True)
    subprocess.run([sys.executable, "-m", *words], check=True)


def _compare(dense: dict[str, torch.Tensor], loaded: dict[str, torch.Tensor]) -> None:
    assert dense.keys() == loaded.keys(), "other names came back"
    for name, tensor in dense.items():
        there, back = tensor.contiguous().view(torch.uint8), loaded[name].view(torch.uint8)
        assert tensor.dtype == loaded[name].dtype, name
        assert torch.equal(there, back), name


if __name__ == "__main__":
    main()
