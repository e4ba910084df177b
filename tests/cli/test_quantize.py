"""spformat pack --quantize, and what inspect says of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spformat
from spformat.cli.options import rule
from spformat.quantization import AffineTensor, CodebookTensor
from tests.cli.command import done, failed, misused, pruned, run, save_npz


@pytest.fixture
def source(tmp_path: Path) -> Path:
    tensors = {
        "conv.weight": pruned((8, 3, 3, 3), 0.9),
        "fc.weight": pruned((50, 60), 0.2),
        "fc.bias": np.ones(50, "f4"),
    }
    save_npz(tmp_path / "m.npz", tensors)
    return tmp_path / "m.npz"


def test_each_layer_has_its_way(source: Path, tmp_path: Path) -> None:
    out = done("pack", source, "m.spf", "--quantize", "conv*=codebook:8", "--quantize", "int4", cwd=tmp_path).out
    assert out.startswith("quantized 2 tensors; least SNR ")
    assert " dB (fc.weight); largest error " in out
    with spformat.safe_open(tmp_path / "m.spf", framework="np") as file:
        assert isinstance(file.get_quantized("conv.weight"), CodebookTensor)
        integers = file.get_quantized("fc.weight")
    assert isinstance(integers, AffineTensor)
    assert integers.bits == 4


def test_json_of_both_commands(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.spf"
    options = ["--quantize", "binary", "--include", "fc.*", "--exclude", "*.bias"]
    packed = done("pack", source, target, *options, "--json").json["quantized"]
    assert [(entry["name"], entry["method"], entry["bits"]) for entry in packed] == [("fc.weight", "binary", 1)]
    found = {tensor["name"]: tensor["quantization"] for tensor in done("inspect", target, "--json").json["tensors"]}
    assert found["conv.weight"] is found["fc.bias"] is None
    losses = {"snr_db": packed[0]["snr_db"], "largest_error": packed[0]["largest_error"]}
    assert found["fc.weight"] == {"method": "binary", "bits": 1, "scales": 50, **losses}


def test_inspect_shows_losses(source: Path, tmp_path: Path) -> None:
    done("pack", source, "m.spf", "--quantize", "fc*=codebook:5", "--quantize", "int8:tensor", cwd=tmp_path)
    out = done("inspect", "m.spf", cwd=tmp_path).out
    table = out[out.index("\nquantized\n") :].splitlines()
    assert table[2].split() == ["tensor", "method", "bits", "scales", "SNR", "largest", "error"]
    assert table[3].split()[:4] == ["conv.weight", "affine", "8", "1"]
    assert table[4].split()[:4] == ["fc.weight", "codebook", "5", "-"]
    assert table[4].split()[5] == "dB"
    one = done("inspect", "m.spf", "--tensor", "fc.weight", cwd=tmp_path).out
    assert "  quantized codebook, 5 bits: SNR " in one
    plain = done("inspect", "m.spf", "--tensor", "fc.bias", cwd=tmp_path).out
    assert "quantized" not in plain


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("int8", ("*", "int8")),
        ("int4:group=64", ("*", "int4:group=64")),
        ("conv*=int4:group=64", ("conv*", "int4:group=64")),
        ("codebook:5:density", ("*", "codebook:5:density")),
        ("conv*=codebook:5:optimal", ("conv*", "codebook:5:optimal")),
        ("conv*=none", ("conv*", None)),
        ("int8_layer.*=codebook:5", ("int8_layer.*", "codebook:5")),
    ],
)
def test_patterns_and_ways(text: str, pair: tuple[str, str | None]) -> None:
    assert rule(text) == pair


@pytest.mark.parametrize("how", ["int9", "conv*=codebook:9", "codebook:5:best", "conv*=", "="])
def test_misuse(how: str, source: Path, tmp_path: Path) -> None:
    misused("pack", str(source), str(tmp_path / "m.spf"), "--quantize", how)


def test_a_pattern_twice(source: Path, tmp_path: Path) -> None:
    ways = ["--quantize", "fc*=int8", "--quantize", "fc*=int4"]
    assert "twice for 'fc*'" in misused("pack", str(source), str(tmp_path / "m.spf"), *ways)


def test_a_pattern_that_fits_nothing_is_noted(source: Path, tmp_path: Path) -> None:
    result = run("pack", source, "m.spf", "--quantize", "fd*=int8", cwd=tmp_path)
    assert result.code == 0
    assert "note: no tensor was quantized by 'fd*'" in result.err


def test_include_needs_something_to_do(source: Path, tmp_path: Path) -> None:
    failed("pack", source, tmp_path / "m.spf", "--include", "fc*")
