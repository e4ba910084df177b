"""What the user asks of the writer; what a file says is in layouts/."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import SpformatError
from ..limits import MAX_GAP_BITS, MAX_ORIGIN

ALL_ROWS = -1  # restart_rows: the whole tensor is one group


@dataclass(frozen=True)
class GapRequest:
    """Wished parameters of the gap code. None: the planner chooses (bits, fill) or takes blocks (restart_rows)."""

    axis: str = "row"
    restart_rows: int | None = None
    carry: bool = False
    origin: int = -1
    bias: int = 1
    bits: int | None = None
    fill: str | None = None


@dataclass(frozen=True)
class Policy:
    """How tensors are to be stored.

    layout: "auto" takes the smallest of all by exact size; "dense", "bitmask" and "csr" force one.
    gap: the gap code that "csr" must have; ignored by "auto".
    block_entries: entries that a block should hold, 1 to 2**20; "auto" doubles it for coded signs (dense, a bit each).
    fast: no entropy coding, only raw and bit-packed streams.
    """

    layout: str = "auto"
    gap: GapRequest = GapRequest()
    block_entries: int = 65_536
    fast: bool = False

    def __post_init__(self) -> None:
        _one_of("layout", self.layout, ("auto", "dense", "bitmask", "csr"))
        _one_of("axis", self.gap.axis, ("row", "column"))
        _one_of("fill", self.gap.fill, (None, "filler", "escape"))
        _one_of("bias", self.gap.bias, (0, 1))
        bits, restart = self.gap.bits, self.gap.restart_rows
        if bits is not None and not 0 <= bits <= MAX_GAP_BITS:
            raise SpformatError(f"bits must be 0 to {MAX_GAP_BITS}, not {bits}")
        if restart is not None and restart < 1 and restart != ALL_ROWS:
            raise SpformatError(f"restart_rows must be positive, not {restart}")
        if not -1 <= self.gap.origin <= MAX_ORIGIN:
            raise SpformatError(f"origin must be -1 to {MAX_ORIGIN}, not {self.gap.origin}")
        if not 1 <= self.block_entries <= 1 << 20:
            raise SpformatError(f"block_entries must be 1 to {1 << 20}, not {self.block_entries}")


PRESETS: dict[str, GapRequest] = {
    "lecture": GapRequest(restart_rows=1, carry=True, origin=0, bias=0, bits=2, fill="filler"),
    "deep-compression": GapRequest(restart_rows=ALL_ROWS, origin=0, bias=1, bits=3, fill="filler"),
    "eie": GapRequest(axis="column", restart_rows=1, origin=-1, bias=1, bits=4, fill="filler"),
}


def preset(name: str, bits: int | None = None) -> Policy:
    """The policy of a preset (spec/format.md, section 6.4), with another width if one is given."""
    _one_of("preset", name, tuple(PRESETS))
    request = PRESETS[name]
    return Policy("csr", request if bits is None else replace(request, bits=bits))


def _one_of(what: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        names = ", ".join(str(a) for a in allowed if a is not None)
        raise SpformatError(f"{what} must be one of {names}, not {value!r}")
