"""The storage of a tensor when the user has said how: a layout, a gap code, a preset."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from ..errors import SourceError
from ..layouts import gaps, view
from ..layouts.gaps import GapCode
from ..layouts.storage import Storage
from ..layouts.table import Bitmask, Csr, Dense, Layout
from ..limits import MAX_BLOCK_ELEMENTS
from . import statistics
from .blocks import block_elements, whole_tensor
from .mask import GAP_WIDTHS
from .policy import ALL_ROWS, GapRequest, Policy

BitPatterns = npt.NDArray[Any]


def forced(name: str, array: BitPatterns, policy: Policy, nonzeros: int, threads: int | None) -> Storage:
    """The storage that the policy asks for. Of the parameters that it leaves open, those that give the fewest bytes."""
    if policy.layout != "csr":
        layout: Layout = Dense() if policy.layout == "dense" else Bitmask()
        per_block = block_elements(layout.view(array.shape), nonzeros, policy.block_entries)
        return statistics.measured(array, layout, per_block, threads)
    stored = [
        statistics.measured(array, Csr(code), _blocks(name, array.shape, code, policy, nonzeros), threads)
        for code in _gap_codes(policy.gap, array.shape)
    ]
    if not stored:
        raise SourceError("this gap code has no largest step: more bits, or bias 1", tensor=name)
    return min(stored, key=lambda storage: sum(storage.stored_bytes))


def _gap_codes(request: GapRequest, shape: tuple[int, ...]) -> list[GapCode]:
    """The gap codes that fit the request."""
    axis = gaps.AXES[request.axis]
    rows = view.view_of(shape, axis == gaps.COLUMN).rows
    restart = {None: 0, ALL_ROWS: max(1, rows)}.get(request.restart_rows, request.restart_rows)
    assert restart is not None
    fills = list(gaps.FILLS.values()) if request.fill is None else [gaps.FILLS[request.fill]]
    widths = range(1, GAP_WIDTHS + 1) if request.bits is None else [request.bits]
    codes = [
        GapCode(axis, restart, int(request.carry), request.origin, request.bias, bits, fill)
        for fill in fills
        for bits in widths
    ]
    return [code for code in codes if code.is_valid]


def _blocks(name: str, shape: tuple[int, ...], code: GapCode, policy: Policy, nonzeros: int) -> int:
    """Elements of a block: the whole tensor for a code that must not restart, else whole groups (and columns)."""
    seen = view.view_of(shape, code.axis == gaps.COLUMN)
    group = code.restart_rows * seen.row_elements
    if code.carry or group >= seen.elements:
        return whole_tensor(seen, name)
    unit = group or (seen.row_elements if seen.column else 1)
    if unit > MAX_BLOCK_ELEMENTS:
        raise SourceError(
            "a group (or column) is too large for a block: fewer restart_rows",
            tensor=name,
            expected=f"at most {MAX_BLOCK_ELEMENTS} elements",
            found=unit,
        )
    return block_elements(seen, nonzeros, policy.block_entries, unit)
