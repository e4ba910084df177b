"""How notes and errors of sources word numbers and lists."""

from __future__ import annotations

from collections.abc import Sequence


def human_bytes(count: int) -> str:
    """Decimal units, one decimal: 999 bytes, 3.1 MB."""
    if count < 1000:
        return plural(count, "byte")
    size, units = count / 1000, ["TB", "GB", "MB", "kB"]
    while size >= 999.95 and len(units) > 1:
        size /= 1000
        units.pop()
    return f"{size:.1f} {units[-1]}"


def plural(count: int, noun: str) -> str:
    """1 tensor, 2 tensors."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listing(names: Sequence[str], most: int = 8) -> str:
    """The names with commas, cut after `most` of them."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
