"""spformat: as it is by default, and without entropy coding."""

from __future__ import annotations

from pathlib import Path

import spformat
from tools.bench.rival import Rival, Tensors


def _save(tensors: Tensors, path: Path, threads: int) -> None:
    spformat.save_file(tensors, path, threads=threads)


def _save_fast(tensors: Tensors, path: Path, threads: int) -> None:
    spformat.save_file(tensors, path, policy=spformat.Policy(fast=True), threads=threads)


def _load(path: Path, threads: int) -> Tensors:
    return spformat.load_file(path, threads=threads)


RIVALS = [Rival("spformat", _save, _load, "spformat"), Rival("spformat --fast", _save_fast, _load, "spformat")]
