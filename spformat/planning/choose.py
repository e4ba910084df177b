"""The planner: the size of every candidate, the smallest wins, ties go to the one that decodes faster."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from ..dtypes import DType
from ..layouts import gaps
from ..layouts.storage import Storage
from ..layouts.table import Csr, Dense
from . import statistics
from .blocks import block_elements
from .candidate import Candidate, of_plans, weigh
from .codebooks import codebook_plans, distinct_values
from .coding_plan import PositionPlan, ValuePlan
from .forced import forced
from .mask import Mask
from .policy import Policy
from .pool import TablePool
from .positions import dense_plan, position_plans
from .values import Histogram, best_split

BitPatterns = npt.NDArray[Any]
_LEAST_STORAGE = 16  # bytes: what the long form of an entry takes more than the short one, at least
_LEAST_CODED = 512  # bytes of a tensor below which no coding can pay


def choose(
    name: str, array: BitPatterns, dtype: DType, policy: Policy, pool: TablePool, threads: int | None = None
) -> Candidate:
    """The candidate for a C-contiguous tensor of bit patterns. Raises SourceError when the policy cannot be met."""
    return min(candidates(name, array, dtype, policy, pool, threads), key=lambda candidate: candidate.bytes)


def candidates(
    name: str, array: BitPatterns, dtype: DType, policy: Policy, pool: TablePool, threads: int | None = None
) -> list[Candidate]:
    """All candidates, the fastest decoder first."""
    if array.size == 0:
        empty = Storage(Dense(), Dense.plain, 1, [], [], [], [])
        return [weigh(name, dtype, array.shape, empty)]
    mask = Mask.of(array, threads)
    nonzeros = mask.nonzeros
    per_block = block_elements(mask.view, nonzeros, policy.block_entries)
    if policy.layout != "auto":
        return [weigh(name, dtype, array.shape, forced(name, array, policy, nonzeros, threads))]
    dense_wins = (array.size - nonzeros) * dtype.itemsize <= nonzeros // 8 + _LEAST_STORAGE
    values = _Values(array, dtype, nonzeros, pool, policy.fast) if array.nbytes >= _LEAST_CODED else None
    if dense_wins and (values is None or values.are_raw):
        return [weigh(name, dtype, array.shape, statistics.measured(array, Dense(), per_block, threads))]
    positions = (
        [dense_plan(mask, per_block)]
        if dense_wins
        else position_plans(mask, array.itemsize, per_block, pool, policy.fast)
    )
    return [
        of_plans(name, dtype, array.shape, per_block, position, value, pool)
        for position in positions
        for value in [_RAW, *(values.plans(position) if values else [])]
    ]


_RAW = ValuePlan(None, 0.0)


class _Values:
    """The ways to code the values of a tensor, found once for the nonzeros and once for all elements."""

    def __init__(self, array: BitPatterns, dtype: DType, nonzeros: int, pool: TablePool, fast: bool) -> None:
        self._distinct = distinct_values(array)
        self._histogram = Histogram.of(array, dtype) if dtype.is_float and not fast else None
        self._elements, self._zeros = array.size, array.size - nonzeros
        self._pool, self._fast = pool, fast
        self._of_nonzeros: list[ValuePlan] | None = None

    @property
    def are_raw(self) -> bool:
        """Whether there is no way but raw."""
        return self._distinct is None and self._histogram is None

    def plans(self, position: PositionPlan) -> list[ValuePlan]:
        """Those that a plan for positions can have: with fillers none, with dense for the zeros too."""
        layout, blocks = position.layout, len(position.nonzeros)
        if isinstance(layout, Csr) and layout.gap.fill == gaps.FILLER:
            return []
        if isinstance(layout, Dense):
            return self._weighed(self._zeros, blocks)
        if self._of_nonzeros is None:
            self._of_nonzeros = self._weighed(0, blocks)
        return self._of_nonzeros

    def _weighed(self, zeros: int, blocks: int) -> list[ValuePlan]:
        found: list[ValuePlan] = []
        # A zero among dense values takes at least the raw bits, a mask one bit an element: then it need not be weighed.
        if self._histogram is not None and zeros * (self._histogram.shift + 1) <= self._elements:
            split = best_split(self._histogram.with_zeros(zeros), blocks, self._pool)
            found += [] if split is None else [split]
        distinct = self._distinct and self._distinct.with_zeros(zeros)
        if distinct and 2 * len(distinct.patterns) <= int(distinct.counts.sum()):  # else the codebook alone is too long
            found += codebook_plans(distinct, blocks, self._pool, self._fast)
        return found
