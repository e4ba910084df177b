"""spformat pack."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spformat
from spformat.cli.pack import LAYOUTS, PRESETS
from spformat.planning import policy
from tests.cli.command import done, failed, lecture_matrix, misused, pruned, run, save_npz

PACK_KEYS = {"tensors", "dense_bytes", "stored_bytes", "ratio", "notes", "seconds", "verified", "quantized"}


def test_the_choices_are_those_of_the_library() -> None:
    assert set(PRESETS) == set(policy.PRESETS)
    for layout in LAYOUTS:
        policy.Policy(layout)


def test_summary(model_npz: Path, tmp_path: Path) -> None:
    out = done("pack", model_npz, "model.spf", cwd=tmp_path).out
    assert out.startswith("model.spf: 7 tensors, ")
    assert out.endswith("verified bit for bit\n")
    assert out.count("\n") == 1
    found = spformat.load_file(tmp_path / "model.spf")
    with np.load(model_npz) as source:
        assert sorted(found) == sorted(source.files)
        assert all(found[name].tobytes() == source[name].tobytes() for name in source.files)


def test_json(model_npz: Path, tmp_path: Path) -> None:
    target = tmp_path / "model.spf"
    report = done("pack", model_npz, target, "--json", "--no-verify", "--threads", "1").json
    assert set(report) == PACK_KEYS
    assert report["tensors"] == 7
    assert report["stored_bytes"] == target.stat().st_size
    assert report["ratio"] == report["dense_bytes"] / report["stored_bytes"]
    assert report["verified"] is False


def test_quiet_and_metadata(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", lecture_matrix())
    options = ["a=1", "b=text", "c=[1, 2.5, null]", "d=", "e=x=y", "f=NaN"]
    metadata = [arg for option in options for arg in ("--metadata", option)]
    assert done("pack", "m.npy", "m.spf", "--quiet", *metadata, cwd=tmp_path).out == ""
    with spformat.safe_open(tmp_path / "m.spf", framework="np") as file:
        assert file.metadata() == {"a": 1, "b": "text", "c": [1, 2.5, None], "d": "", "e": "x=y", "f": "NaN"}


def test_masks_are_folded_and_said_so(tmp_path: Path) -> None:
    weight, mask = pruned((6, 6), 1.0), np.eye(6, dtype=np.float32)
    save_npz(tmp_path / "m.npz", {"fc.weight_orig": weight, "fc.weight_mask": mask})
    result = run("pack", "m.npz", "m.spf", cwd=tmp_path)
    assert result.code == 0
    assert result.err == "spformat: note: folded 1 pair of weight_orig * weight_mask into weight\n"
    assert list(spformat.load_file(tmp_path / "m.spf")) == ["fc.weight"]
    as_json = done("pack", "m.npz", "m.spf", "--json", cwd=tmp_path).json
    assert as_json["notes"] == ["folded 1 pair of weight_orig * weight_mask into weight"]
    done("pack", "m.npz", "m.spf", "--keep-masks", cwd=tmp_path)
    assert list(spformat.load_file(tmp_path / "m.spf")) == ["fc.weight_mask", "fc.weight_orig"]


def test_part_of_a_torch_checkpoint(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"model": {"w": torch.ones(3)}, "ema": {"w": torch.zeros(3)}}, tmp_path / "m.pt")
    result = run("pack", "m.pt", "m.spf", "--key", "ema", cwd=tmp_path)
    assert result.code == 0
    assert spformat.load_file(tmp_path / "m.spf")["w"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("layout", ["dense", "bitmask", "csr"])
def test_layout(layout: str, tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", pruned((40, 50), 0.2))
    done("pack", "m.npy", "m.spf", "--layout", layout, cwd=tmp_path)
    assert spformat.inspect(tmp_path / "m.spf").tensors[0].layout == layout


def test_gap_options_ask_for_csr(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", pruned((40, 50), 0.5))
    options = "--axis column --restart-rows 2 --no-carry --origin 3 --bias 0 --bits 5 --fill escape"
    done("pack", "m.npy", "m.spf", *options.split(" "), cwd=tmp_path)
    gap = spformat.inspect(tmp_path / "m.spf").tensors[0].gap_code
    expected = {"axis": 1, "restart_rows": 2, "carry": 0, "origin": 3, "bias": 0, "bits": 5, "fill": 1}
    assert gap == expected


def test_restart_rows_all_and_carry(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", lecture_matrix())
    done("pack", "m.npy", "m.spf", "--restart-rows", "all", "--carry", cwd=tmp_path)
    gap = spformat.inspect(tmp_path / "m.spf").tensors[0].gap_code
    assert gap is not None
    assert (gap["restart_rows"], gap["carry"]) == (6, 1)


def test_preset_with_other_bits(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", lecture_matrix())
    done("pack", "m.npy", "m.spf", "--preset", "eie", "--bits", "6", cwd=tmp_path)
    gap = spformat.inspect(tmp_path / "m.spf").tensors[0].gap_code
    assert gap is not None
    assert (gap["axis"], gap["bits"]) == (1, 6)


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ("--bits 99", "--bits"),
        ("--bits -1", "--bits"),
        ("--bias 2", "--bias"),
        ("--origin -2", "--origin"),
        ("--axis diagonal", "--axis"),
        ("--fill water", "--fill"),
        ("--layout coo", "--layout"),
        ("--preset mp3", "--preset"),
        ("--restart-rows 0", "--restart-rows"),
        ("--restart-rows some", "--restart-rows"),
        ("--metadata novalue", "--metadata"),
        ("--metadata =1", "--metadata"),
        ("--preset eie --axis row", "--axis"),
        ("--preset lecture --no-carry --bits 3", "--carry"),
        ("--preset eie --layout dense", "--layout dense"),
        ("--layout bitmask --bits 3", "--layout bitmask"),
        ("--layout auto --fill escape", "--layout auto"),
    ],
)
def test_options_that_cannot_be(options: str, culprit: str) -> None:
    assert culprit in misused("pack", "m.npy", "m.spf", *options.split())


def test_failure_leaves_the_target_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "m.spf").write_bytes(b"precious")
    (tmp_path / "m.npy").write_bytes(b"\x93NUMPY\x01\x00 broken")
    assert failed("pack", "m.npy", "m.spf", "--json", cwd=tmp_path)
    assert (tmp_path / "m.spf").read_bytes() == b"precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.npy", "m.spf"]


def test_key_of_a_file_that_has_no_parts(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", lecture_matrix())
    assert "--key" in failed("pack", "m.npy", "m.spf", "--key", "ema", cwd=tmp_path)
