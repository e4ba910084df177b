"""Which format a file has: its first bytes say so, and only where they do not, the ending of its name."""

from __future__ import annotations

import os
import zipfile

from ..errors import SourceError

NEEDED_BYTES = 16

EXTENSIONS = {
    ".pt": "torch",
    ".pth": "torch",
    ".bin": "torch",
    ".ckpt": "torch",
    ".safetensors": "safetensors",
    ".npz": "npz",
    ".npy": "npy",
    ".spf": "spf",
}

FOREIGN = {b"\x89HDF": "an HDF5 (Keras) file", b"GGUF": "a GGUF file", b"TFL3": "a TensorFlow Lite file"}


def format_of(path: str) -> str:
    """One of torch, safetensors, npz, npy, spf. Raises SourceError when the file cannot be read or is none of
    them.
    """
    head = _head(path)
    found = _by_content(path, head) or EXTENSIONS.get(os.path.splitext(path)[1].lower())
    if found is not None:
        return found
    kinds = [name for magic, name in FOREIGN.items() if head.startswith(magic)] or ["of an unknown format"]
    raise SourceError(f"{path}: {kinds[0]}; what can be read: {', '.join(EXTENSIONS)}")


def _head(path: str) -> bytes:
    if os.path.isdir(path):
        raise SourceError(f"{path}: a folder; name one file of it")
    try:
        with open(path, "rb") as file:
            head = file.read(NEEDED_BYTES)
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    if not head:
        raise SourceError(f"{path}: the file is empty")
    return head


def _by_content(path: str, head: bytes) -> str | None:
    if head.startswith(b"\x89SPF"):
        return "spf"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path)
    if head[0] == 0x80 and head[1:2] <= b"\x05":  # a pickle's first opcode, protocol 2 to 5
        return "torch"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < os.path.getsize(path):
        return "safetensors"
    return None


def _zip_kind(path: str) -> str | None:
    names = zip_names(path)
    if any(name.endswith(("/data.pkl", "/constants.pkl")) for name in names):
        return "torch"
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    return None


def zip_names(path: str) -> list[str]:
    """Names of the members of a zip archive. Raises SourceError when it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise SourceError(f"{path}: a zip archive that is cut short or damaged ({error})") from error
