"""Versions in words: what a reader of this release accepts (spec/format.md, section 10)."""

from __future__ import annotations

from dataclasses import dataclass

MAJOR = 1
MINOR = 0
KNOWN_FLAGS = 0  # no must-understand feature exists yet


@dataclass(frozen=True)
class FormatVersion:
    """The version bytes that stand in the prologue and again in the footer."""

    major: int = MAJOR
    minor: int = MINOR
    flags: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @property
    def is_readable(self) -> bool:
        """Whether the major version is ours; every minor version of it can be read."""
        return self.major == MAJOR

    @property
    def unknown_flags(self) -> int:
        """Must-understand features that this release does not know."""
        return self.flags & ~KNOWN_FLAGS
