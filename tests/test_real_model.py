"""A real model, all-MiniLM-L6-v2, its 36 encoder matrices pruned by magnitude to 90 %: the main job, end to end."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import spformat
from tools import real_model

MATRICES = 10_616_832  # weights of the 36 matrices


@pytest.fixture(scope="module")
def pruned():
    """float32 tensors of the whole model, by name; skips where the model cannot be fetched."""
    try:
        real_model.fetch()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"the real model cannot be fetched: {error}")
    from tools.magnitude import model_tensors
    from tools.magnitude import pruned as prune

    tensors = model_tensors().items()
    return {n: prune(t, 0.9) if real_model.is_encoder_matrix(n, t.ndim) else t for n, t in tensors}


def matrices(tensors):
    return {name: t for name, t in tensors.items() if real_model.is_encoder_matrix(name, t.ndim)}


def test_it_comes_back_bit_for_bit_through_the_command_line(pruned, tmp_path):
    np.savez(tmp_path / "model.npz", **pruned)
    for arguments in (
        ["pack", "model.npz", "model.spf"],
        ["verify", "model.spf", "--deep"],
        ["unpack", "model.spf", "b.npz"],
    ):
        subprocess.run([sys.executable, "-m", "spformat", *arguments], cwd=tmp_path, check=True, capture_output=True)
    with np.load(tmp_path / "b.npz") as back:
        assert sorted(back) == sorted(pruned)
        for name, tensor in pruned.items():
            assert tensor.tobytes() == back[name].tobytes(), name


def test_every_byte_of_the_file_is_accounted_for(pruned, tmp_path):
    spformat.save_file(pruned, tmp_path / "model.spf")
    report = spformat.inspect(tmp_path / "model.spf", bound=False)
    for tensor in report.tensors:
        counted = tensor.accounting
        parts = (counted.index_bytes, counted.pointer_bytes, counted.value_bytes, counted.overhead_bytes)
        assert sum(parts) == tensor.stored_bytes
    assert sum(t.stored_bytes for t in report.tensors) + report.file.container_bytes == report.file.bytes
    assert report.file.parameters == real_model.PARAMETERS


def test_the_matrices_are_as_small_as_promised(pruned):
    """What was asked for: 8.2 and 7.1 with plain streams, 11.05 and 12.65 with entropy coding."""
    import ml_dtypes

    wanted = {np.float32: (8.2, 11.05), ml_dtypes.bfloat16: (7.1, 12.65)}
    for dtype, (plain, coded) in wanted.items():
        tensors = {name: t.astype(dtype) for name, t in matrices(pruned).items()}
        dense = MATRICES * np.dtype(dtype).itemsize
        assert dense / len(spformat.save(tensors, policy=spformat.Policy(fast=True))) >= plain
        data = spformat.save(tensors)
        assert dense / len(data) >= coded
        back = spformat.load(data)
        assert all(t.tobytes() == back[name].tobytes() for name, t in tensors.items())


@pytest.mark.usefixtures("pruned")
def test_pruning_it_without_its_code(tmp_path):
    fast = spformat.Policy(fast=True)
    report = spformat.prune(real_model.fetch(), tmp_path / "m.spf", 0.9, scope="global", policy=fast, verify=False)
    assert report.weights == MATRICES + 384 * 384  # and the pooler; not the embeddings
    assert report.kept == report.weights - round(0.9 * report.weights)
    assert all("embeddings" not in layer.name for layer in report.layers)
    kept = spformat.load_file(tmp_path / "m.spf")["encoder.layer.0.output.dense.weight"]
    dense = next(t for n, t in _tensors() if n == "encoder.layer.0.output.dense.weight")
    assert (kept[kept != 0] == dense[kept != 0]).all()
    assert abs(dense[kept == 0]).max() <= abs(kept[kept != 0]).min()


@pytest.mark.usefixtures("pruned")
def test_the_pipeline_in_one_call(tmp_path):
    ways = {"encoder.*.weight": "codebook:4", "*": None}
    report: Any = spformat.prune(real_model.fetch(), tmp_path / "m.spf", 0.9, quantize=ways, ledger=True)
    assert report.verified
    assert len(report.quantized) == 36
    assert report.ledger.stages["P+Q+H"] == (tmp_path / "m.spf").stat().st_size
    with spformat.safe_open(tmp_path / "m.spf", framework="np") as file:
        tensors: list[Any] = [file.get_quantized(entry.name) for entry in report.quantized]
    assert sum(tensor.codes.size for tensor in tensors) == MATRICES
    assert {tensor.nonzeros for tensor in tensors} == {14746, 58982}
    assert max(len(tensor.centroids) for tensor in tensors) == 16
    stored = [t.stored_bytes for t in spformat.inspect(tmp_path / "m.spf", bound=False).tensors if t.quantization]
    assert 4 * MATRICES / sum(stored) > 36


def _tensors():
    from tools.magnitude import model_tensors

    return model_tensors().items()
