"""How large blocks are: about as many entries as the cache likes, and whole rows where rows are short."""

from __future__ import annotations

from ..errors import SourceError
from ..layouts.view import View
from ..limits import MAX_BLOCK_ELEMENTS

MOST_ELEMENTS = 1 << 20  # of a block, however sparse: what one thread zeroes and one slice must decode


def block_elements(view: View, nonzeros: int, block_entries: int, unit: int = 1) -> int:
    """Elements of a block that will hold about `block_entries` nonzeros: a multiple of `unit`, of a row if possible."""
    elements = view.elements
    target = min(MOST_ELEMENTS, block_entries * elements // max(nonzeros, 1))
    if unit == 1 and view.row_elements <= target:
        unit = view.row_elements
    size = max(1, round(target / max(unit, 1))) * max(unit, 1)
    return max(1, min(size, elements))


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
