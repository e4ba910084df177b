"""Files that several tests only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from spformat import preset
from spformat.numpy import save_file
from tests.cli.command import lecture_matrix, model, save_npz


@pytest.fixture(scope="session")
def model_npz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("source") / "model.npz"
    save_npz(path, model())
    return path


@pytest.fixture(scope="session")
def model_spf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("packed") / "model.spf"
    save_file(model(), path, {"step": 7, "loss": float("nan")})
    return path


@pytest.fixture(scope="session")
def lecture_spf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("packed") / "lecture.spf"
    save_file({"matrix": lecture_matrix()}, path, policy=preset("lecture"))
    return path
