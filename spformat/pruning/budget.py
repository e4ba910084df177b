"""The least sparsity that meets a budget, whatever measures the size."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import PruningError

MOST_TRIES = 40


def sparsity_for_size(
    size_of: Callable[[float], int],
    max_bytes: int,
    *,
    least: float = 0.0,
    most: float = 1.0,
    tolerance: float = 0.0005,
) -> float:
    """The least sparsity from `least` to `most`, to within `tolerance`, at which size_of(sparsity) <= max_bytes.

    size_of: bytes when pruned to a sparsity, which falls as that rises; it is called about ten times. What is
    returned was measured to be within the budget. Raises PruningError when even `most` is too large.

    >>> sparsity_for_size(lambda sparsity: round(1000 * (1 - sparsity)), 250)
    0.75
    """
    low, low_size = least, size_of(least)
    if low_size <= max_bytes:
        return low
    high, high_size = most, size_of(most)
    if high_size > max_bytes:
        text = f"even at sparsity {most} the size is {high_size:,} bytes"
        raise PruningError(text, expected=f"at most {max_bytes:,}", found=f"{high_size:,}")
    for number in range(MOST_TRIES):
        if high - low <= tolerance or max_bytes - high_size <= max_bytes // 2000:
            break
        # Where a straight line would meet the budget; every third time the middle, as the curve may be bent.
        share = (low_size - max_bytes) / (low_size - high_size) if number % 3 != 2 else 0.5
        middle = low + (high - low) * min(max(share, 0.02), 0.98)
        size = size_of(middle)
        if size <= max_bytes:
            high, high_size = middle, size
        else:
            low, low_size = middle, size
    return high
