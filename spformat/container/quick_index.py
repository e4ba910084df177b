"""The index read natively, for loading: Python's objects for each part of each entry would take longer than decoding a
small tensor.

It is read in full or not at all. What breaks a rule, and what is only unusual, is left to index.py and
layouts/storage.py, which know every rule, say what is wrong and read the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .. import _native
from ..dtypes import DTYPES, DType
from ..errors import FormatError
from ..limits import Limits
from . import canonical


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


def read(data: bytes, size: int, offset: int, limits: Limits) -> QuickIndex | None:
    """The index that is the first `size` bytes of `data`, and starts at byte `offset` of the file; None when it has to
    be read by index.py."""
    native = _native.Index(data, size)
    if not native.read(offset, limits.max_tensors):
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
            canonical.check_metadata(canonical.unpack(native.metadata(), offset), offset)
    except FormatError:
        return None
    return QuickIndex(native, heads)
