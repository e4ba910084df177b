"""Peak memory of pack and load above that of the imports: python -m tools.bench.peak_memory [megabytes of the model].

The model is a torch checkpoint of 256 MB matrices (64 MB for a model of less than 1 GB), pruned to 90 %.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

_MB = 1e6


def main() -> None:
    """Makes a model, packs and loads it in processes of their own, prints what they took."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 2048
    largest = 256 if megabytes >= 1024 else 64
    with tempfile.TemporaryDirectory() as folder:
        source, packed = str(Path(folder) / "model.pt"), str(Path(folder) / "model.spf")
        _run("make", source, str(megabytes // largest), str(largest))
        _run("pack", source, packed)
        _run("load", packed)
    print(f"largest tensor {largest} MiB, dense bytes {megabytes // largest * largest} MiB")


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "tools.bench.peak_memory", "--child", *arguments], check=True)


def _child(task: str, path: str, *rest: str) -> None:
    import torch

    import spformat.torch

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if task == "make":
        tensors = {}
        for i in range(int(rest[0])):
            tensor = torch.randn(int(rest[1]) << 8, 1024)
            tensors[f"layer.{i}.weight"] = tensor * (tensor.abs() > 1.645)
        torch.save(tensors, path)
        return
    if task == "pack":
        spformat.pack(path, rest[0])
    else:
        loaded = spformat.torch.load_file(path)
        assert loaded
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{task}: {(after - before) * 1024 / _MB:.0f} MB above the imports")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(*sys.argv[2:])
    else:
        main()
