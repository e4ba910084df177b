"""spformat prune."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import spformat
from spformat.cli import main
from spformat.cli.inspect_pruning import pruning_lines
from spformat.cli.prune import METHODS
from spformat.pruning import methods
from tests.cli.command import misused, pruned, save_npz
from tests.cli.command import run as run_alone


def done(*args: str) -> str:
    """Stdout of a command that must end well; in this process, where torch is imported already."""
    result = CliRunner().invoke(main, args, prog_name="spformat", catch_exceptions=False)
    assert result.exit_code == 0
    assert all(line.startswith("spformat: note: left ") for line in result.stderr.splitlines())
    return result.stdout


def reported(*args: str) -> Any:
    """What it says with --json."""
    return json.loads(done(*args, "--json"))


@pytest.fixture(autouse=True)
def _in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    arrays = {"fc1.weight": pruned((30, 40), 1.0), "fc1.bias": np.ones(30, np.float32), "head.w": pruned((4, 30), 1)}
    save_npz(tmp_path / "m.npz", arrays)
    return tmp_path


def test_the_methods_are_those_of_the_library() -> None:
    every = (methods.Magnitude, methods.Random, methods.Rows, methods.Threshold, methods.NofM)
    assert set(METHODS) == {method.name for method in every}


def test_table_and_summary(source: Path) -> None:
    result = run_alone("prune", "m.npz", "m.spf", "--sparsity", "0.9", cwd=source)
    assert result.code == 0
    expected = "left alone, by their names embeddings or output layers: head.w (120 weights); --include takes them in"
    assert result.err == f"spformat: note: {expected}\n"
    lines = result.out.splitlines()
    assert lines[0].split() == ["tensor", "shape", "weights", "kept", "sparsity"]
    assert lines[1].split() == ["fc1.weight", "30x40", "1,200", "120", "90.0", "%"]
    assert lines[-1].startswith("m.spf: 1 of 3 tensors pruned, ")
    assert lines[-1].endswith("verified bit for bit")
    assert np.count_nonzero(spformat.load_file(source / "m.spf")["head.w"]) == 120


@pytest.mark.usefixtures("source")
def test_json() -> None:
    options = ["--sparsity", "0.5", "--scope", "global", "--include", "*", "--no-verify"]
    report = reported("prune", "m.npz", "m.spf", *options)
    assert report["sparsity"] == 0.5
    assert [layer["name"] for layer in report["layers"]] == ["fc1.weight", "head.w"]
    assert sum(layer["kept"] for layer in report["layers"]) == report["kept"] == 660
    assert report["layers"][0]["target"] is None
    assert report["verified"] is False


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("end", ["pt", "safetensors"])
def test_other_files(end: str) -> None:
    assert reported("prune", "m.npz", f"m.{end}", "--sparsity", "0.25")["kept"] == 900
    found = reported("prune", f"m.{end}", "again.spf", "--method", "n:m", "--keep", "1:4")
    assert found["kept"] == 300


def test_part_of_a_checkpoint_and_a_seed(tmp_path: Path) -> None:
    torch.save({"ema": {"w": torch.rand(8, 8)}, "model": {"w": torch.rand(8, 8)}}, tmp_path / "m.pt")
    for seed in ("1", "2"):
        options = ["--key", "ema", "--method", "random", "--seed", seed, "--sparsity", "0.5", "-q"]
        assert done("prune", "m.pt", f"{seed}.npz", *options) == ""
    with np.load(tmp_path / "1.npz") as one, np.load(tmp_path / "2.npz") as two:
        assert np.count_nonzero(one["w"]) == 32
        assert (one["w"] != two["w"]).any()


def test_a_size(source: Path) -> None:
    report = reported("prune", "m.npz", "m.spf", "--size", "3kB")
    assert report["written_bytes"] == (source / "m.spf").stat().st_size <= 3000
    assert 0 < report["target"] < 1


PIPELINE = ["prune", "m.npz", "m.spf", "--sparsity", "fc*=0.9", "--sparsity", "0.5", "--include", "*"]
PIPELINE += ["--quantize", "head*=codebook:8", "--quantize", "codebook:4"]


def test_the_pipeline_in_one_command(source: Path) -> None:
    result = run_alone(*PIPELINE, "--picture", "ledger.svg", cwd=source)
    assert (result.code, result.err) == (0, "")
    pruned_table, losses, stages, summary = result.out.split("\n\n")
    assert [line.split()[3] for line in pruned_table.splitlines()[1:3]] == ["120", "60"]
    assert losses.startswith("quantized 2 tensors; least SNR ")
    rows = [line.split() for line in stages.splitlines()]
    assert [row[0] for row in rows] == ["stage", "dense", "P", "P+Q", "P+Q+H"]
    size = (source / "m.spf").stat().st_size
    assert rows[-1][1] == f"{size:,}"
    assert rows[1][1:] == ["5,400", "100.0", "%", "1.00x"]
    assert summary.startswith("m.spf: 2 of 3 tensors pruned, ")
    assert "P+Q+H" in (source / "ledger.svg").read_text()


def test_stages_of_nothing(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", a=np.zeros((0, 5), np.float32))
    out = done("prune", str(tmp_path / "m.npz"), str(tmp_path / "m.spf"), "--sparsity", "0.5", "--ledger")
    rows = [line.split() for line in out.splitlines() if line.startswith(("dense ", "P ", "P+H "))]
    assert [row[2:] for row in rows] == [["-", "-"]] * 3


def test_the_ledger_as_json(source: Path) -> None:
    report = reported(*PIPELINE, "--ledger")
    stages = report["ledger"]["stages"]
    assert list(stages) == ["P", "P+Q", "P+Q+H"]
    assert stages["P+Q+H"] == report["written_bytes"] == (source / "m.spf").stat().st_size
    assert report["ledger"]["dense_bytes"] == report["dense_bytes"] == 5400
    assert report["ledger"]["ratios"]["P"] == 5400 / stages["P"]
    assert [(entry["name"], entry["bits"]) for entry in report["quantized"]] == [("fc1.weight", 4), ("head.w", 6)]
    assert {layer["name"]: layer["target"] for layer in report["layers"]} == {"fc1.weight": 0.9, "head.w": 0.5}
    assert reported(*PIPELINE)["ledger"] is None


@pytest.mark.usefixtures("source")
def test_inspect_shows_what_was_done() -> None:
    done("prune", "m.npz", "m.spf", "--sparsity", "0.9", "--method", "rows", "--norm", "1", "-q")
    out = done("inspect", "m.spf")
    assert "pruned by rows (norm 1) within each layer, one-shot (begin 0)\n" in out
    assert "  all         sparsity  90.0 %, target  90.0 %\n" in out
    assert "  fc1.weight  sparsity  90.0 %, target  90.0 %\n" in out
    found = reported("inspect", "m.spf")["file"]["metadata"]["pruning"]
    assert found["layers"]["fc1.weight"]["kept"] == 120


@pytest.mark.usefixtures("source")
def test_it_survives_a_detour_through_safetensors() -> None:
    done("prune", "m.npz", "m.safetensors", "--sparsity", "0.9", "-q")
    done("pack", "m.safetensors", "m.spf", "-q")
    assert "pruned by magnitude within each layer" in done("inspect", "m.spf")


@pytest.mark.parametrize(
    "value",
    [None, 1, "text", "{}", [], {}, {"method": 1}, {"scope": "layer", "method": {"name": "x"}, "layers": 3}],
    ids=repr,
)
def test_other_peoples_metadata_of_that_name_is_no_error(value: object) -> None:
    assert pruning_lines({"pruning": value}) == []


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ("", "needs a --sparsity"),
        ("--sparsity 90", "--sparsity"),
        ("--sparsity -0.1", "--sparsity"),
        ("--sparsity 0.5 --scope model", "--scope"),
        ("--sparsity 0.5 --method best", "--method"),
        ("--sparsity 0.5 --method n:m --keep 2:4", "takes no --sparsity"),
        ("--method n:m", "--keep"),
        ("--method n:m --keep 4:2", "0 < n < m"),
        ("--method n:m --keep 2", "--keep"),
        ("--method threshold", "--quality"),
        ("--sparsity 0.5 --quality 1", "--quality"),
        ("--size big", "--size"),
        ("--sparsity 0.5 --size 1kB", "not both"),
        ("--sparsity nan", "--sparsity"),
        ("--sparsity fc*=90", "'90' is not a number"),
        ("--sparsity @fc=0.9", "@matrix"),
        ("--sparsity 0.5 --quantize @fc=int8", "@matrix"),
        ("--sparsity 0.5 --quantize codebook:9", "codebook:1 to codebook:8"),
        ("--sparsity 0.5 --picture ledger.txt", ".svg"),
        ("--sparsity a=0.5 --sparsity a=0.9", "--sparsity is given twice for 'a'"),
        ("--sparsity 0.5 --quantize a=int8 --quantize a=int4", "--quantize is given twice for 'a'"),
    ],
)
def test_options_that_cannot_be(options: str, culprit: str) -> None:
    assert culprit in misused("prune", "m.npz", "m.spf", *options.split())


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ("m.spf --sparsity 0.5 --exclude fc9", "named like 'fc9'"),
        ("m.zip --sparsity 0.5", "must end in"),
        ("m.npz2.npz --sparsity 0.5 --quantize int8", "an .spf file"),
        ("m.pt --sparsity 0.5 --ledger", "an .spf file"),
        ("m.spf --sparsity 0.5 --picture no/such.svg", "no such folder"),
        ("m.spf --sparsity 0.5 --quantize binary", "codebook:1"),
    ],
)
def test_failures(source: Path, options: str, culprit: str) -> None:
    result = CliRunner().invoke(main, ["prune", "m.npz", *options.split()])
    assert (result.exit_code, result.stdout) == (1, "")
    assert culprit in one_error(result.stderr)
    assert sorted(path.name for path in source.iterdir()) == ["m.npz"]


def one_error(text: str) -> str:
    assert text.count("\n") == 1
    return text
