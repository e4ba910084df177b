"""Where a tensor's nonzeros are, one bit each: what the planner looks at, made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..layouts import jobs
from ..layouts.view import View, view_of

BitPatterns = npt.NDArray[Any]
Counts = npt.NDArray[np.uint64]
GAP_WIDTHS = 16
CLASS_COUNTS = (1, 2, 4, 8, 16)
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

    def transposed(self) -> Mask:
        """The mask of the transpose of the view."""
        view, words = self.view, np.zeros_like(self.words)
        _check(_native.transpose_mask(self._bytes, view.rows, view.row_elements, words.view(np.uint8)))
        return Mask(View(view.row_elements, view.rows), words, self.nonzeros, self.threads)

    def gap_statistics(self, per_block: int) -> GapStatistics:
        """Of the tensor cut into blocks of that many elements."""
        costs = np.empty((-(-self.elements // per_block), 1 + 2 * GAP_WIDTHS), np.uint64)
        symbols = np.zeros(256, np.uint64)
        _check(_native.gap_costs(self._bytes, self.elements, per_block, costs.reshape(-1), symbols, self.threads))
        entries = costs[:, 1:].reshape(-1, 2, GAP_WIDTHS).view(np.int64)
        return GapStatistics(costs[:, 0].tolist(), entries, symbols)

    def byte_counts(self, per_block: int) -> Counts:
        """How often each byte occurs in the masks of all blocks, shape (256,)."""
        counts = np.zeros(256, np.uint64)
        _check(_native.count_bytes(self._bytes, self.elements, per_block, counts, self.threads))
        return counts

    def strip_counts(self, per_block: int, classes: tuple[int, int], of_rows: bytes, of_columns: bytes) -> Counts:
        """How often each byte occurs in strips, shape (row classes * column classes, 256). classes: how many of rows
        and of columns there are; of_rows, of_columns: that of each, no bytes where there is one."""
        counts = np.zeros((classes[0] * classes[1], 256), np.uint64)
        rows, columns, _ = self.view
        _check(
            _native.count_strips(
                self._bytes, rows, columns, per_block, *classes, of_rows, of_columns, counts.reshape(-1), self.threads
            )
        )
        return counts

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


def _check(failure: tuple[int, int, int, int] | None) -> None:
    if failure is not None:
        raise jobs.error_of(failure, np.zeros(1, jobs.JOB), ())
