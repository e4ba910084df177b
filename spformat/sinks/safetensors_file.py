"""A .safetensors file, in the order and with the padding of its own library, so that equal tensors give equal
bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..dtypes import DType
from ..errors import SourceError
from ..sources.wording import plural
from . import Tensors
from .atomic import replacing

NOT_IN_SAFETENSORS = {"C32", "C128"}
METADATA = "__metadata__"


def write_safetensors(path: str, tensors: Tensors, ties: Mapping[str, str], metadata: Mapping[str, Any]) -> list[str]:
    """Tied names become copies; metadata values that are no strings become JSON text.

    Raises SourceError for data types that safetensors lacks and for a tensor named __metadata__.
    """
    every = dict(tensors)
    every.update((name, tensors[target]) for name, target in ties.items())
    # Large elements first, as the library does: then each tensor lies at a multiple of its element's size.
    order = sorted(every, key=lambda name: (-every[name][1].itemsize, name.encode()))
    header: dict[str, Any] = {METADATA: {k: _text(v) for k, v in metadata.items()}} if metadata else {}
    offset = 0
    for name in order:
        array, dtype = every[name]
        header[name] = _entry(name, array.shape, dtype, offset, offset + array.nbytes)
        offset += array.nbytes
    encoded = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    encoded += b" " * (-len(encoded) % 8)
    with replacing(path) as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        for name in order:
            array = every[name][0]
            file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return [f"stored {plural(len(ties), 'tied tensor')} as copies: .safetensors cannot share"] if ties else []


def _entry(name: str, shape: tuple[int, ...], dtype: DType, start: int, end: int) -> dict[str, Any]:
    if dtype.name in NOT_IN_SAFETENSORS:
        raise SourceError(f"safetensors has no data type {dtype.name}; unpack to .pt", tensor=name)
    if name == METADATA:
        raise SourceError("safetensors keeps this name for its metadata; unpack to .pt", tensor=name)
    kind, sizes = dtype.name, list(shape)
    if kind == "F4_X2":
        if not sizes:
            raise SourceError("safetensors cannot hold a 0-d tensor of F4_X2; unpack to .pt", tensor=name)
        kind, sizes[-1] = "F4", sizes[-1] * 2  # it counts single numbers
    return {"dtype": kind, "shape": sizes, "data_offsets": [start, end]}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
