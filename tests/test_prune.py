"""Pruning checkpoints without their model."""

import numpy as np
import pytest
import torch

import spformat
from spformat.errors import PruningError, SourceError
from spformat.pruned_source import PrunedSource
from spformat.pruning import Magnitude, NofM, Random, Rows, Scope, Threshold, make_masks
from spformat.sources import open_source
from tests.cli.command import save_npz
from tests.pruning.conftest import one_thread  # noqa: F401


def tensors():
    rng = np.random.default_rng(0)
    return {
        "conv.weight": rng.normal(size=(8, 3, 3, 3)).astype(np.float32),
        "embed.weight": rng.normal(size=(20, 6)).astype(np.float32),
        "fc.bias": rng.normal(size=10).astype(np.float32),
        "fc.weight": 5 * rng.normal(size=(10, 40)).astype(np.float32),
        "ids": np.arange(12).reshape(3, 4),
    }


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "model.npz"
    save_npz(path, tensors())
    return path


PRUNED = ["conv.weight", "fc.weight"]


@pytest.mark.parametrize("scope", ["layer", "global"])
@pytest.mark.parametrize("method", [Magnitude(), Random(4), Rows(1)], ids=lambda m: m.name)
def test_it_is_what_masks_of_all_tensors_at_once_give(source, tmp_path, scope, method):
    report = spformat.prune(source, tmp_path / "p.spf", 0.7, method=method, scope=scope)
    weights = {name: torch.from_numpy(tensors()[name]) for name in PRUNED}
    masks = make_masks(weights, 0.7, method, scope)
    found = spformat.load_file(tmp_path / "p.spf")
    for name, array in tensors().items():
        expected = np.where(masks[name].numpy(), array, 0) if name in PRUNED else array
        assert found[name].tobytes() == expected.astype(array.dtype).tobytes(), name
    assert [layer.name for layer in report.layers] == PRUNED
    assert report.kept == sum(int(mask.sum()) for mask in masks.values())
    assert report.verified


@pytest.mark.parametrize("method", [NofM(1, 4), Threshold(0.8)], ids=lambda m: m.name)
def test_methods_that_need_no_sparsity(source, tmp_path, method):
    report = spformat.prune(source, tmp_path / "p.spf", method=method, names=Scope(include=["fc"]))
    mask = make_masks({"fc.weight": torch.from_numpy(tensors()["fc.weight"])}, None, method)["fc.weight"]
    assert (spformat.load_file(tmp_path / "p.spf")["fc.weight"] != 0).tolist() == mask.tolist()
    assert report.target is None
    assert report.layers[0].target is None


@pytest.mark.parametrize("end", ["pt", "safetensors", "npz", "spf"])
def test_every_kind_of_file_in_and_out(source, tmp_path, end):
    first, second = tmp_path / f"a.{end}", tmp_path / "b.npz"
    report = spformat.prune(source, first, 0.5)
    assert report.written_bytes == first.stat().st_size
    spformat.prune(first, second, 0.8)
    with np.load(second) as found:
        assert sorted(found) == sorted(tensors())
        assert np.count_nonzero(found["fc.weight"]) == 80
        assert np.count_nonzero(found["embed.weight"]) == 120


def test_what_was_done_is_in_the_metadata(source, tmp_path):
    spformat.prune(source, tmp_path / "p.spf", 0.75, metadata={"by": "me"})
    found = spformat.inspect(tmp_path / "p.spf").file.metadata
    assert found["by"] == "me"
    assert found["pruning"] == {
        "method": {"name": "magnitude"},
        "schedule": {"name": "one-shot", "sparsity": 0.75, "begin": 0},
        "scope": "layer",
        "target": 0.75,
        "achieved": 0.75,
        "layers": {
            "conv.weight": {"weights": 216, "kept": 54, "achieved": 0.75, "target": 0.75},
            "fc.weight": {"weights": 400, "kept": 100, "achieved": 0.75, "target": 0.75},
        },
    }


def test_what_its_name_saves_is_told(source, tmp_path):
    note = "left alone, by their names embeddings or output layers: embed.weight (120 weights); --include takes them in"
    for end in ("spf", "npz"):
        assert note in spformat.prune(source, tmp_path / f"p.{end}", 0.5).notes
    for names in (Scope(include=["*"]), Scope(exclude=["embed"]), Scope(spared=())):
        assert spformat.prune(source, tmp_path / "p.spf", 0.5, names=names).notes == []


def test_every_float_type_and_stride(tmp_path):
    base = torch.arange(1.0, 25).reshape(4, 6)
    kinds = {str(k): base.to(k) for k in (torch.bfloat16, torch.float16, torch.float64, torch.float8_e5m2)}
    torch.save({**kinds, "strided": base.t()}, tmp_path / "m.pt")
    report = spformat.prune(tmp_path / "m.pt", tmp_path / "p.pt", 0.5)
    for name, tensor in torch.load(tmp_path / "p.pt", weights_only=True).items():
        kept = tensor.float() != 0
        before = base.t() if name == "strided" else kinds[name].float()
        assert int(kept.sum()) == 12
        assert torch.equal(tensor.float()[kept], before[kept])
    assert {layer.kept for layer in report.layers} == {12}


def test_tied_tensors_are_pruned_as_one_or_not_at_all(tmp_path):
    shared, other = torch.rand(4, 5), torch.rand(6, 5)
    torch.save({"a.w": shared, "b.w": shared, "embed.w": other, "out.w": other, "c.w": shared + 1}, tmp_path / "m.pt")
    report = spformat.prune(tmp_path / "m.pt", tmp_path / "p.spf", 0.5)
    assert [layer.name for layer in report.layers] == ["a.w", "c.w"]
    found = spformat.load_file(tmp_path / "p.spf")
    assert found["b.w"] is found["a.w"]
    assert np.count_nonzero(found["a.w"]) == 10
    assert np.count_nonzero(found["out.w"]) == 30


@pytest.mark.parametrize("share", [0.3, 0.55])
def test_a_size_is_met_and_nearly_used(source, tmp_path, share):
    rng = np.random.default_rng(1)
    save_npz(source, {"w": rng.normal(size=(200, 200)).astype(np.float32), "b": np.zeros(9, np.float32)})
    budget = int(160_000 * share)
    report = spformat.prune(source, tmp_path / "p.spf", max_bytes=budget)
    assert 0.995 * budget < report.written_bytes <= budget
    assert report.target == pytest.approx(report.sparsity, abs=1e-4)


def test_a_size_that_cannot_be_met(source, tmp_path):
    with pytest.raises(PruningError, match="even at sparsity"):
        spformat.prune(source, tmp_path / "p.spf", max_bytes=300)
    for sparsity, budget in ((0.5, 9999), (None, None)):
        with pytest.raises(PruningError):
            spformat.prune(source, tmp_path / "p.spf", sparsity, max_bytes=budget)
    with pytest.raises(PruningError, match=r"needs an \.spf file"):
        spformat.prune(source, tmp_path / "p.pt", max_bytes=9999)


def test_a_size_that_needs_no_pruning(source, tmp_path):
    assert spformat.prune(source, tmp_path / "p.spf", max_bytes=10**6).target == 0


def test_names_that_do_not_fit_are_refused(source, tmp_path):
    with pytest.raises(PruningError, match="no tensor is named like 'nothing'"):
        spformat.prune(source, tmp_path / "p.spf", 0.5, names=Scope(exclude=["nothing"]))
    with pytest.raises(PruningError, match="nothing to prune"):
        spformat.prune(source, tmp_path / "p.spf", 0.5, names=Scope(exclude=["weight"]))
    with pytest.raises(SourceError, match=r"must end in one of \.spf"):
        spformat.prune(source, tmp_path / "p.txt", 0.5)
    with pytest.raises(SourceError, match="the same file"):
        spformat.prune(source, source, 0.5)


def test_nan_leaves_the_target_as_it_was(tmp_path):
    array = np.ones((3, 3), np.float32)
    array[1, 1] = np.nan
    save_npz(tmp_path / "m.npz", {"w": array})
    (tmp_path / "p.spf").write_bytes(b"precious")
    with pytest.raises(PruningError, match=r"NaN.*'w'"):
        spformat.prune(tmp_path / "m.npz", tmp_path / "p.spf", 0.5)
    assert (tmp_path / "p.spf").read_bytes() == b"precious"


def test_at_most_a_few_tensors_are_in_memory(source):
    """The global scope reads every tensor several times, and keeps none."""
    held = []

    with open_source(source) as inner:
        read = inner.read

        def counted(name):
            held.append(name)
            return read(name)

        inner.read = counted  # type: ignore[method-assign]
        pruned = PrunedSource(inner, Magnitude(), "global", Scope())
        pruned.aim(0.5)
        held.clear()
        pruned.read("fc.weight")
        assert held == ["fc.weight"]
