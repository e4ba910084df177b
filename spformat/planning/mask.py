"""Where a tensor's nonzeros are, one bit each: what the planner looks at, made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..layouts import jobs
from ..layouts.coding import Coding, IndexCodec
from ..layouts.model_bank import ModelBank, NativeCoding
from ..layouts.storage import Storage
from ..layouts.table import Bitmask, Layout
from ..layouts.view import View

BitPatterns = npt.NDArray[Any]
GAP_WIDTHS = 16
_SLACK_WORDS = 2  # readable beyond the end
_NO_TABLES = ModelBank([])


@dataclass(frozen=True)
class GapStatistics:
    """For each block: nonzeros, shape (blocks,), and the entries that the default gap code needs,
    shape (blocks, 2, 16): fillers or escapes, width 1 to 16."""

    nonzeros: npt.NDArray[np.uint64]
    entries: npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Mask:
    """The mask of a tensor of that shape in C order. threads: the most that look at it (None: all processors)."""

    shape: tuple[int, ...]
    words: npt.NDArray[np.uint64]
    nonzeros: int
    threads: int | None

    @classmethod
    def of(cls, array: BitPatterns, threads: int | None) -> Mask:
        """The mask of a C-contiguous tensor of bit patterns."""
        words = np.zeros(array.size // 64 + 1 + _SLACK_WORDS, np.uint64)
        patterns = array.reshape(-1).view(np.uint8)
        nonzeros = _native.nonzero_mask(patterns, array.itemsize, words, threads or jobs.default_threads())
        return cls(array.shape, words, nonzeros, threads)

    @property
    def view(self) -> View:
        return Bitmask().view(self.shape)

    @property
    def elements(self) -> int:
        return self.view.elements

    def transposed(self) -> Mask:
        """The mask of the transpose of the view."""
        view, words = self.view, np.zeros_like(self.words)
        self._check(_native.transpose_mask(self._bytes, view.rows, view.row_elements, words.view(np.uint8)))
        return Mask((view.row_elements, view.rows), words, self.nonzeros, self.threads)

    def gap_statistics(self, per_block: int) -> GapStatistics:
        """Of the tensor cut into blocks of that many elements."""
        table = self._jobs(empty_storage(Bitmask(), per_block, self.elements))
        costs = np.zeros((len(table), 1 + 2 * GAP_WIDTHS), np.uint64)
        self._check(_native.gap_costs(self._bytes, table.view(np.uint8), costs.reshape(-1), self._threads), table)
        return GapStatistics(costs[:, 0], costs[:, 1:].reshape(-1, 2, GAP_WIDTHS))

    def symbol_counts(self, layout: Layout, codec: IndexCodec, per_block: int) -> npt.NDArray[np.uint64]:
        """Counts of the symbols that a codec would code, shape (contexts, 256)."""
        contexts = 1 if isinstance(codec, int) else max(codec.tables()) + 1
        native = NativeCoding(Coding(codec), _NO_TABLES, 1, prepared=False)
        table = self._jobs(empty_storage(layout, per_block, self.elements), native.address)
        counts = np.zeros((contexts, 256), np.uint64)
        self._check(_native.count_symbols(self._bytes, table.view(np.uint8), counts.reshape(-1), self._threads), table)
        return counts

    def line_counts(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint64]]:
        """Nonzeros of each row and of each column."""
        rows, columns = np.zeros(self.view.rows, np.uint32), np.zeros(self.view.row_elements, np.uint64)
        self._check(_native.count_lines(self._bytes, rows, columns, self._threads))
        return rows, columns

    def cell_counts(self, rows: npt.NDArray[np.uint8], columns: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
        """Nonzeros of each (class of the row, class of the column), shape (16, 16)."""
        cells = np.zeros(256, np.uint64)
        self._check(_native.count_cells(self._bytes, rows, columns, cells, self._threads))
        return cells.reshape(16, 16)

    def _jobs(self, storage: Storage, coding: int = 0) -> jobs.JobTable:
        return jobs.table_of(jobs.rows(storage, self.shape, 1, 0, 0, coding=coding))

    @property
    def _bytes(self) -> npt.NDArray[np.uint8]:
        return self.words.view(np.uint8)

    @property
    def _threads(self) -> int:
        return self.threads or jobs.default_threads()

    def _check(self, failure: tuple[int, int, int, int] | None, table: jobs.JobTable | None = None) -> None:
        if failure is not None:
            raise jobs.error_of(failure, np.zeros(1, jobs.JOB) if table is None else table, ())


def empty_storage(layout: Layout, block_elements: int, elements: int) -> Storage:
    """A storage of that layout whose blocks have not been measured."""
    blocks = -(-elements // block_elements)
    columns = [[0] * blocks for _ in range(4)]
    return Storage(layout, layout.plain, block_elements, *columns)
