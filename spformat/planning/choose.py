"""The planner: the size of every candidate, the smallest wins, ties go to the one that decodes faster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..dtypes import DType
from ..layouts import gaps
from ..layouts.storage import Storage
from ..layouts.table import Csr, Dense
from . import statistics
from .blocks import block_elements
from .candidate import Candidate, of_plans, weigh
from .coding_plan import PositionPlan, ValuePlan
from .forced import forced
from .policy import Policy
from .pool import TablePool
from .positions import position_plans
from .values import best_split, high_histogram

BitPatterns = npt.NDArray[Any]
_LEAST_STORAGE = 16  # bytes: what the long form of an entry takes more than the short one, at least
_LEAST_CODED = 256  # bytes of a tensor below which no coding can pay


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
    nonzeros = statistics.count_nonzeros(array, threads)
    per_block = block_elements(Dense().view(array.shape), nonzeros, policy.block_entries)
    if policy.layout != "auto":
        return [weigh(name, dtype, array.shape, forced(name, array, policy, nonzeros, threads))]
    dense_wins = (array.size - nonzeros) * dtype.itemsize <= nonzeros // 8 + _LEAST_STORAGE
    if dense_wins and (policy.fast or not dtype.is_float or array.nbytes < _LEAST_CODED):
        return [weigh(name, dtype, array.shape, statistics.measured(array, Dense(), per_block, threads))]
    found = statistics.gap_statistics(array, per_block, threads)
    positions = position_plans(array, per_block, found, pool, threads, policy.fast or dense_wins)
    raw = [ValuePlan(None, 0.0)]
    histogram = high_histogram(array, dtype) if dtype.is_float and not policy.fast else None
    return [
        of_plans(name, dtype, array.shape, per_block, position, value, pool)
        for position, values in _with_values(positions, histogram, dtype, pool, array.size)
        for value in raw + values
    ]


def _with_values(
    positions: list[PositionPlan], histogram: Any, dtype: DType, pool: TablePool, elements: int
) -> Iterator[tuple[PositionPlan, list[ValuePlan]]]:
    """Each position plan with the coded values that it can have: fillers stay raw, dense codes its zeros too."""
    nonzeros: list[ValuePlan] | None = None
    for position in positions:
        layout = position.layout
        if histogram is None or (isinstance(layout, Csr) and layout.gap.fill == gaps.FILLER):
            yield position, []
        elif isinstance(layout, Dense):
            all_of_them = histogram.copy()
            all_of_them[0] += np.uint64(elements - sum(position.nonzeros))
            yield position, _as_list(best_split(all_of_them, dtype, len(position.nonzeros), pool))
        else:
            if nonzeros is None:
                nonzeros = _as_list(best_split(histogram, dtype, len(position.nonzeros), pool))
            yield position, nonzeros


def _as_list(plan: ValuePlan | None) -> list[ValuePlan]:
    return [] if plan is None else [plan]
