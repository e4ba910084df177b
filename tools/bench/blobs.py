"""A file for the rivals that code buffers and have no file format: a JSON header, then one blob for each tensor."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spformat.dtypes import BY_NAME, from_numpy
from spformat.numpy import Array

_LENGTH_BYTES = 8


@dataclass(frozen=True)
class Blob:
    """A coded tensor: what the header says of it, and its bytes."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    data: memoryview

    @property
    def dense_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    def view(self, flat: Array) -> Array:
        """A tensor's decoded bytes or bit patterns, as the tensor."""
        return flat.view(self.dtype).reshape(self.shape)

    def empty(self) -> npt.NDArray[np.uint8]:
        """Room for the decoded bytes."""
        return np.empty(self.dense_bytes, np.uint8)


def flat_bytes(array: Array) -> npt.NDArray[np.uint8]:
    """The bytes of an array, without a copy where it is contiguous."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def flat_patterns(array: Array) -> Array:
    """The bit patterns of an array as unsigned integers of its item size, shape (elements,)."""
    return np.ascontiguousarray(array).reshape(-1).view(from_numpy(array.dtype).bits)


def write(path: Path, tensors: dict[str, Array], blobs: Iterable[bytes | memoryview]) -> None:
    """Writes the tensors' blobs, in the order of the tensors."""
    coded = list(blobs)
    described = [
        [name, from_numpy(array.dtype).name, array.shape, len(blob)]
        for (name, array), blob in zip(tensors.items(), coded, strict=True)
    ]
    header = json.dumps(described, separators=(",", ":")).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(_LENGTH_BYTES, "little") + header)
        for blob in coded:
            file.write(blob)


def read(path: Path) -> dict[str, Blob]:
    """The blobs of a file, by name."""
    data = memoryview(path.read_bytes())
    at = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    found = {}
    for name, dtype, shape, size in json.loads(bytes(data[_LENGTH_BYTES:at])):
        numpy_type = BY_NAME[dtype].numpy
        assert numpy_type is not None
        found[name] = Blob(numpy_type, tuple(shape), data[at : at + size])
        at += size
    return found
