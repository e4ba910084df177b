"""The candidates of one tensor, as `inspect --explain NAME` prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .output import percent, printable
from .table import Column, Table

if TYPE_CHECKING:
    from ..inspection.explain import Explanation

COLUMNS = (
    Column("candidate", right=False, shrink=True),
    Column("bytes"),
    Column("of dense", drop=1),
    Column("of bound"),
)


def explain_text(found: Explanation, width: int | None) -> str:
    """A line each, the smallest first, then the bound and what the file has."""
    rows = [_row(found, each.label, each.bytes) for each in found.candidates]
    table, _ = Table(COLUMNS, rows, _row(found, "order-0 bound", found.bound_bytes)).render(width)
    stored = f"in this file: {found.stored_as}, {found.stored_bytes:,} bytes (tables apart, which the tensors share)"
    return "\n".join([printable(found.name), "", table, "", stored])


def _row(found: Explanation, label: str, size: int) -> list[str]:
    return [label, f"{size:,}", percent(size, found.dense_bytes), percent(size, found.bound_bytes)]
