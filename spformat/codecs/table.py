"""The closed table of codecs and what each may carry."""

from __future__ import annotations

RAW = 0
BITPACK = 1

NAMES = {RAW: "raw", BITPACK: "bitpack"}


def name(codec: int) -> str:
    """The name of a codec; a number when this version does not know it."""
    return NAMES.get(codec, f"number {codec}")
