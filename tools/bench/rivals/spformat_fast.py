"""spformat without entropy coding: raw and bit-packed streams only, all threads."""

from __future__ import annotations

from pathlib import Path

import spformat
from spformat.numpy import Array

NAME = "spformat, fast"


def save(tensors: dict[str, Array], path: Path) -> None:
    spformat.save_file(tensors, path, policy=spformat.Policy(fast=True))


def load(path: Path) -> dict[str, Array]:
    return spformat.load_file(path)
