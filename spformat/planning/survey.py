"""All that the planner needs to know of a tensor and that depends on no other: it may be found on any thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from ..dtypes import DType
from ..layouts.storage import Storage
from ..layouts.table import Dense
from .blocks import block_elements
from .codebooks import MOST_DISTINCT, FewValues, few_values
from .forced import forced
from .mask import Mask
from .policy import Policy
from .positions import Positions, all_positions, dense_only
from .values import Histogram

BitPatterns = npt.NDArray[Any]
_LEAST_STORAGE = 16  # bytes: what the long form of an entry takes more than the short one, at least
_ENTRIES_OF_BITS = 2  # times those of other blocks: codes of a bit take so few bytes that states and digests count
_LEAST_CODED = 512  # bytes of a tensor below which no coding can pay


@dataclass(frozen=True)
class Survey:
    """A tensor of that type and shape. storage: where the policy says it, or there is nothing to store. Otherwise
    positions, and the values' histogram (floats) and distinct patterns (few), where they may be coded."""

    dtype: DType
    shape: tuple[int, ...]
    elements: int
    nonzeros: int
    per_block: int
    fast: bool
    storage: Storage | None
    positions: Positions
    histogram: Histogram | None = None
    few: FewValues | None = None

    @property
    def zeros(self) -> int:
        return self.elements - self.nonzeros


def survey(name: str, array: BitPatterns, dtype: DType, policy: Policy, threads: int | None = None) -> Survey:
    """Of a C-contiguous tensor of bit patterns. Raises SourceError when the policy cannot be met."""
    if array.size == 0:
        empty = Storage(Dense(), Dense.plain, 1, [], [], [], [])
        return Survey(dtype, array.shape, 0, 0, 1, policy.fast, empty, Positions([]))
    mask = Mask.of(array, threads)
    nonzeros = mask.nonzeros
    per_block = block_elements(mask.view, nonzeros, policy.block_entries)
    if policy.layout != "auto":
        storage = forced(name, array, policy, nonzeros, threads)
        return Survey(dtype, array.shape, array.size, nonzeros, per_block, policy.fast, storage, Positions([]))
    histogram, few = _values(array, mask, dtype, policy.fast)
    dense_wins = (array.size - nonzeros) * dtype.itemsize <= nonzeros // 8 + _LEAST_STORAGE
    if dense_wins and not policy.fast and few and few.of_elements and few.of_elements.width == 1:
        per_block = block_elements(mask.view, nonzeros, _ENTRIES_OF_BITS * policy.block_entries)
    positions = (
        dense_only(mask, per_block) if dense_wins else all_positions(mask, dtype.itemsize, per_block, policy.fast)
    )
    return Survey(dtype, array.shape, array.size, nonzeros, per_block, policy.fast, None, positions, histogram, few)


def _values(array: BitPatterns, mask: Mask, dtype: DType, fast: bool) -> tuple[Histogram | None, FewValues | None]:
    """What the ways to code the values need, where one may pay."""
    if array.nbytes < _LEAST_CODED:
        return None, None
    if not dtype.is_float or fast:
        return None, few_values(array, fast)
    histogram = Histogram.of(array, mask, dtype)
    return histogram, few_values(array, fast) if histogram.distinct <= MOST_DISTINCT else None
