"""The closed table of layouts. Each knows its parameters, its streams and what a block of it weighs when plain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..codecs import table as codecs
from ..codecs.bitpack import size as bits_size
from . import gaps
from .coding import Coding
from .gaps import GapCode
from .view import View, view_of

DENSE, BITMASK, CSR = 0, 1, 2
_LONGEST_GROUP = 1 << 62  # no block is longer, so a longer group differs in nothing that can be stored


@dataclass(frozen=True)
class Dense:
    """All elements in order."""

    number: ClassVar[int] = DENSE
    name: ClassVar[str] = "dense"
    plain: ClassVar[Coding] = Coding(None)
    index_codecs: ClassVar[tuple[int, ...]] = ()
    gap: ClassVar[GapCode] = GapCode()  # not used; keeps the job table uniform

    def parameters(self) -> list[int]:
        return []

    def view(self, shape: tuple[int, ...]) -> View:
        return view_of(shape)

    def index_bytes(self, elements: int, nonzeros: int, entries: int) -> int:  # noqa: ARG002
        """Bytes that say where the nonzeros are, without pointers."""
        return 0

    def values(self, nonzeros: int, entries: int) -> int:  # noqa: ARG002
        """How many values a block stores."""
        return entries

    def counts_fit(self, elements: int, nonzeros: int, entries: int) -> bool:
        """Whether the declared counts of a block can be true."""
        return nonzeros <= elements == entries


@dataclass(frozen=True)
class Bitmask:
    """One bit for each element, then the nonzeros."""

    number: ClassVar[int] = BITMASK
    name: ClassVar[str] = "bitmask"
    plain: ClassVar[Coding] = Coding(codecs.RAW)
    index_codecs: ClassVar[tuple[int, ...]] = (codecs.RAW, codecs.RANS, codecs.STRIPS)
    gap: ClassVar[GapCode] = GapCode()

    def parameters(self) -> list[int]:
        return []

    def view(self, shape: tuple[int, ...]) -> View:
        return view_of(shape)

    def index_bytes(self, elements: int, nonzeros: int, entries: int) -> int:  # noqa: ARG002
        return bits_size(elements, 1)

    def values(self, nonzeros: int, entries: int) -> int:  # noqa: ARG002
        return nonzeros

    def counts_fit(self, elements: int, nonzeros: int, entries: int) -> bool:
        return nonzeros == entries <= elements


@dataclass(frozen=True)
class Csr:
    """Gap codes, then their values; pointers first where a block has several groups."""

    gap: GapCode
    number: ClassVar[int] = CSR
    name: ClassVar[str] = "csr"
    plain: ClassVar[Coding] = Coding(codecs.BITPACK)
    index_codecs: ClassVar[tuple[int, ...]] = (codecs.BITPACK, codecs.RANS)

    def parameters(self) -> list[int]:
        return self.gap.to_wire()

    def view(self, shape: tuple[int, ...]) -> View:
        return view_of(shape, column=self.gap.axis == gaps.COLUMN)

    def index_bytes(self, elements: int, nonzeros: int, entries: int) -> int:  # noqa: ARG002
        return bits_size(entries, self.gap.bits)

    def values(self, nonzeros: int, entries: int) -> int:
        return nonzeros if self.gap.fill == gaps.ESCAPE else entries

    def counts_fit(self, elements: int, nonzeros: int, entries: int) -> bool:
        return nonzeros <= min(elements, entries)

    def group_elements(self, shape: tuple[int, ...], block_elements: int) -> int:
        """L of the gap code."""
        if self.gap.restart_rows == 0:
            return block_elements
        return max(1, min(_LONGEST_GROUP, self.gap.restart_rows * self.view(shape).row_elements))

    def blocks_fit(self, shape: tuple[int, ...], block_elements: int) -> bool:
        """Whether blocks end where groups and rows of the transpose end, as section 5.3 wants it."""
        view = self.view(shape)
        if block_elements >= view.elements:
            return True
        whole_groups = block_elements % self.group_elements(shape, block_elements) == 0
        return whole_groups and (not view.column or block_elements % view.row_elements == 0)


Layout = Dense | Bitmask | Csr


def from_wire(number: int, parameters: list[Any]) -> Layout | None:
    """The layout that the index gives; None when the parameters break a rule. The number is in the table."""
    if number == CSR:
        code = gaps.from_wire(parameters)
        return None if code is None else Csr(code)
    if parameters:
        return None
    return Dense() if number == DENSE else Bitmask()
