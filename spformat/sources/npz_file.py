"""Numpy's .npy and .npz files. Nothing in them is ever unpickled."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any, TypeVar

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..dtypes import DType, from_numpy
from ..errors import SourceError
from .base import Source, sort_names

T = TypeVar("T")
Header = tuple[tuple[int, ...], bool, np.dtype[Any]]  # shape, whether in Fortran order, data type
# NotImplementedError (an unknown compression) is a RuntimeError.
DAMAGE = (ValueError, EOFError, OSError, OverflowError, RuntimeError, zipfile.BadZipFile, zlib.error)


def open_npz(path: str) -> Source:
    """An archive of arrays, or the one matrix of a file that scipy.sparse.save_npz wrote."""
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise SourceError(f"{path}: not an .npz file, or damaged ({error})") from error
    members = set(archive.namelist())
    if {"format.npy", "shape.npy", "data.npy"} <= members:
        archive.close()
        from .scipy_file import ScipyFile

        return ScipyFile(path)
    return NpzFile(path, archive)


class NpyFile(Source):
    """One array, named after the file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._name = os.path.basename(path).removesuffix(".npy")
        with open(path, "rb") as file:
            self._spec = _spec(path, self._name, file)

    def names(self) -> list[str]:
        return sort_names([self._name])

    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:  # noqa: ARG002
        return self._spec

    def read(self, name: str) -> tuple[NDArray[Any], DType]:
        with open(self._path, "rb") as file:
            return _read(self._path, name, file), self._spec[0]


class NpzFile(Source):
    """The arrays of an archive, each under the name of its member without .npy."""

    def __init__(self, path: str, archive: zipfile.ZipFile) -> None:
        super().__init__()
        self._path = path
        self._archive = archive
        try:
            self._members = _members(path, archive.namelist())
            self._specs: dict[str, tuple[DType, tuple[int, ...]]] = {
                name: self._open(name, _spec) for name in self._members
            }
        except BaseException:
            archive.close()
            raise

    def _open(self, name: str, job: Callable[[str, str, IO[bytes]], T]) -> T:
        try:
            with self._archive.open(self._members[name]) as file:
                return job(self._path, name, file)
        except DAMAGE as error:
            raise SourceError(f"{self._path}: damaged member ({error})", tensor=name) from error

    def names(self) -> list[str]:
        return sort_names(self._members)

    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:
        return self._specs[name]

    def read(self, name: str) -> tuple[NDArray[Any], DType]:
        return self._open(name, _read), self._specs[name][0]

    def close(self) -> None:
        self._archive.close()


def _members(path: str, names: list[str]) -> dict[str, str]:
    """Tensor name -> member."""
    if not names:
        raise SourceError(f"{path}: the archive is empty")
    foreign = [name for name in names if not name.endswith(".npy")]
    if foreign:
        raise SourceError(f"{path}: the member {foreign[0]!r} is not an array of numpy")
    if len(set(names)) != len(names):
        raise SourceError(f"{path}: a member occurs twice")
    return {name.removesuffix(".npy"): name for name in names}


def _header(file: IO[bytes]) -> Header:
    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    # Version 3 differs in nothing but that field names of structured types, which are refused, may be UTF-8.
    if read is None:
        raise SourceError(f"a .npy file of version {version[0]}.{version[1]} holds no plain array")
    header: Header = read(file)
    return header


def _spec(path: str, name: str, file: IO[bytes]) -> tuple[DType, tuple[int, ...]]:
    try:
        shape, _, dtype = _header(file)
    except DAMAGE as error:
        raise SourceError(f"{path}: not an array of numpy, or damaged ({error})", tensor=name) from error
    if dtype.hasobject:
        raise SourceError(f"{path}: holds Python objects, which are pickled and never loaded", tensor=name)
    if any(n < 0 for n in shape):
        raise SourceError(f"{path}: the shape {shape} is damaged", tensor=name)
    return from_numpy(dtype, name), tuple(shape)


def _read(path: str, name: str, file: IO[bytes]) -> NDArray[Any]:
    try:
        array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
    except (*DAMAGE, MemoryError) as error:
        raise SourceError(f"{path}: the array is cut short or damaged ({error})", tensor=name) from error
    if array.dtype.byteorder == ">":  # swapped in place: bits stay as they are, memory too
        array = array.byteswap(inplace=True).view(array.dtype.newbyteorder("<"))
    return array
