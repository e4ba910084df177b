"""An uncompressed .npz archive."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..dtypes import DType
from ..errors import SourceError
from ..sources.wording import listing, plural
from . import Tensors
from .atomic import replacing


def write_npz(path: str, tensors: Tensors, ties: Mapping[str, str], metadata: Mapping[str, Any]) -> list[str]:
    """Tied names become copies, metadata is left out: the format has neither.

    Written member by member, because np.savez cannot name one "file", and gives each the time of day. Raises
    SourceError for types that are not numpy's own (np.load would give them back as raw bytes).
    """
    arrays = {name: _native(name, *pair) for name, pair in tensors.items()}
    arrays.update((name, arrays[target]) for name, target in ties.items())
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name in sorted(arrays, key=str.encode):
            member = zipfile.ZipInfo(name + ".npy")
            if member.filename != name + ".npy":  # it cuts at a null byte, for one
                raise SourceError("the name cannot stand in a zip archive", tensor=name)
            with archive.open(member, "w", force_zip64=True) as stream:
                npy.write_array(stream, arrays[name], allow_pickle=False)
    notes = [f"stored {plural(len(ties), 'tied tensor')} as copies: .npz cannot share"] if ties else []
    if metadata:
        notes.append(f"left out: metadata ({listing(sorted(metadata))}), which .npz cannot hold")
    return notes


def _native(name: str, array: NDArray[Any], dtype: DType) -> NDArray[Any]:
    if dtype.numpy is None or dtype.numpy.type.__module__ != np.__name__:
        text = f"numpy has no data type {dtype.name} of its own; unpack to .pt or .safetensors"
        raise SourceError(text, tensor=name)
    return array.view(dtype.numpy)
