"""Two files of tensors compared bit for bit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dtypes import DType
from .sources import Source, open_source
from .sources.base import sort_names
from .sources.sniff import format_of

CHUNK = 1 << 20  # elements compared in one step, so that temporaries stay small beside a large tensor


@dataclass(frozen=True)
class Change:
    """A tensor that is not the same in both files.

    differing: elements whose bits differ, None when data type or shape differ already. max_abs: the largest
    |a - b| among those that are numbers in both (floats and complex only), None where there is none.
    """

    name: str
    dtypes: tuple[str, str]
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    elements: int
    differing: int | None = None
    max_abs: float | None = None


@dataclass
class DiffReport:
    """Names, sorted, by what became of them; `notes` are those of both sources, led by the path."""

    identical: list[str] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    only_a: list[str] = field(default_factory=list)
    only_b: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether both files hold the same tensors under the same names."""
        return not (self.changed or self.only_a or self.only_b)


def diff(
    a: str | os.PathLike[str], b: str | os.PathLike[str], *, key: str | None = None, keep_masks: bool = False
) -> DiffReport:
    """Compare two files in any format that can be packed; one tensor of each is in memory at a time.

    `key` (for those that are torch checkpoints) and `keep_masks` as for pack. Raises SourceError or
    FormatError.
    """
    with _open(a, key, keep_masks) as left, _open(b, key, keep_masks) as right:
        report = DiffReport(notes=_notes(a, left) + _notes(b, right))
        names_a, names_b = set(left.names()), set(right.names())
        report.only_a = sort_names(names_a - names_b)
        report.only_b = sort_names(names_b - names_a)
        for name in sort_names(names_a & names_b):
            change = _compare(name, left, right)
            if change is None:
                report.identical.append(name)
            else:
                report.changed.append(change)
        return report


def _open(path: str | os.PathLike[str], key: str | None, keep_masks: bool) -> Source:
    of_torch = key is not None and format_of(os.fspath(path)) == "torch"
    return open_source(path, key=key if of_torch else None, keep_masks=keep_masks)


def _notes(path: str | os.PathLike[str], source: Source) -> list[str]:
    return [f"{os.fspath(path)}: {note}" for note in source.notes]


def _compare(name: str, left: Source, right: Source) -> Change | None:
    (dtype, shape), (dtype_b, shape_b) = left.spec(name), right.spec(name)
    elements = int(np.prod(shape, dtype=object))
    names, shapes = (dtype.name, dtype_b.name), (shape, shape_b)
    if dtype != dtype_b or shape != shape_b:
        return Change(name, names, shapes, elements)
    differing, largest = 0, None
    for x, y in _chunks(_patterns(left, name), _patterns(right, name)):
        unequal = x != y
        if not unequal.any():
            continue
        differing += int(unequal.sum())
        distance = _distance(x[unequal], y[unequal], dtype)
        largest = distance if largest is None else max(largest, distance or 0.0)
    return Change(name, names, shapes, elements, differing, largest) if differing else None


def _patterns(source: Source, name: str) -> NDArray[Any]:
    array, dtype = source.read(name)
    return np.ascontiguousarray(array).reshape(-1).view(dtype.bits)


def _chunks(x: NDArray[Any], y: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    for start in range(0, x.size, CHUNK):
        yield x[start : start + CHUNK], y[start : start + CHUNK]


def _distance(x: NDArray[Any], y: NDArray[Any], dtype: DType) -> float | None:
    """The largest |x - y| of numbers, given as bit patterns; None for integers and where every pair has a
    NaN.
    """
    if dtype.numpy is None or not (dtype.is_float or dtype.numpy.kind == "c"):
        return None
    wide = np.complex128 if dtype.numpy.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        distances = np.abs(x.view(dtype.numpy).astype(wide) - y.view(dtype.numpy).astype(wide))
    numbers = distances[~np.isnan(distances)]
    return float(numbers.max()) if numbers.size else None
