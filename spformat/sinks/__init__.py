"""Files that an .spf file can be unpacked to: one module per format, chosen by the ending of the name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from ..dtypes import DType
from ..errors import SourceError

__all__ = ["EXTENSIONS", "check_target", "write_tensors"]

Tensors = Mapping[str, tuple[NDArray[Any], DType]]
# Takes path, tensors, ties and metadata, returns notes.
Sink = Callable[[str, Tensors, Mapping[str, str], Mapping[str, Any]], list[str]]

EXTENSIONS = (".pt", ".pth", ".bin", ".safetensors", ".npz")


def check_target(path: str | os.PathLike[str]) -> str:
    """The path, whose ending names a format that can be written; else SourceError."""
    path = os.fspath(path)
    if os.path.splitext(path)[1].lower() not in EXTENSIONS:
        raise SourceError(f"{path}: the name must end in one of {', '.join(EXTENSIONS)}")
    return path


def write_tensors(
    path: str | os.PathLike[str],
    tensors: Tensors,
    ties: Mapping[str, str],
    metadata: Mapping[str, Any],
) -> list[str]:
    """Write the file, whole or not at all; returns notes about what the format could not express.

    tensors: name -> array (of dtype.numpy or dtype.bits) and type, for every name that is not tied. ties:
    name -> the name in `tensors` that it shares storage with. Raises SourceError for what the format cannot
    hold.
    """
    path = check_target(path)
    return _sink(os.path.splitext(path)[1].lower())(path, tensors, ties, metadata)


def _sink(extension: str) -> Sink:
    if extension == ".safetensors":
        from .safetensors_file import write_safetensors

        return write_safetensors
    if extension == ".npz":
        from .npz_file import write_npz

        return write_npz
    from .torch_checkpoint import write_checkpoint  # only here: it imports torch

    return write_checkpoint
