"""Quantizing while packing: only what is asked for, recorded with what it loses."""

from functools import partial

import numpy as np
import pytest

import spformat
from spformat.dtypes import BY_NAME
from spformat.errors import ConfigError, SourceError
from spformat.quantization import (
    AffineTensor,
    BinaryTensor,
    CodebookTensor,
    fidelity,
    quantize_affine,
    quantize_codebook,
)
from spformat.quantization.kmeans_init import INITIALIZATIONS
from spformat.quantize import Quantizer, Recipe
from tests.helpers import raw

F32 = BY_NAME["F32"]


def weights(shape, density=0.3, seed=0):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < density, rng.normal(size=shape) * 0.1, 0).astype(np.float32)


MODEL = {
    "conv1.weight": weights((8, 3, 5, 5), 1),
    "conv1.bias": weights((8,), 1),
    "fc1.weight": weights((60, 200), 0.1),
    "fc1.steps": np.arange(60).reshape(6, 10),
}


@pytest.fixture
def source(tmp_path):
    np.savez(tmp_path / "model.npz", **MODEL)
    return tmp_path / "model.npz"


@pytest.mark.parametrize(
    ("how", "kind", "count", "bits"),
    [
        ("codebook:5", CodebookTensor, None, 5),
        ("codebook:5:random", CodebookTensor, None, 5),
        ("int8", AffineTensor, (60,), 8),
        ("int4", AffineTensor, (60,), 4),
        ("int8:tensor", AffineTensor, (), 8),
        ("int4:group=50", AffineTensor, (60, 4), 4),
        ("int8:asymmetric", AffineTensor, (60,), 8),
        ("int2:asymmetric,group=32", AffineTensor, (60, 7), 2),
        ("binary", BinaryTensor, (60,), 1),
        ("binary:tensor", BinaryTensor, (), 1),
    ],
)
def test_each_way(source, tmp_path, how, kind, count, bits):
    report = spformat.pack(source, tmp_path / "x.spf", quantize=how)
    assert [entry.name for entry in report.quantized] == ["conv1.weight", "fc1.weight"]
    assert report.verified
    loaded = spformat.load_file(tmp_path / "x.spf")
    with spformat.safe_open(tmp_path / "x.spf", framework="np") as file:
        tensor = file.get_quantized("fc1.weight")
    assert type(tensor) is kind
    assert isinstance(tensor, CodebookTensor) or tensor.scale.shape == count
    assert raw(tensor.dequantize()) == raw(loaded["fc1.weight"])
    found = report.quantized[1]
    lost = fidelity(MODEL["fc1.weight"], loaded["fc1.weight"])
    assert (found.bits, found.snr_db) == (bits, np.float32(lost.snr_db))
    assert found.largest_error is not None
    assert lost.largest_error <= found.largest_error <= lost.largest_error * (1 + 2**-23)
    for name in ("conv1.bias", "fc1.steps"):
        assert raw(loaded[name]) == raw(MODEL[name])


def test_a_codebook_keeps_zeros_and_its_codes_are_for_nonzeros(source, tmp_path):
    spformat.pack(source, tmp_path / "x.spf", quantize="codebook:5")
    loaded = spformat.load_file(tmp_path / "x.spf")["fc1.weight"]
    assert ((loaded == 0) == (MODEL["fc1.weight"] == 0)).all()
    assert 17 < len(np.unique(loaded)) <= 33


def test_the_start_of_a_codebook_can_be_chosen_and_one_next_to_the_best_is_the_default():
    array = MODEL["fc1.weight"]
    books = {init: quantize_codebook(array, 4, zeros="apart", init=init) for init in INITIALIZATIONS}
    books["optimal"] = quantize_codebook(array, 4, zeros="apart", method="optimal")
    for start, book in books.items():
        assert raw(Recipe(f"codebook:4:{start}").apply(array).dequantize()) == raw(book.dequantize())
    assert raw(Recipe("codebook:4").apply(array).dequantize()) == raw(books["histogram"].dequantize())
    lost = {start: -fidelity(array, book.dequantize()).snr_db for start, book in books.items()}
    assert len(set(lost.values())) >= 4
    assert lost["optimal"] == min(lost.values())
    assert lost["histogram"] < lost["optimal"] + 1e-3


def test_the_first_pattern_that_matches_counts(source, tmp_path):
    ways = {"conv*": "codebook:8", "*.bias": "int8", "fc?.weight": "codebook:5", "*": "binary"}
    report = spformat.pack(source, tmp_path / "x.spf", quantize=ways)
    assert [(entry.name, entry.method, entry.bits) for entry in report.quantized] == [
        ("conv1.weight", "codebook", 8),
        ("fc1.weight", "codebook", 5),
    ]
    report = spformat.pack(source, tmp_path / "x.spf", quantize={"conv*": None, "*": "int4"})
    assert [entry.name for entry in report.quantized] == ["fc1.weight"]


@pytest.mark.parametrize(
    ("include", "exclude", "names"),
    [
        (["*.bias", "fc*"], [], ["conv1.bias", "fc1.weight"]),
        (["conv1.*"], ["*.bias"], ["conv1.weight"]),
        ([], ["fc1.*"], ["conv1.weight"]),
        (["CONV1.*"], [], []),
    ],
)
def test_include_and_exclude(source, tmp_path, include, exclude, names):
    report = spformat.pack(source, tmp_path / "x.spf", quantize="int8", include=include, exclude=exclude)
    assert [entry.name for entry in report.quantized] == names


def test_nothing_is_quantized_without_being_asked_for(source, tmp_path):
    assert spformat.pack(source, tmp_path / "x.spf").quantized == []
    with pytest.raises(ConfigError, match="what to quantize"):
        spformat.pack(source, tmp_path / "x.spf", include=["*"])


WRONG = (
    "codebook codebook:0 codebook:9 codebook:5: codebook:5:forgy codebook:5:linear,density codebook:5:Linear "
    "int1 int9 int8: int8:group int8:group=0 int8:axis=1 int8:tensor,group=4 "
    "int8:group=4,group=8 int8:tensor,tensor binary:filter Int8 ternary"
)


@pytest.mark.parametrize(
    "how",
    WRONG.split(),
)
def test_what_is_no_way_to_quantize(how):
    with pytest.raises(ConfigError, match=r"expected (codebook:1 to codebook:8 \(:histogram, |one of them)"):
        Recipe(how)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (5, "expected text such as 'int8', or a mapping from patterns to that or None, found 5"),
        (["int8"], r"expected text such as .*, found \['int8'\]"),
        ({3: "int8"}, "expected text such as .*, found {3: 'int8'}"),
        ({"x": 3}, "expected codebook:1 to .*, found 3"),
        ({"x": b"int8"}, "expected codebook:1 to .*, found b'int8'"),
    ],
)
def test_what_is_no_text_is_refused_before_anything_is_written(asked, message, source, tmp_path):
    pytest.importorskip("torch")  # of prune
    for call in (spformat.pack, partial(spformat.prune, sparsity=0.5)):
        with pytest.raises(ConfigError, match=f"no way to quantize: {message}"):
            call(source, tmp_path / "x.spf", quantize=asked)
    assert not (tmp_path / "x.spf").exists()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_name_their_tensor(value, tmp_path):
    np.savez(tmp_path / "m.npz", w=np.full((3, 3), value, np.float32))
    for how in ("codebook:2", "int8", "binary"):
        with pytest.raises(SourceError, match="'w'"):
            spformat.pack(tmp_path / "m.npz", tmp_path / "x.spf", quantize=how)
    assert not (tmp_path / "x.spf").exists()


def test_bit_patterns_are_seen_as_numbers():
    array = weights((20, 30))
    found = Quantizer.of("int8").apply("w", array.view(np.uint32), F32)
    assert found is not None
    assert raw(found.tensor.dequantize()) == raw(quantize_affine(array, Recipe("int8")._scheme(array)).dequantize())


def test_integers_of_short_floats_become_float32_and_a_note_says_so(tmp_path):
    pytest.importorskip("torch")
    from spformat.torch_arrays import torch

    torch.save({"w": torch.randn(20, 30, dtype=torch.bfloat16)}, tmp_path / "m.pt")
    report = spformat.pack(tmp_path / "m.pt", tmp_path / "x.spf", quantize="int8")
    assert report.notes == ["quantized to products of float32: w"]
    assert spformat.load_file(tmp_path / "x.spf")["w"].dtype == np.float32
    report = spformat.pack(tmp_path / "m.pt", tmp_path / "x.spf", quantize="codebook:4")
    assert report.notes == []
    assert spformat.load_file(tmp_path / "x.spf")["w"].dtype == BY_NAME["BF16"].numpy


def test_packing_a_packed_file_again_keeps_codes_and_losses(source, tmp_path):
    first = spformat.pack(source, tmp_path / "1.spf", quantize={"conv*": "int4", "*": "codebook:3"})
    again = spformat.pack(tmp_path / "1.spf", tmp_path / "2.spf", quantize="binary")
    assert again.quantized == first.quantized
    assert again.notes == ["quantized already, stored as they were: conv1.weight, fc1.weight"]
    assert (tmp_path / "1.spf").read_bytes() == (tmp_path / "2.spf").read_bytes()


def test_the_report_of_a_file_says_what_was_lost(source, tmp_path):
    packed = spformat.pack(source, tmp_path / "x.spf", quantize={"conv*": "int8", "*": "codebook:5"})
    tensors = {tensor.name: tensor.quantization for tensor in spformat.inspect(tmp_path / "x.spf").tensors}
    assert tensors["conv1.bias"] is None
    for entry, scales in zip(packed.quantized, (8, 0), strict=True):
        found = tensors[entry.name]
        assert found is not None
        assert (found.method, found.bits, found.snr_db) == (entry.method, entry.bits, entry.snr_db)
        assert (found.largest_error, found.scales) == (entry.largest_error, scales)
