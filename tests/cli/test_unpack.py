"""spformat unpack."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spformat
from tests.cli.command import done, failed, model, run


def test_npz_and_back(model_spf: Path, tmp_path: Path) -> None:
    result = run("unpack", model_spf, "model.npz", cwd=tmp_path)
    assert result.code == 0
    assert result.out.startswith("model.npz: 7 tensors, ")
    assert result.err == "spformat: note: left out: metadata (loss, step), which .npz cannot hold\n"
    with np.load(tmp_path / "model.npz") as found:
        assert all(found[name].tobytes() == array.tobytes() for name, array in model().items())


def test_safetensors_json(model_spf: Path, tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    target = tmp_path / "model.safetensors"
    report = done("unpack", model_spf, target, "--json", "--threads", "1").json
    assert set(report) == {"tensors", "dense_bytes", "written_bytes", "notes", "seconds"}
    assert report["tensors"] == 7
    assert report["written_bytes"] == target.stat().st_size
    found = safetensors.load_file(target)
    assert all(found[name].tobytes() == array.tobytes() for name, array in model().items())


def test_quiet(lecture_spf: Path, tmp_path: Path) -> None:
    assert done("unpack", lecture_spf, tmp_path / "m.npz", "-q").out == ""


def test_an_ending_that_is_no_format(lecture_spf: Path, tmp_path: Path) -> None:
    assert "m.zip: the name must end in" in failed("unpack", lecture_spf, "m.zip", cwd=tmp_path)


def test_budget(lecture_spf: Path, tmp_path: Path) -> None:
    message = failed("unpack", lecture_spf, "m.npz", "--max-bytes", "0.1kB", cwd=tmp_path)
    assert message.startswith(f"{lecture_spf}: ")
    assert "expected 100, found 360" in message
    done("unpack", lecture_spf, "m.npz", "--max-bytes", "360", cwd=tmp_path)


def test_not_over_the_source(lecture_spf: Path, tmp_path: Path) -> None:
    copy = tmp_path / "same.npz"
    copy.write_bytes(lecture_spf.read_bytes())
    assert "the same file" in failed("unpack", copy, copy)
    assert spformat.verify(copy, deep=True).tensors == 1
