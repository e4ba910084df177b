"""Integer codes with scales under the names of torchao and compressed-tensors."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

import spformat
from spformat.errors import SourceError
from spformat.quantization import AffineTensor
from spformat.sources import open_source
from tests.cli.command import done
from tests.helpers import raw

SHAPES = {"tensor": (), "one": (1,), "channel": (24,), "column": (24, 1), "groups": (24, 4)}


def parts(kind, asymmetric=False, dtype=torch.float32, seed=0):
    """codes, scale, zero point or None; and what torch makes of them."""
    torch.manual_seed(seed)
    codes = torch.randint(-128, 128, (24, 32), dtype=torch.int8)
    scale = (torch.rand(SHAPES[kind]) + 0.5).to(dtype)
    point = torch.randint(-20, 20, SHAPES[kind], dtype=torch.int8) if asymmetric else None
    steps = codes.float() - (0 if point is None else wide(point, kind))
    return codes, scale, point, steps * wide(scale, kind)


def wide(values, kind):
    """As float32, so that it goes with a matrix of 24 x 32."""
    if kind == "groups":
        return values.float().repeat_interleave(8, 1)
    return values.float()[:, None] if kind == "channel" else values.float()


def saved(folder, state, end="safetensors"):
    path = folder / f"m.{end}"
    save_file(state, path) if end == "safetensors" else torch.save(state, path)
    return path


def packed(path, name):
    """The quantized tensor of a file that was packed, and what loading gives."""
    target = path.with_suffix(".spf")
    report = spformat.pack(path, target, fold_scales=True)
    assert [entry.name for entry in report.quantized] == [name]
    assert "took 1 tensor of codes with scales as quantized" in report.notes
    with spformat.safe_open(target, framework="np") as file:
        assert sorted(file.keys()) == sorted(["bias", name])
        return file.get_quantized(name), file.get_tensor(name)


@pytest.mark.parametrize("end", ["safetensors", "pt"])
@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("kind", SHAPES)
def test_names_of_torchao(tmp_path, kind, asymmetric, end):
    codes, scale, point, expected = parts(kind, asymmetric)
    state = {"fc._in_weight_qdata": codes, "fc._in_weight_scale": scale, "bias": torch.ones(3)}
    state |= {} if point is None else {"fc._in_weight_zero_point": point}
    found, loaded = packed(saved(tmp_path, state, end), "fc.in_weight")
    assert isinstance(found, AffineTensor)
    assert raw(found.codes) == raw(codes.numpy())
    assert raw(found.scale) == raw(scale.numpy())
    assert found.zero_point.reshape(-1).tolist() == (
        [0] * scale.numel() if point is None else point.reshape(-1).tolist()
    )
    assert raw(loaded) == raw(expected.numpy())


def said(target="int4", kind="IntxUnpackedToInt8Tensor"):
    """The metadata that torchao's flatten_tensor_state_dict makes."""
    data = {"target_dtype": {"_type": "torch.dtype", "_data": target}, "block_size": [1, 8]}
    tensor = {"_type": kind, "_data": data, "_tensor_data_names": ["qdata", "scale", "zero_point"]}
    return {"fc.weight": json.dumps(tensor), "tensor_names": json.dumps(["fc.weight"])}


@pytest.mark.parametrize(
    ("metadata", "largest", "bits"),
    [
        (said(), 7, 4),
        (said("int2"), 1, 2),
        (said("int8"), 7, 8),
        (said("int1"), 0, 8),
        (said(), 8, 8),
        (said(kind="Int8Tensor"), 7, 8),
        ({"fc.weight": "[1"}, 7, 8),
        ({"fc.weight": "[1]"}, 7, 8),
        (None, 7, 8),
    ],
    ids=["int4", "int2", "int8", "int1", "larger codes", "another class", "no JSON", "another form", "nothing"],
)
def test_bits_are_those_that_torchao_says(tmp_path, metadata, largest, bits):
    codes = torch.arange(-largest - 1, largest + 1, dtype=torch.int8).repeat(24, 1)
    state = {"fc._weight_qdata": codes, "fc._weight_scale": torch.rand(24, 1) + 0.5, "bias": torch.ones(3)}
    state["fc._weight_zero_point"] = torch.zeros(24, 1, dtype=torch.int8)
    save_file(state, tmp_path / "m.safetensors", metadata)
    found, _ = packed(tmp_path / "m.safetensors", "fc.weight")
    assert isinstance(found, AffineTensor)
    assert found.bits == bits
    assert raw(found.codes) == raw(codes.numpy())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", ["tensor", "column", "groups"])
def test_names_of_compressed_tensors(tmp_path, kind, dtype):
    codes, scale, point, expected = parts(kind, asymmetric=True, dtype=dtype)
    state = {"fc.weight": codes, "fc.weight_scale": scale, "fc.weight_zero_point": point, "bias": torch.ones(3)}
    found, loaded = packed(saved(tmp_path, state), "fc.weight")
    assert isinstance(found, AffineTensor)
    assert raw(found.codes) == raw(codes.numpy())
    assert raw(loaded) == raw(expected.numpy())


@settings(max_examples=40)
@given(st.integers(0, 99), st.sampled_from(list(SHAPES)), st.booleans())
def test_any_codes_come_back(tmp_path_factory, seed, kind, asymmetric):
    folder = tmp_path_factory.getbasetemp()
    codes, scale, point, expected = parts(kind, asymmetric, seed=seed)
    state = {"w": codes, "w_scale": scale, "bias": torch.ones(3)}
    state |= {} if point is None else {"w_zero_point": point}
    found, loaded = packed(saved(folder, state), "w")
    assert raw(found.codes) == raw(codes.numpy())
    assert raw(loaded) == raw(expected.numpy())


def test_only_when_asked_for(tmp_path):
    codes, scale, _, _ = parts("channel")
    path = saved(tmp_path, {"w": codes, "w_scale": scale})
    spformat.pack(path, tmp_path / "x.spf")
    assert raw(spformat.load_file(tmp_path / "x.spf")["w"]) == raw(codes.numpy())
    out = done("pack", path, tmp_path / "y.spf", "--fold-scales", "--json").json
    assert [entry["bits"] for entry in out["quantized"]] == [8]


@pytest.mark.parametrize(
    "state",
    [
        {"w": torch.zeros(4, 4), "w_scale": torch.ones(1)},
        {"w_packed": torch.zeros(4, 4, dtype=torch.int32), "w_scale": torch.ones(4, 1)},
        {"w": torch.zeros(4, 4, dtype=torch.int8), "w_scale": torch.ones(4, 1), "w_g_idx": torch.zeros(4)},
        {"_w_qdata": torch.zeros(4, 4, dtype=torch.int8)},
        {"_w_qdata": torch.zeros(4, 128, dtype=torch.uint8), "_w_scale": torch.ones(4, 4)},
    ],
    ids=["floats", "packed", "reordered", "no scale", "two in a byte"],
)
def test_what_names_do_not_tell_stays(tmp_path, state):
    with open_source(saved(tmp_path, state), fold_scales=True) as source:
        assert source.names() == sorted(state)
        assert source.notes == []


CODES = torch.zeros(4, 6, dtype=torch.int8)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"w": CODES, "w_scale": torch.ones(3)}, r"do not fit the codes.*found \(3,\)"),
        ({"w": CODES, "w_scale": torch.ones(4, 4)}, r"found \(4, 4\)"),
        ({"w": CODES, "w_scale": torch.ones(2, 3)}, r"found \(2, 3\)"),
        ({"w": CODES, "w_scale": torch.ones(1, dtype=torch.float64)}, "found F64"),
        ({"w": CODES, "w_scale": torch.ones(1), "w_zero_point": torch.ones(1)}, "'w_zero_point' of codes.*found F32"),
        ({"w": CODES, "w_scale": torch.ones(4), "w_zero_point": CODES[0, :1]}, "another shape than the scales"),
        ({"_w_qdata": CODES, "_w_scale": torch.ones(4), "w": torch.ones(2)}, "stands beside"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, state, message):
    with pytest.raises(SourceError, match=message):
        open_source(saved(tmp_path, state, "pt"), fold_scales=True)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan])
def test_scales_that_are_none(tmp_path, scale):
    path = saved(tmp_path, {"w": CODES, "w_scale": torch.tensor([scale])})
    with pytest.raises(SourceError, match=r"positive and finite.*'w'"):
        spformat.pack(path, tmp_path / "x.spf", fold_scales=True)
    assert not (tmp_path / "x.spf").exists()
