"""The pairs weight_orig, weight_mask that torch.nn.utils.prune leaves in a state dict, folded to weight."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dtypes import DType
from ..errors import SourceError
from .base import Source
from .folded import Folded
from .wording import plural

ORIG, MASK = "_orig", "_mask"
CHUNK = 1 << 20  # elements looked at in one step, so that temporaries stay small beside a large tensor
ADVICE = "; --keep-masks packs original and mask as they are"


class FoldedMasks(Folded):
    """A source whose pairs X_orig, X_mask appear as one tensor X: the original where the mask is 1, else
    zero.
    """

    @classmethod
    def around(cls, source: Source) -> Source:
        """The source itself when it has no pairs. Raises SourceError for a pair that cannot be folded."""
        names = set(source.names())
        folded: dict[str, tuple[str, str]] = {}
        for orig in source.names():
            name = orig.removesuffix(ORIG)
            mask = name + MASK
            if name == orig or not name or name.endswith(".") or mask not in names:
                continue
            if name in names:
                raise SourceError(f"{name!r} stands beside {orig!r} and {mask!r}" + ADVICE, tensor=name)
            _check_shapes(source, name, orig, mask)
            folded[name] = (orig, mask)
        return cls(source, folded, _notes(folded)) if folded else source

    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:
        return self._inner.spec(self._folded.get(name, (name,))[0])

    def read(self, name: str) -> tuple[NDArray[Any], DType]:
        if name not in self._folded:
            return self._inner.read(name)
        orig, mask = self._folded[name]
        # The mask first, and only one bit per element of it kept: never two arrays of full size at a time.
        kept = _mask_bits(*self._inner.read(mask), name)
        array, dtype = self._inner.read(orig)
        array = np.ascontiguousarray(array).reshape(array.shape)  # the former makes 0-d arrays 1-d
        _clear(array.reshape(-1).view(dtype.bits), kept)
        return array, dtype


def _check_shapes(source: Source, name: str, orig: str, mask: str) -> None:
    expected, found = source.spec(orig)[1], source.spec(mask)[1]
    if expected != found:
        text = f"{mask!r} has another shape than {orig!r}{ADVICE}"
        raise SourceError(text, tensor=name, expected=expected, found=found)


def _notes(folded: dict[str, tuple[str, str]]) -> list[str]:
    kinds = Counter(name.rpartition(".")[2] for name in folded)
    return [
        f"folded {plural(count, 'pair')} of {kind}{ORIG} * {kind}{MASK} into {kind}"
        for kind, count in sorted(kinds.items())
    ]


def _mask_bits(mask: NDArray[Any], dtype: DType, name: str) -> NDArray[np.uint8]:
    """One bit per element in C order, set where the mask is 1. Raises SourceError for other values than 0 and
    1.
    """
    if dtype.numpy is None:
        raise SourceError(f"a mask of dtype {dtype.name} cannot be folded{ADVICE}", tensor=name)
    flat = np.ascontiguousarray(mask).reshape(-1).view(dtype.numpy)
    bits = []
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK]
        kept = part == 1
        other = ~(kept | (part == 0))
        if other.any():
            value = part[other.argmax()]
            raise SourceError(f"the mask of {name!r} holds {value}, not only 0 and 1{ADVICE}", tensor=name)
        bits.append(np.packbits(kept))
    return np.concatenate(bits) if bits else np.zeros(0, np.uint8)


def _clear(patterns: NDArray[Any], kept: NDArray[np.uint8]) -> None:
    """Set to zero bits the elements whose bit of `kept` is clear; nothing is multiplied, so the others stay
    as is.
    """
    for start in range(0, patterns.size, CHUNK):
        part = patterns[start : start + CHUNK]
        bits = np.unpackbits(kept[start // 8 : start // 8 + CHUNK // 8], count=part.size)
        part[bits == 0] = np.zeros((), patterns.dtype)
