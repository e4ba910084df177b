"""The gap codes of spec/format.md, section 6, as plainly as they can be said. Nothing of spformat is used
here.

A block is a list of elements (0 where nothing is stored); a group of entries is a list of (code, value),
where the value of a filler is 0 and that of an escape None.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """restart_rows is only used by callers, to know the group length that they pass."""

    axis: int = 0
    restart_rows: int = 0
    carry: int = 0
    origin: int = -1
    bias: int = 1
    bits: int = 4
    escape: int = 0

    @property
    def step(self):
        return 2**self.bits - 1 - self.escape + self.bias

    @property
    def parameters(self):
        return [self.axis, self.restart_rows, self.carry, self.origin, self.bias, self.bits, self.escape]


def encode(elements, length, code):
    """The groups of entries of a block whose groups have `length` elements."""
    groups, s = [], code.origin % length
    for start in range(0, len(elements), length):
        if not code.carry:
            s = code.origin % length
        entries = []
        for x, value in enumerate(elements[start : start + length]):
            if value:
                d = (x - s - code.bias) % length + code.bias
                while d > code.step:
                    entries.append((2**code.bits - 1, None if code.escape else 0))
                    d -= code.step
                entries.append((d - code.bias, value))
                s = x
        groups.append(entries)
    return groups


def decode(groups, count, length, code):
    """The `count` elements of a block."""
    elements, s = [0] * count, code.origin % length
    for g, entries in enumerate(groups):
        if not code.carry:
            s = code.origin % length
        for c, value in entries:
            if code.escape and c == 2**code.bits - 1:
                s = (s + code.step) % length
                continue
            s = (s + c + code.bias) % length
            if value:
                elements[g * length + s] = value
    return elements


def view(matrix, axis):
    """The elements of a list of rows, row by row or (axis 1) column by column."""
    return [value for row in (matrix if axis == 0 else zip(*matrix, strict=True)) for value in row]
