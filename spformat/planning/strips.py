"""Plans for masks in strips of eight rows: how many classes of rows and of columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

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
    cells = mask.cell_counts(rows, columns)[:_FINEST, :_FINEST]
    lines = np.outer(np.bincount(rows, minlength=_FINEST), np.bincount(columns, minlength=_FINEST))
    fitting = [
        (r, c)
        for r in _COUNTS
        for c in _COUNTS
        if view.rows >= 8 * r and view.row_elements >= 2 * c and r * c <= _MOST_CONTEXTS
    ]
    best = min(
        fitting,
        key=lambda of: (
            _expected_bits(cells, lines, of) + view.rows * class_width(of[0]) + view.row_elements * class_width(of[1])
        ),
    )
    return [_plan(mask, per_block, nonzeros, rows, columns, of) for of in sorted({(1, 1), best})]


def _classes(counts: npt.NDArray[Any]) -> Classes:
    """The finest classes, equally many lines in each, by density; ties keep their order. Fewer classes are unions."""
    ranks = np.empty(len(counts), np.int64)
    ranks[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    return (ranks * _FINEST // max(len(counts), 1)).astype(np.uint8)


def _coarser(classes: Classes, count: int) -> bytes:
    """The unions that make so many classes. Of one class nothing is said."""
    return b"" if count == 1 else (classes // (_FINEST // count)).tobytes()


def _expected_bits(cells: npt.NDArray[Any], lines: npt.NDArray[Any], classes: tuple[int, int]) -> float:
    """The entropy of independent elements with the density of their cell, and tables."""
    row_classes, column_classes = classes
    shape = (row_classes, _FINEST // row_classes, column_classes, _FINEST // column_classes)
    ones, all_of_them = (each.reshape(shape).sum(axis=(1, 3)).astype(np.float64) for each in (cells, lines))
    density = ones / np.maximum(all_of_them, 1)
    inner = (density > 0) & (density < 1)
    p, n = density[inner], all_of_them[inner]
    entropy = float(-(n * (p * np.log2(p) + (1 - p) * np.log2(1 - p))).sum())
    return entropy + _TABLE_BITS * row_classes * column_classes


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
