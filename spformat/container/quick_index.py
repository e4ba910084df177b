"""Frame and index read natively, for loading: Python's objects for each part of each entry would take longer than
decoding a small tensor.

They are read in full or not at all. What breaks a rule, and what is only unusual, is left to tensor_file.py, index.py
and layouts/storage.py, which know every rule, say what is wrong and read the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _native
from ..dtypes import DTYPES, DType
from ..errors import FormatError
from ..limits import Limits
from . import canonical

_MOST = (1 << 64) - 1  # of a native number


class Head(NamedTuple):
    """What a tensor is. `target` is the name that it is tied to; `number` its place in the file."""

    dtype: DType
    shape: tuple[int, ...]
    target: str | None
    number: int
    dense_bytes: int


@dataclass(frozen=True)
class QuickIndex:
    """An index that breaks no rule of spec/format.md, section 3, and what decodes its tensors."""

    native: _native.Index
    heads: dict[str, Head]


def read(file: int, memory: npt.NDArray[np.uint8] | None, limits: Limits) -> QuickIndex | None:
    """The index of an open file, or of one in memory; None when it has to be read by index.py."""
    native = _native.Index()
    if not native.open(file, memory, _number(limits.max_index_bytes), _number(limits.max_tensors)):
        return None
    found = native.heads()
    heads = {
        name: Head(DTYPES[code], shape, None if target < 0 or copied else found[target][0], number, size)
        for number, (name, code, shape, target, copied, size) in enumerate(found)
    }
    if len(heads) < len(found):
        return None  # a name occurs twice
    try:
        if native.metadata():
            canonical.check_metadata(canonical.unpack(native.metadata(), 0), 0)
    except FormatError:
        return None
    return QuickIndex(native, heads)


def _number(limit: float) -> int:
    """A limit as a native number; what is none, such as 1e9, stands for the integer below."""
    return int(max(0, min(limit, _MOST)))
