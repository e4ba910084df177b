"""Parameters of the gap-code family (spec/format.md, section 6) and its presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..limits import MAX_GAP_BITS, MAX_ORIGIN

ROW, COLUMN = 0, 1
FILLER, ESCAPE = 0, 1
AXES = {"row": ROW, "column": COLUMN}
FILLS = {"filler": FILLER, "escape": ESCAPE}


@dataclass(frozen=True)
class GapCode:
    """G(axis, R, carry, o, beta, b) of the papers, and what a too large difference becomes.

    restart_rows: R in rows of the view; 0 means that each block is one group.
    """

    axis: int = ROW
    restart_rows: int = 0
    carry: int = 0
    origin: int = -1
    bias: int = 1
    bits: int = 4
    fill: int = FILLER

    @property
    def step(self) -> int:
        """D, the largest difference that one entry can carry."""
        return (1 << self.bits) - 1 + self.bias - self.fill

    @property
    def is_valid(self) -> bool:
        """Whether all parameters are in the table of section 6.1 and D >= 1."""
        flags = (self.axis, self.carry, self.bias, self.fill)
        return (
            all(flag in (0, 1) for flag in flags)
            and self.restart_rows >= 0
            and -1 <= self.origin <= MAX_ORIGIN
            and 0 <= self.bits <= MAX_GAP_BITS
            and self.step >= 1
        )

    def to_wire(self) -> list[int]:
        """The parameters of the csr layout as they stand in the index."""
        return [self.axis, self.restart_rows, self.carry, self.origin, self.bias, self.bits, self.fill]


def from_wire(parameters: list[Any]) -> GapCode | None:
    """The gap code that the index gives, None when it breaks a rule."""
    if len(parameters) != 7 or any(type(p) is not int for p in parameters):
        return None
    code = GapCode(*parameters)
    return code if code.is_valid else None
