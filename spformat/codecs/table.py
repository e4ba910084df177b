"""The closed table of codecs (spec/format.md, section 7)."""

from __future__ import annotations

RAW = 0
BITPACK = 1
RANS = 2
FLOATSPLIT = 3
STRIPS = 4
CODEBOOK = 5
SCALED = 6

NAMES = {
    RAW: "raw",
    BITPACK: "bitpack",
    RANS: "rans",
    FLOATSPLIT: "floatsplit",
    STRIPS: "strips",
    CODEBOOK: "codebook",
    SCALED: "scaled",
}


def name(codec: int) -> str:
    """The name of a codec; a number when this version does not know it."""
    return NAMES.get(codec, f"number {codec}")
