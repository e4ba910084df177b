"""Writing .npz, .safetensors and .pt: what comes back, what is refused, and that no debris stays."""

from typing import Any

import numpy as np
import pytest

from spformat.dtypes import BY_NAME, DTYPES
from spformat.errors import SourceError
from spformat.sinks import write_tensors

ODD = np.array([0x80000000, 0x7FC00123, 0x00000001], np.uint32)


def tensors(dtypes=DTYPES):
    """One tensor of each type as bit patterns, as a reader gives them, in shapes of rank 0 to 3."""
    found = {}
    for dtype, shape in ((d, s) for d in dtypes for s in ((2,), (0, 3), (2, 1, 3))):
        values = np.arange(int(np.prod(shape)) * dtype.itemsize)
        raw = (values % (2 if dtype.name == "BOOL" else 256)).astype(np.uint8)
        found[f"{dtype.name}.{len(shape)}"] = raw.view(dtype.bits).reshape(shape), dtype
    found["odd"] = ODD, BY_NAME["F32"]
    found["scalar"] = np.array(0x3FC00000, np.uint32), BY_NAME["F32"]
    return found


def only(*without):
    return tensors([dtype for dtype in DTYPES if dtype.name not in without])


NATIVE = [d for d in DTYPES if d.numpy is not None and d.numpy.type.__module__ == "numpy"]


def test_npz(tmp_path):
    path = tmp_path / "x.npz"
    notes = write_tensors(path, tensors(NATIVE), {"file": "odd"}, {"epoch": 3})
    assert notes == [
        "stored 1 tied tensor as copies: .npz cannot share",
        "left out: metadata (epoch), which .npz cannot hold",
    ]
    with np.load(path) as found:
        expected = {**tensors(NATIVE), "file": tensors()["odd"]}
        assert sorted(found) == sorted(expected)
        for name, (bits, dtype) in expected.items():
            assert found[name].dtype == dtype.numpy
            assert found[name].shape == bits.shape
            assert found[name].tobytes() == bits.tobytes()


@pytest.mark.parametrize("name", ["BF16", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F4_X2", "C32"])
def test_npz_refuses_what_numpy_would_give_back_as_raw_bytes(tmp_path, name):
    with pytest.raises(SourceError, match=rf"{name}.*\.safetensors.*'w'"):
        write_tensors(tmp_path / "x.npz", {"w": (np.zeros(2, BY_NAME[name].bits), BY_NAME[name])}, {}, {})
    assert list(tmp_path.iterdir()) == []


def test_npz_refuses_names_that_zip_would_change(tmp_path):
    with pytest.raises(SourceError, match="name"):
        write_tensors(tmp_path / "x.npz", {"a\0b": (ODD, BY_NAME["F32"])}, {}, {})
    assert list(tmp_path.iterdir()) == []


def test_safetensors_is_what_the_library_reads(tmp_path):
    torch = pytest.importorskip("torch")
    safe_open = pytest.importorskip("safetensors").safe_open
    from spformat.torch_arrays import to_array

    path = tmp_path / "x.safetensors"
    state = only("C32", "C128")
    notes = write_tensors(path, state, {"tied": "odd"}, {"format": "pt", "epoch": 3, "layers": ["a", None]})
    assert notes == ["stored 1 tied tensor as copies: .safetensors cannot share"]
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"format": "pt", "epoch": "3", "layers": '["a", null]'}
        expected = {**state, "tied": state["odd"]}
        assert sorted(file.keys()) == sorted(expected)
        for name, (bits, dtype) in expected.items():
            if bits.size or dtype.name != "F4_X2":  # the library fails on empty tensors of that type
                array, found = to_array(file.get_tensor(name))
                assert (found, array.shape, array.tobytes()) == (dtype, bits.shape, bits.tobytes())
    assert torch.__name__ == "torch"


def test_safetensors_has_the_bytes_of_the_library(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    arrays: dict[str, Any] = {
        "b": np.ones(3, np.uint8),
        "a": np.ones(2, np.float64),
        "c": np.ones((2, 2), np.float32),
    }
    library.save_file(arrays, tmp_path / "library.safetensors", {"k": "v"})
    ours = {
        "b": (arrays["b"], BY_NAME["U8"]),
        "a": (arrays["a"], BY_NAME["F64"]),
        "c": (arrays["c"], BY_NAME["F32"]),
    }
    write_tensors(tmp_path / "ours.safetensors", ours, {}, {"k": "v"})
    assert (tmp_path / "ours.safetensors").read_bytes() == (tmp_path / "library.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("name", "dtype", "shape"),
    [("w", "C32", (2,)), ("w", "C128", (2,)), ("w", "F4_X2", ()), ("__metadata__", "U8", (2,))],
)
def test_safetensors_refuses_what_it_has_no_place_for(tmp_path, name, dtype, shape):
    with pytest.raises(SourceError, match=r"unpack to \.pt"):
        write_tensors(
            tmp_path / "x.safetensors", {name: (np.zeros(shape, BY_NAME[dtype].bits), BY_NAME[dtype])}, {}, {}
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore:ComplexHalf:UserWarning")
@pytest.mark.parametrize("extension", [".pt", ".pth", ".bin"])
def test_torch(tmp_path, extension):
    torch = pytest.importorskip("torch")
    from spformat.torch_arrays import to_array

    path = tmp_path / f"x{extension}"
    notes = write_tensors(path, tensors(), {"a tie": "odd", "z tie": "odd"}, {"epoch": 3})
    assert notes == ["left out: metadata (epoch), which a state dict cannot hold"]
    state = torch.load(path, weights_only=True)
    assert list(state) == sorted([*tensors(), "a tie", "z tie"])
    for name, (bits, dtype) in tensors().items():
        array, found = to_array(state[name])
        assert (found, array.shape, array.tobytes()) == (dtype, bits.shape, bits.tobytes())
    storages = {state[name].untyped_storage().data_ptr() for name in ("odd", "a tie", "z tie")}
    assert len(storages) == 1


@pytest.mark.parametrize("name", ["x.pt", "x.safetensors", "x.npz"])
def test_equal_tensors_give_equal_bytes(tmp_path, name):
    if name == "x.pt":
        pytest.importorskip("torch")
    state = tensors([BY_NAME["F32"], BY_NAME["U8"]])
    contents = []
    for folder, order in (("a", list(state)), ("b", list(state)[::-1])):
        (tmp_path / folder).mkdir()
        write_tensors(tmp_path / folder / name, {key: state[key] for key in order}, {}, {})
        contents.append((tmp_path / folder / name).read_bytes())
    assert contents[0] == contents[1]


def test_an_existing_file_stays_when_writing_fails(tmp_path):
    path = tmp_path / "x.npz"
    path.write_bytes(b"before")
    with pytest.raises(SourceError):
        write_tensors(path, {"a": (ODD, BY_NAME["F32"]), "b\0": (ODD, BY_NAME["F32"])}, {}, {})
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_views_of_one_allocation_are_saved_one_by_one(tmp_path):
    """An empty tensor has the address of its neighbour there."""
    torch = pytest.importorskip("torch")
    memory = np.arange(4, dtype=np.uint8)
    state = {"none": (memory[:0].view("<u4"), BY_NAME["F32"]), "some": (memory, BY_NAME["U8"])}
    write_tensors(tmp_path / "x.pt", state, {}, {})
    assert torch.load(tmp_path / "x.pt")["some"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["x", "x.spf", "x.npy", "x.h5"])
def test_other_endings_are_refused(tmp_path, name):
    with pytest.raises(SourceError, match=r"must end in one of \.pt"):
        write_tensors(tmp_path / name, {}, {}, {})
