"""Plans for masks in strips of eight rows: how many classes of rows and of columns."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..codecs.bitpack import size as bits_size
from ..layouts.coding import code_width
from ..layouts.table import Bitmask
from .coding_plan import PositionPlan, StripsPlan, stream_overhead_bits
from .mask import CLASS_COUNTS, LineClasses, Mask

_FINEST = 16
_WIDTHS = tuple(map(code_width, CLASS_COUNTS))
_MOST_CONTEXTS = 32
_ENTRY_BYTES = 7  # of the codec in an entry, besides classes and tables, more than rans for a mask's bytes takes
_TABLE_BITS = 40.0  # of a binomial table that no other tensor uses, in the index
_MOST_STRIP = 1 << 18  # columns of a strip: eight rows must fit in a block
_MOST_ROWS = 1 << 21  # that are sorted into classes, for which each takes 24 bytes: narrow rows take no more themselves

Classes = npt.NDArray[np.uint8]


def strip_plans(mask: Mask, per_block: int, nonzeros: list[int]) -> list[PositionPlan]:
    """One class, and the numbers of classes that promise the fewest bits; none where blocks are not whole rows."""
    view = mask.view
    whole_rows = per_block >= mask.elements or per_block % view.row_elements == 0
    if not 8 <= view.rows <= _MOST_ROWS or not 2 <= view.row_elements <= _MOST_STRIP or not whole_rows:
        return []
    classes = mask.line_classes()
    best = _most_promising(classes)
    # One class may be better than what promises more: down a column of like density, bytes know of their column.
    return [_plan(mask, per_block, nonzeros, classes, of) for of in sorted({(1, 1), best})]


def _most_promising(classes: LineClasses) -> tuple[int, int]:
    """The numbers of classes for which the entropy of independent elements with the density of their cell, the
    classes and the tables are smallest together."""
    rows, columns = len(classes.rows), len(classes.columns)
    weighed: list[tuple[float, tuple[int, int]]] = []
    for r, of_columns in zip(CLASS_COUNTS, classes.bits.tolist(), strict=True):
        beside = rows * code_width(r) + (0 if rows >= 8 * r else math.inf)
        for c, width, bits in zip(CLASS_COUNTS, _WIDTHS, of_columns, strict=True):
            if columns >= 2 * c and r * c <= _MOST_CONTEXTS:
                weighed.append((bits + beside + columns * width + _TABLE_BITS * r * c, (r, c)))
    return min(weighed, key=lambda each: each[0])[1]


def _coarser(classes: Classes, count: int) -> bytes:
    """The unions that make so many classes. Of one class nothing is said."""
    return b"" if count == 1 else (classes // (_FINEST // count)).tobytes()


def _plan(
    mask: Mask, per_block: int, nonzeros: list[int], classes: LineClasses, numbers: tuple[int, int]
) -> PositionPlan:
    row_classes, column_classes = numbers
    of_rows, of_columns = _coarser(classes.rows, row_classes), _coarser(classes.columns, column_classes)
    tables, bits = mask.strip_tables(per_block, numbers, of_rows, of_columns)
    bits += stream_overhead_bits(bits, len(nonzeros)) + 8 * (_ENTRY_BYTES + row_classes * column_classes)
    bits += 8 * bits_size(len(of_rows), code_width(row_classes))
    bits += 8 * bits_size(len(of_columns), code_width(column_classes))
    plan = StripsPlan(row_classes, column_classes, tables, of_rows, of_columns)
    return PositionPlan(Bitmask(), plan, bits, nonzeros, nonzeros)
