"""spformat, default settings, one thread."""

from __future__ import annotations

from pathlib import Path

import spformat
from spformat.numpy import Array

NAME = "spformat, 1 thread"


def save(tensors: dict[str, Array], path: Path) -> None:
    spformat.save_file(tensors, path, threads=1)


def load(path: Path) -> dict[str, Array]:
    return spformat.load_file(path, threads=1)
