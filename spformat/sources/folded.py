"""Sources some of whose tensors are made of several of another's."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from .base import Source, sort_names, ties_of

if TYPE_CHECKING:
    from ..quantized import Quantized


class Folded(Source):
    """A source in which groups of tensors of another, `inner`, appear as one tensor each; the rest as it is."""

    def __init__(self, inner: Source, folded: Mapping[str, tuple[str, ...]], notes: list[str]) -> None:
        """folded: name -> names of the parts; notes: what to say of it, after what the other says."""
        super().__init__()
        self._inner = inner
        self._folded = folded
        self.notes = inner.notes + notes
        self.metadata = inner.metadata
        consumed = {part for parts in folded.values() for part in parts}
        self._names = sort_names([name for name in inner.names() if name not in consumed] + list(folded))

    def names(self) -> list[str]:
        return list(self._names)

    def ties(self) -> dict[str, str]:
        inner = self._inner.ties()

        def identity(name: str) -> Hashable:
            return tuple(inner.get(part, part) for part in self._folded.get(name, (name,)))

        return ties_of((name, identity(name)) for name in self._names)

    def read_quantized(self, name: str) -> Quantized | None:
        return None if name in self._folded else self._inner.read_quantized(name)

    def close(self) -> None:
        self._inner.close()
