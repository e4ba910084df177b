"""Where a tensor's nonzeros are, one bit each: what the planner looks at, made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..codecs.frequencies import Table, table_of
from ..layouts import jobs
from ..layouts.view import View, view_of

BitPatterns = npt.NDArray[Any]
Counts = npt.NDArray[np.uint64]
GAP_WIDTHS = 16
CLASS_COUNTS = (1, 2, 4, 8, 16)
LARGE = 1 << 17  # elements of a mask from which on time is worth more than a few bytes
_SLACK_WORDS = 2  # readable beyond the end


@dataclass(frozen=True)
class GapStatistics:
    """For each block: nonzeros, and the entries that the default gap code needs, shape (blocks, 2, 16): fillers or
    escapes, width 1 to 16. symbols: how often each code of 8 bits with escapes occurs in all of them, shape (256,)."""

    nonzeros: list[int]
    entries: npt.NDArray[np.int64]
    symbols: Counts


@dataclass(frozen=True)
class LineClasses:
    """The class of each row and of each column, 0 to 15 by density, equally many lines in each. bits, shape (5, 5): the
    entropy of a mask whose elements are independent and have the density of their cell, for 1, 2, 4, 8 and 16 classes
    of rows and of columns; fewer classes are unions."""

    rows: npt.NDArray[np.uint8]
    columns: npt.NDArray[np.uint8]
    bits: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mask:
    """The mask of a view in C order. threads: the most that look at it."""

    view: View
    words: npt.NDArray[np.uint64]
    nonzeros: int
    threads: int

    @classmethod
    def of(cls, array: BitPatterns, threads: int | None) -> Mask:
        """The mask of a C-contiguous tensor of bit patterns."""
        words = np.zeros(array.size // 64 + 1 + _SLACK_WORDS, np.uint64)
        patterns = array.reshape(-1).view(np.uint8)
        wanted = jobs.threads_for(array.nbytes, threads)
        nonzeros = _native.nonzero_mask(patterns, array.itemsize, words, wanted)
        return cls(view_of(array.shape), words, nonzeros, wanted)

    @property
    def elements(self) -> int:
        return self.view.elements

    def gap_statistics(self, per_block: int) -> GapStatistics:
        """Of the tensor cut into blocks of that many elements."""
        costs, symbols = _gap_room(self.elements, per_block)
        _check(_native.gap_costs(self._bytes, self.elements, per_block, costs.reshape(-1), symbols, self.threads))
        return _gap_statistics(costs, symbols)

    def turned_gap_statistics(self, per_block: int) -> tuple[GapStatistics, npt.NDArray[np.uint64]]:
        """Of the transpose of the view, and its mask."""
        costs, symbols = _gap_room(self.elements, per_block)
        rows, columns, _ = self.view
        turned = np.zeros(len(self.words), np.uint64)
        room = turned.view(np.uint8), costs.reshape(-1), symbols
        _check(_native.turned_gap_costs(self._bytes, rows, columns, per_block, *room, self.threads))
        return _gap_statistics(costs, symbols), turned

    def byte_tables(self, per_block: int) -> tuple[list[Table], float]:
        """The table for the bytes of the masks of all blocks, and the bits that they take."""
        return _tables(_native.byte_tables(self._bytes, self.elements, per_block, self.threads))

    def strip_tables(
        self, per_block: int, classes: tuple[int, int], of_rows: bytes, of_columns: bytes
    ) -> tuple[list[Table], float]:
        """Tables for the bytes of strips, of each (row class, column class), and the bits that all of them take.

        classes: how many of rows and of columns; of_rows, of_columns: that of each, no bytes where there is one.
        """
        rows, columns, _ = self.view
        return _tables(
            _native.strip_tables(self._bytes, rows, columns, per_block, *classes, of_rows, of_columns, self.threads)
        )

    def line_classes(self) -> LineClasses:
        """Rows and columns by density."""
        found = LineClasses(
            np.empty(self.view.rows, np.uint8),
            np.empty(self.view.row_elements, np.uint8),
            np.empty((len(CLASS_COUNTS), len(CLASS_COUNTS))),
        )
        _check(_native.line_classes(self._bytes, found.rows, found.columns, found.bits.reshape(-1), self.threads))
        return found

    @property
    def _bytes(self) -> npt.NDArray[np.uint8]:
        return self.words.view(np.uint8)


def _gap_room(elements: int, per_block: int) -> tuple[Counts, Counts]:
    return np.empty((-(-elements // per_block), 1 + 2 * GAP_WIDTHS), np.uint64), np.zeros(256, np.uint64)


def _gap_statistics(costs: Counts, symbols: Counts) -> GapStatistics:
    entries = costs[:, 1:].reshape(-1, 2, GAP_WIDTHS).view(np.int64)
    return GapStatistics(costs[:, 0].tolist(), entries, symbols)


def _tables(found: tuple[Any, ...]) -> tuple[list[Table], float]:
    """Tables and bits, unless what was found is a failure."""
    if len(found) != 2:
        _check(found)
    tables, bits = found
    return [table_of(data) for data in tables], bits


def _check(failure: Any) -> None:
    if failure is not None:
        raise jobs.error_of(failure)
