"""Numpy in and out, with the four verbs of safetensors.numpy. bfloat16 and float8 arrays are those of ml_dtypes."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .dtypes import DType
from .errors import SourceError
from .limits import Limits
from .planning.policy import Policy
from .reader import Reader
from .tensor_file import PathOrBytes
from .writer import Writer

__all__ = ["load", "load_file", "save", "save_file"]

Array: TypeAlias = npt.NDArray[Any]


def save_file(
    tensor_dict: Mapping[str, Any],
    filename: str | os.PathLike[str],
    metadata: Mapping[str, Any] | None = None,
    *,
    policy: Policy | None = None,
    threads: int | None = None,
) -> None:
    """Writes arrays to a file, in the order of their names; arrays that are the same memory are stored once.

    Tensors of spformat.quantization (CodebookTensor, AffineTensor, BinaryTensor) are stored as their codes: load gives
    their dequantized values, safe_open(...).get_quantized themselves.
    metadata: str keys; None, bool, int, float, str, list and dict values. policy: how tensors are stored.
    Raises SourceError for dtypes and metadata that cannot be stored. The file appears whole or not at all.
    """
    with Writer(filename, metadata=metadata, policy=policy, threads=threads, ahead=True) as writer:
        _add_all(writer, tensor_dict)


def save(
    tensor_dict: Mapping[str, Any],
    metadata: Mapping[str, Any] | None = None,
    *,
    policy: Policy | None = None,
    threads: int | None = None,
) -> bytes:
    """As save_file, but returns the bytes of the file."""
    target = io.BytesIO()
    with Writer(target, metadata=metadata, policy=policy, threads=threads, ahead=True) as writer:
        _add_all(writer, tensor_dict)
    return target.getvalue()


def load_file(
    filename: str | os.PathLike[str], *, limits: Limits | None = None, threads: int | None = None
) -> dict[str, Array]:
    """All tensors of a file as writable arrays. Tied names map to the same array.

    Raises FormatError when the file is damaged, LimitError when it wants more than `limits` allow. The arrays share
    one allocation, which lives as long as any of them: copy an array to keep it alone.
    """
    return _load(filename, limits, threads)


def load(data: bytes, *, limits: Limits | None = None, threads: int | None = None) -> dict[str, Array]:
    """As load_file, from the bytes of a file."""
    return _load(data, limits, threads)


def type_of(name: str, dtype: DType) -> np.dtype[Any]:
    """Numpy's type for a tensor. Raises SourceError for the types that numpy does not have."""
    if dtype.numpy is None:
        raise SourceError(f"numpy has no type for {dtype.name}: load it with spformat.torch", tensor=name)
    return dtype.numpy


def with_dtype(array: Array, dtype: DType, name: str) -> Array:
    """Bit patterns seen as numbers. Raises SourceError as `type_of`."""
    return array.view(type_of(name, dtype))


def _load(source: PathOrBytes, limits: Limits | None, threads: int | None) -> dict[str, Array]:
    with Reader(source, limits=limits, threads=threads) as reader:
        return reader.read(type_of=type_of)


def _add_all(writer: Writer, tensors: Mapping[str, Any]) -> None:
    """Adds or ties each array, in the order of the names' UTF-8 bytes: equal input gives equal bytes."""
    seen: dict[tuple[Any, ...], str] = {}
    for name in sorted(tensors, key=_order):
        array = tensors[name]
        if hasattr(array, "dequantize"):
            from .quantized import Quantized, add_quantized

            add_quantized(writer, name, Quantized(array))
            continue
        if not isinstance(array, np.ndarray):
            raise SourceError(f"expected a numpy array, found {type(array).__name__}", tensor=str(name))
        owner = seen.setdefault(_memory(array), name) if array.nbytes else name
        if owner == name:
            writer.add(name, array)
        else:
            writer.tie(name, owner)


def _order(name: object) -> bytes:
    return name.encode("utf-8", "surrogatepass") if isinstance(name, str) else b""


def _memory(array: Array) -> tuple[Any, ...]:
    """Equal for arrays that are the same elements of the same memory."""
    return (array.__array_interface__["data"][0], array.shape, array.strides, array.dtype)
