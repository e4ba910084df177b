"""Plans for masks in strips of eight rows: how many classes of rows and of columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..layouts.coding import Strips, class_width
from ..layouts.table import Bitmask
from .coding_plan import PositionPlan, StripsPlan, stream_overhead_bits
from .mask import Mask
from .tables import mask_tables

_FINEST = 16
_COUNTS = (1, 2, 4, 8, 16)
_MOST_CONTEXTS = 32
_TABLE_BITS = 40.0  # of a binomial table that no other tensor uses, in the index
_MOST_STRIP = 1 << 18  # columns of a strip: eight rows must fit in a block

Classes = npt.NDArray[np.uint8]


def strip_plans(mask: Mask, per_block: int, nonzeros: list[int]) -> list[PositionPlan]:
    """One class, and the numbers of classes that promise the fewest bits; none where blocks are not whole rows."""
    view = mask.view
    whole_rows = per_block >= mask.elements or per_block % view.row_elements == 0
    if view.rows < 8 or not 2 <= view.row_elements <= _MOST_STRIP or not whole_rows:
        return []
    by_row, by_column = mask.line_counts()
    rows, columns = _classes(by_row), _classes(by_column)
    best = _most_promising(mask, rows, columns)
    return [_plan(mask, per_block, nonzeros, rows, columns, of) for of in sorted({(1, 1), best})]


def _most_promising(mask: Mask, rows: Classes, columns: Classes) -> tuple[int, int]:
    """The numbers of classes for which the entropy of independent elements with the density of their cell, the
    classes and the tables are smallest together."""
    bits = np.empty((len(_COUNTS), len(_COUNTS)))
    of_rows, of_columns = (np.bincount(each, minlength=_FINEST).astype(np.uint64) for each in (rows, columns))
    _native.class_entropies(mask.cell_counts(rows, columns).reshape(-1), of_rows, of_columns, bits.reshape(-1))
    weighed = {
        (r, c): bits[i, j] + len(rows) * class_width(r) + len(columns) * class_width(c) + _TABLE_BITS * r * c
        for i, r in enumerate(_COUNTS)
        for j, c in enumerate(_COUNTS)
        if len(rows) >= 8 * r and len(columns) >= 2 * c and r * c <= _MOST_CONTEXTS
    }
    return min(weighed, key=lambda classes: weighed[classes])


def _classes(counts: npt.NDArray[Any]) -> Classes:
    """The finest classes, equally many lines in each, by density; ties keep their order. Fewer classes are unions."""
    ranks = np.empty(len(counts), np.int64)
    ranks[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    return (ranks * _FINEST // max(len(counts), 1)).astype(np.uint8)


def _coarser(classes: Classes, count: int) -> bytes:
    """The unions that make so many classes. Of one class nothing is said."""
    return b"" if count == 1 else (classes // (_FINEST // count)).tobytes()


def _plan(
    mask: Mask, per_block: int, nonzeros: list[int], rows: Classes, columns: Classes, classes: tuple[int, int]
) -> PositionPlan:
    row_classes, column_classes = classes
    contexts = bytes(range(row_classes * column_classes))
    of_rows, of_columns = _coarser(rows, row_classes), _coarser(columns, column_classes)
    codec = Strips(row_classes, column_classes, contexts, of_rows, of_columns)
    tables, bits = mask_tables(mask.symbol_counts(Bitmask(), codec, per_block))
    bits += stream_overhead_bits(bits, len(nonzeros)) + 8 * sum(len(part) for part in codec.to_wire()[3:])
    plan = StripsPlan(row_classes, column_classes, tables, of_rows, of_columns)
    return PositionPlan(Bitmask(), plan, bits, nonzeros, nonzeros)
