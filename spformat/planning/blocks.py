"""How large blocks are: about as many entries as the cache likes, and whole rows where rows are short."""

from __future__ import annotations

from ..errors import SourceError
from ..layouts.view import View
from ..limits import MAX_BLOCK_ELEMENTS

MOST_ELEMENTS = 1 << 20  # of a block, however sparse: what one thread zeroes and one slice must decode


def block_elements(view: View, nonzeros: int, block_entries: int, unit: int = 1) -> int:
    """Elements of a block that will hold about `block_entries` nonzeros: a multiple of `unit`, of a row if possible.

    Blocks are about equally large: a small last one would pay for its streams and hold up a thread.
    """
    elements = view.elements
    target = max(1, min(MOST_ELEMENTS, block_entries * elements // max(nonzeros, 1)))
    if unit == 1 and view.row_elements <= target:
        unit = view.row_elements
    unit = max(unit, 1)
    blocks = max(1, round(elements / target))
    return max(1, min(-(-elements // (blocks * unit)) * unit, elements))


def whole_tensor(view: View, tensor: str) -> int:
    """The one block of a tensor whose gap code never restarts. Raises SourceError when it is too large for that."""
    if view.elements > MAX_BLOCK_ELEMENTS:
        raise SourceError(
            "too large to be one block, which this gap code needs: give restart_rows and no carry",
            tensor=tensor,
            expected=f"at most {MAX_BLOCK_ELEMENTS} elements",
            found=view.elements,
        )
    return max(1, view.elements)
