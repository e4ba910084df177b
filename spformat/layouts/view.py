"""How a tensor of any rank is seen as a matrix (spec/format.md, section 4)."""

from __future__ import annotations

import math
from typing import NamedTuple


class View(NamedTuple):
    """A matrix of `rows` rows of `row_elements` elements, in C order; the transpose of the tensor when `column`."""

    rows: int
    row_elements: int
    column: bool = False

    @property
    def elements(self) -> int:
        return self.rows * self.row_elements


def view_of(shape: tuple[int, ...], column: bool = False) -> View:
    """The view of a tensor: rows = shape[0], columns = the rest; (1, 1) for a 0-d tensor."""
    rows, columns = (shape[0], math.prod(shape[1:])) if shape else (1, 1)
    return View(columns, rows, True) if column else View(rows, columns)
