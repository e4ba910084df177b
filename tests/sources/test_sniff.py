"""Which format a file has, and what is said about files that cannot be read."""

import io
import os
import zipfile

import numpy as np
import pytest

from spformat.errors import SourceError
from spformat.sources import open_source
from spformat.sources.sniff import format_of


def npz_bytes():
    buffer = io.BytesIO()
    np.savez(buffer, a=np.ones(3))
    return buffer.getvalue()


def npy_bytes():
    buffer = io.BytesIO()
    np.save(buffer, np.ones(3))
    return buffer.getvalue()


def zip_bytes(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return buffer.getvalue()


SAFETENSORS = (2).to_bytes(8, "little") + b"{}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (npz_bytes(), "npz"),
        (npy_bytes(), "npy"),
        (zip_bytes("archive/data.pkl", "archive/version"), "torch"),
        (zip_bytes("code/constants.pkl", "m/constants.pkl"), "torch"),
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "torch"),
        (SAFETENSORS, "safetensors"),
        (b"\x89SPF\r\n\x1a\n", "spf"),
    ],
    ids=["npz", "npy", "torch", "torchscript", "legacy torch", "safetensors", "spf"],
)
@pytest.mark.parametrize("name", ["x", "x.bin", "x.npy", "x.safetensors"])
def test_content_wins_over_the_name(tmp_path, content, expected, name):
    (tmp_path / name).write_bytes(content)
    assert format_of(str(tmp_path / name)) == expected


@pytest.mark.parametrize(("name", "expected"), [("x.pt", "torch"), ("x.CKPT", "torch"), ("x.npz", "npz")])
def test_the_name_decides_when_the_content_does_not(tmp_path, name, expected):
    (tmp_path / name).write_bytes(b"hello")
    assert format_of(str(tmp_path / name)) == expected


def test_unknown_formats_name_what_can_be_read(tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n and more")
    with pytest.raises(SourceError, match=r"HDF5.*\.safetensors"):
        open_source(path)
    path.write_bytes(b"PK\x05\x06" + bytes(18))  # a zip archive without members
    with pytest.raises(SourceError, match=r"unknown format"):
        open_source(path)


@pytest.mark.parametrize("name", ["x.pt", "x.safetensors", "x.npz", "x.npy", "x.spf", "x"])
def test_missing_empty_and_folder(tmp_path, name):
    path = tmp_path / name
    with pytest.raises(SourceError, match="no such file"):
        open_source(path)
    path.touch()
    with pytest.raises(SourceError, match="empty"):
        open_source(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(SourceError, match="folder"):
        open_source(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path):
    path = tmp_path / "x.npy"
    path.write_bytes(npy_bytes())
    path.chmod(0)
    with pytest.raises(SourceError, match="cannot be read"):
        open_source(path)


def test_a_key_is_for_checkpoints(tmp_path):
    path = tmp_path / "x.npy"
    path.write_bytes(npy_bytes())
    with pytest.raises(SourceError, match="--key"):
        open_source(path, key="model")
