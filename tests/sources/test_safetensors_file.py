"""Reading .safetensors files: what their library writes, and headers that are wrong in one way each."""

import json
from typing import Any

import numpy as np
import pytest

from spformat.errors import SourceError
from spformat.sources import open_source
from spformat.sources.safetensors_file import SafetensorsFile


def write(path, header, data=b"", length=None):
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(encoded) if length is None else length).to_bytes(8, "little") + encoded + data)
    return str(path)


def entry(dtype="U8", shape=(4,), offsets=(0, 4), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


def test_what_the_library_writes(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    tensors: dict[str, Any] = {
        "b.weight": np.array([[1.5, -0.0], [np.nan, 3e-45]], np.float32),
        "a": np.arange(6, dtype=np.int64).reshape(2, 3),
        "scalar": np.array(True),
        "none": np.zeros((0, 7), np.float16),
    }
    path = tmp_path / "x.safetensors"
    safetensors.save_file(tensors, path, metadata={"format": "np", "epoch": "3"})
    with open_source(path) as source:
        assert source.names() == ["a", "b.weight", "none", "scalar"]
        assert source.metadata == {"format": "np", "epoch": "3"}
        assert source.ties() == {}
        for name, expected in tensors.items():
            array, dtype = source.read(name)
            assert source.spec(name) == (dtype, expected.shape)
            assert (array.dtype, array.shape) == (expected.dtype, expected.shape)
            assert array.tobytes() == expected.tobytes()
            assert array.flags.writeable


def test_torch_dtypes_that_the_library_writes(tmp_path):
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    kinds = [torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64, torch.uint16]
    kinds += [torch.float8_e8m0fnu, torch.float4_e2m1fn_x2]
    raw = torch.arange(48, dtype=torch.uint8).reshape(2, 24)
    save_file({str(kind): raw.clone().view(kind) for kind in kinds}, tmp_path / "x.safetensors")
    with open_source(tmp_path / "x.safetensors") as source:
        for kind in kinds:
            array, dtype = source.read(str(kind))
            assert array.tobytes() == raw.numpy().tobytes()
            assert array.shape == raw.view(kind).shape, dtype


def test_each_read_gives_memory_of_its_own(tmp_path):
    path = write(tmp_path / "x.safetensors", {"a": entry()}, b"abcd")
    with SafetensorsFile(path) as source:
        source.read("a")[0][:] = 0
        assert source.read("a")[0].tobytes() == b"abcd"


@pytest.mark.parametrize(
    ("header", "data", "message"),
    [
        ({"a": entry("F4", (3,))}, bytes(4), "F4"),
        ({"a": entry("F4", (), (0, 1))}, bytes(1), "F4"),
        ({"a": entry("F4_X2")}, bytes(4), "F4_X2"),
        ({"a": entry("F6_E2M3")}, bytes(4), "F6_E2M3"),
        ({"a": entry(shape=(5,))}, bytes(4), "do not match.*5 bytes"),
        ({"a": entry(shape=(-4,))}, bytes(4), "natural"),
        ({"a": entry(shape=(True,), offsets=(0, 1))}, bytes(1), "natural"),
        ({"a": entry(shape=(2.0, 2))}, bytes(4), "natural"),
        ({"a": entry(shape=(1,) * 65, offsets=(0, 1))}, bytes(1), "too many"),
        ({"a": entry(shape=(2**70, 0), offsets=(0, 0)), "b": entry()}, bytes(3), "cut short"),
        ({"a": entry(offsets=(4, 0))}, bytes(4), "do not match"),
        ({"a": entry(offsets=(0, 4, 8))}, bytes(4), "not an entry"),
        ({"a": entry(extra=1)}, bytes(4), "not an entry"),
        ({"a": []}, b"", "not an entry"),
        ({"a": entry(), "b": entry(offsets=(3, 7))}, bytes(7), "overlaps the data of 'a'"),
        ({"a": entry(), "b": entry(offsets=(5, 9))}, bytes(9), "hole after 'a'"),
        ({"a": entry(offsets=(1, 5))}, bytes(5), "hole after 'the header'"),
        ({"a": entry()}, bytes(3), "cut short"),
        ({"a": entry()}, bytes(5), "bytes follow"),
        ({"__metadata__": {"a": 1}}, b"", "map of strings"),
        ({"__metadata__": []}, b"", "map of strings"),
        ([], b"", "JSON object"),
        (b"{", b"", "valid JSON"),
        (b"\xff\xfe{}", b"", "valid JSON"),
        (b"[" * 100_000, b"", "valid JSON"),
        (
            b'{"a":' + json.dumps(entry()).encode() + b',"a":' + json.dumps(entry()).encode() + b"}",
            bytes(4),
            "twice",
        ),
        (b'{"\\ud800":' + json.dumps(entry()).encode() + b"}", bytes(4), "Unicode"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_header_is_refused(tmp_path, header, data, message):
    path = write(tmp_path / "x.safetensors", header, data)
    with pytest.raises(SourceError, match=message):
        SafetensorsFile(path)


def test_every_prefix_is_refused(tmp_path):
    whole = tmp_path / "x.safetensors"
    write(whole, {"a": entry(), "__metadata__": {}}, b"abcd")
    content = whole.read_bytes()
    for size in range(1, len(content)):
        whole.write_bytes(content[:size])
        with pytest.raises(SourceError):
            open_source(whole)


def test_a_header_longer_than_any_is_not_allocated(tmp_path):
    path = write(tmp_path / "x.safetensors", b"{}", length=2**62)
    with pytest.raises(SourceError, match="declares a header"):
        SafetensorsFile(path)
