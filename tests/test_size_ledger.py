"""The pipeline in one call, prune, quantize and pack, and the sizes after each stage."""

import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import spformat
from spformat.errors import ConfigError, MissingExtraError, PruningError
from spformat.pruning import Magnitude, Scope
from spformat.quantization import AffineTensor, CodebookTensor
from spformat.size_ledger import SizeLedger
from tests.pruning.conftest import one_thread  # noqa: F401

FAST = spformat.Policy(fast=True)
QUANTIZE = {"@conv": "codebook:8", "@vector": "int8:tensor", "*": "codebook:5"}


def tensors(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "conv.weight": rng.normal(size=(32, 16, 3, 3)).astype(np.float32),
        "fc.bias": rng.normal(size=300).astype(np.float32),
        "fc.weight": rng.normal(size=(300, 40)).astype(np.float32),
        "head.weight": rng.normal(size=(10, 300)).astype(np.float32),
        "ids": np.arange(12).reshape(3, 4),
    }


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, **tensors())
    return path


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_each_layer_has_its_sparsity_and_its_way(source, tmp_path):
    report = spformat.prune(source, tmp_path / "x.spf", {"@conv": 0.6, "*": 0.9}, quantize=QUANTIZE)
    kept = {layer.name: (layer.target, layer.kept) for layer in report.layers}
    assert kept == {"conv.weight": (0.6, 1843), "fc.weight": (0.9, 1200)}
    assert report.target is None
    assert [(q.name, q.method, q.bits) for q in report.quantized] == [
        ("conv.weight", "codebook", 8),
        ("fc.bias", "affine", 8),
        ("fc.weight", "codebook", 5),
        ("head.weight", "codebook", 5),
    ]
    with spformat.safe_open(tmp_path / "x.spf", framework="np") as file:
        convolution, bias = file.get_quantized("conv.weight"), file.get_quantized("fc.bias")
        assert isinstance(convolution, CodebookTensor)
        assert convolution.nonzeros == 1843
        assert isinstance(bias, AffineTensor)
        assert (file.get_tensor("ids") == tensors()["ids"]).all()
    assert spformat.inspect(tmp_path / "x.spf").file.metadata["pruning"]["layers"]["conv.weight"]["target"] == 0.6


def test_it_is_what_pruning_and_quantizing_one_after_the_other_give(source, tmp_path):
    spformat.prune(source, tmp_path / "one.spf", 0.8, quantize=QUANTIZE)
    spformat.prune(source, tmp_path / "pruned.spf", 0.8)
    spformat.pack(tmp_path / "pruned.spf", tmp_path / "two.spf", quantize=QUANTIZE)
    assert (tmp_path / "one.spf").read_bytes() == (tmp_path / "two.spf").read_bytes()


def stages_one_by_one(source, folder, sparsity, quantize):
    """The size of the file of each stage, each made by a call of its own."""
    sizes = {}
    spformat.prune(source, folder / "p.spf", sparsity, policy=FAST)
    sizes["P"] = (folder / "p.spf").stat().st_size
    if quantize is not None:
        sizes["P+Q"] = spformat.pack(folder / "p.spf", folder / "q.spf", policy=FAST, quantize=quantize).stored_bytes
    last = folder / "h.spf"
    spformat.pack(folder / "p.spf", last, quantize=quantize)
    sizes["P+H" if quantize is None else "P+Q+H"] = last.stat().st_size
    return sizes


@pytest.mark.parametrize("quantize", [None, QUANTIZE], ids=["P+H", "P+Q+H"])
def test_the_stages_are_the_sizes_of_files(source, tmp_path, quantize):
    (tmp_path / "apart").mkdir()
    (tmp_path / "out").mkdir()
    report = spformat.prune(source, tmp_path / "out" / "x.spf", 0.9, quantize=quantize, ledger=True)
    assert report.ledger is not None
    assert report.ledger.dense_bytes == sum(array.nbytes for array in tensors().values())
    assert report.ledger.stages == stages_one_by_one(source, tmp_path / "apart", 0.9, quantize)
    assert list(report.ledger.stages.values())[-1] == report.written_bytes
    assert files(tmp_path / "out") == ["x.spf"]


@settings(max_examples=15)
@given(
    st.floats(0, 1),
    st.sampled_from([None, "codebook:2", "codebook:5", "int4:group=16", "codebook:1", {"@matrix": "int8", "*": None}]),
    st.integers(0, 3),
)
def test_the_stages_are_the_sizes_of_files_whatever_is_asked(tmp_path_factory, sparsity, quantize, seed):
    folder = tmp_path_factory.mktemp("stages")
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=(20, 30)).astype(np.float32)
    np.savez(folder / "m.npz", a=weight, b=weight, c=rng.normal(size=7))  # equal tensors are stored once
    ledger = spformat.prune(folder / "m.npz", folder / "x.spf", sparsity, quantize=quantize, ledger=True).ledger
    assert ledger is not None
    assert ledger.dense_bytes == 2 * weight.nbytes + 7 * 8
    assert ledger.stages == stages_one_by_one(folder / "m.npz", folder, sparsity, quantize)


def test_each_stage_takes_less(source, tmp_path):
    report = spformat.prune(source, tmp_path / "x.spf", 0.9, quantize="codebook:4", ledger=True)
    assert report.ledger is not None
    sizes = [report.ledger.dense_bytes, *report.ledger.stages.values()]
    assert sizes == sorted(sizes, reverse=True)
    assert report.ledger.ratios()["P+Q+H"] == report.dense_bytes / report.written_bytes


def test_a_size_is_met_by_quantized_files(source, tmp_path):
    report = spformat.prune(source, tmp_path / "x.spf", max_bytes=6000, quantize="codebook:3")
    assert 5800 < report.written_bytes <= 6000
    with pytest.raises(PruningError, match="even at sparsity"):
        spformat.prune(source, tmp_path / "y.spf", max_bytes=6000)


def test_a_size_counts_the_metadata_of_the_caller(source, tmp_path):
    metadata = {"note": "x" * 1000}
    report = spformat.prune(source, tmp_path / "x.spf", max_bytes=20_000, metadata=metadata)
    assert 19_800 < report.written_bytes <= 20_000


def test_dense_bytes_are_those_of_the_source_also_where_quantizing_widens(tmp_path):
    torch.save({"w": torch.randn(40, 50, dtype=torch.bfloat16)}, tmp_path / "m.pt")
    report = spformat.prune(tmp_path / "m.pt", tmp_path / "x.spf", 0.5, quantize="int8")
    assert report.dense_bytes == 4000
    assert report.notes == ["quantized to products of float32: w"]


def test_what_cannot_be(source, tmp_path):
    target = tmp_path / "x.spf"
    for wrong in ({"quantize": "codebook:5"}, {"ledger": True}):
        with pytest.raises(ConfigError, match=r"an \.spf file"):
            spformat.prune(source, tmp_path / "x.pt", 0.5, **wrong)
    with pytest.raises(PruningError, match=r"fits lin\*, @conv"):
        spformat.prune(source, target, {"lin*": 0.5, "@conv": 0.4}, names=Scope(exclude=["conv"]))
    with pytest.raises(ConfigError, match="no kind of tensor"):
        spformat.prune(source, target, {"@linear": 0.5})
    with pytest.raises(ConfigError, match="no kind of tensor"):
        spformat.prune(source, target, 0.5, quantize={"@linear": "int8"})
    with pytest.raises(PruningError, match="one sparsity for all"):
        spformat.prune(source, target, {"*": 0.5}, method=Magnitude(), scope="global")
    with pytest.raises(PruningError, match="sparsity"):
        spformat.prune(source, target, {"*": 1.5})
    assert files(tmp_path) == ["model.npz"]


@pytest.mark.parametrize("how", ["binary", "binary:tensor", {"fc*": "binary", "*": "int8"}])
@pytest.mark.parametrize("wanted", [{"sparsity": 0.5}, {"sparsity": {"fc*": 0.5}}, {"max_bytes": 10_000}])
def test_signs_would_take_the_zeros_of_pruned_tensors_away(source, tmp_path, how, wanted):
    with pytest.raises(ConfigError, match="codebook:1"):
        spformat.prune(source, tmp_path / "x.spf", quantize=how, **wanted)
    assert files(tmp_path) == ["model.npz"]
    others = {"fc*": None, "*": "binary"}
    report = spformat.prune(source, tmp_path / "x.spf", {"fc*": 0.5}, quantize=others)
    assert [tensor.method for tensor in report.quantized] == ["binary", "binary"]
    ternary = spformat.prune(source, tmp_path / "y.spf", 0.5, quantize="codebook:1")
    found = spformat.load_file(tmp_path / "y.spf")["fc.weight"]
    assert len(np.unique(found)) == 3
    assert np.count_nonzero(found) == ternary.layers[1].kept


def test_patterns_that_fit_nothing_are_noted(source, tmp_path):
    report = spformat.prune(source, tmp_path / "x.spf", {"lin*": 0.3, "*": 0.5}, quantize={"a?": "int8", "ids": None})
    assert report.notes[-2:] == ["no tensor was pruned by 'lin*'", "no tensor was quantized by 'a?'"]
    assert report.quantized == []


def test_a_model_of_no_elements_has_stages_but_no_picture(tmp_path):
    np.savez(tmp_path / "m.npz", a=np.zeros((0, 5), np.float32))
    report = spformat.prune(tmp_path / "m.npz", tmp_path / "x.spf", 0.5, quantize="int8", ledger=True)
    assert report.ledger is not None
    assert report.ledger.ratios() == {"P": 0, "P+Q": 0, "P+Q+H": 0}
    pytest.importorskip("matplotlib")
    with pytest.raises(ConfigError, match="nothing"):
        report.ledger.figure()


def test_a_failure_leaves_nothing_behind(tmp_path):
    np.savez(tmp_path / "m.npz", a=np.ones((9, 9)), z=np.full(9, np.nan))
    with pytest.raises(spformat.SpformatError, match="'z'"):
        spformat.prune(tmp_path / "m.npz", tmp_path / "x.spf", 0.5, quantize={"@vector": "int8:tensor"}, ledger=True)
    assert files(tmp_path) == ["m.npz"]


LEDGER = SizeLedger(1000, {"P": 200, "P+Q": 50, "P+Q+H": 25})


def test_a_picture(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    for name in ("a.svg", "b.svg", "c.png", "d.pdf"):
        LEDGER.draw(tmp_path / name)
    text = (tmp_path / "a.svg").read_text()
    assert text == (tmp_path / "b.svg").read_text()
    assert [label in text for label in ("P+Q+H", "25 bytes, 40.0x", "1.0 kB, 1.0x")] == [True] * 3
    axes = LEDGER.figure().axes[0]
    assert [bar.get_width() for bar in axes.patches] == [100, 20, 5, 2.5]
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match="spformat"):
        LEDGER.figure()
