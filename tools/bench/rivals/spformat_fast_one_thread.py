"""spformat without entropy coding, one thread."""

from __future__ import annotations

from pathlib import Path

import spformat
from spformat.numpy import Array

NAME = "spformat, fast, 1 thread"


def save(tensors: dict[str, Array], path: Path) -> None:
    spformat.save_file(tensors, path, policy=spformat.Policy(fast=True))


def load(path: Path) -> dict[str, Array]:
    return spformat.load_file(path, threads=1)
