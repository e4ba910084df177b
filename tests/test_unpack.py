"""From an .spf file back to dense files."""

import numpy as np
import pytest

from spformat.dtypes import BY_NAME
from spformat.errors import FormatError, SourceError
from spformat.unpack import unpack
from spformat.writer import Writer

ODD = np.array([[0x80000000, 0, 0x7FC00123, 0, 0, 1]], np.uint32)


@pytest.fixture
def spf(tmp_path):
    path = tmp_path / "x.spf"
    with Writer(path, metadata={"epoch": 3, "format": "pt"}) as writer:
        writer.add("a", ODD, BY_NAME["F32"])
        writer.tie("b", "a")
        writer.add("scalar", np.array(7, np.int64))
        writer.add("none", np.zeros((0, 2), np.float16))
    return path


def test_npz(spf, tmp_path):
    report = unpack(spf, tmp_path / "x.npz")
    assert (report.tensors, report.dense_bytes) == (4, ODD.nbytes + 8)
    assert report.written_bytes == (tmp_path / "x.npz").stat().st_size
    assert len(report.notes) == 2
    with np.load(tmp_path / "x.npz") as arrays:
        assert arrays["a"].tobytes() == arrays["b"].tobytes() == ODD.tobytes()
        assert (arrays["a"].dtype, arrays["scalar"], arrays["none"].shape) == (np.float32, 7, (0, 2))


def test_safetensors(spf, tmp_path):
    safe_open = pytest.importorskip("safetensors").safe_open
    unpack(spf, tmp_path / "x.safetensors")
    with safe_open(tmp_path / "x.safetensors", framework="np") as file:
        assert file.metadata() == {"epoch": "3", "format": "pt"}
        assert file.get_tensor("b").tobytes() == ODD.tobytes()


def test_torch_ties_again(spf, tmp_path):
    torch = pytest.importorskip("torch")
    unpack(spf, tmp_path / "x.pt")
    state = torch.load(tmp_path / "x.pt", weights_only=True)
    assert state["a"].data_ptr() == state["b"].data_ptr()
    assert state["a"].numpy().tobytes() == ODD.tobytes()


def test_progress(spf, tmp_path):
    calls = []
    total = unpack(spf, tmp_path / "x.npz", progress=lambda *call: calls.append(call)).dense_bytes
    assert calls == [
        ("decoding", 0, total),
        ("decoding", total, total),
        ("writing", 0, total),
        ("writing", total, total),
    ]


@pytest.mark.parametrize("name", ["x", "y.spf", "x.h5"])
def test_other_endings_are_refused_before_anything_is_decoded(tmp_path, name):
    with pytest.raises(SourceError, match="must end in one of"):
        unpack(tmp_path / "missing.spf", tmp_path / name)


def test_a_broken_file_leaves_no_debris(spf, tmp_path):
    content = bytearray(spf.read_bytes())
    content[17] ^= 1
    spf.write_bytes(content)
    with pytest.raises(FormatError):
        unpack(spf, tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == [spf]
