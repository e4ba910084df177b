"""What every input format offers to those who read tensors from it, one at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ..dtypes import DType
from ..errors import SourceError

if TYPE_CHECKING:
    from ..quantized import Quantized


class Source(ABC):
    """An open file of named tensors.

    `notes`: sentences for people: what was folded, what was left out. `metadata`: what the file says beside
    its tensors. `read` returns memory of its own, which the caller may change, so that memory stays bounded
    by one tensor.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.metadata: dict[str, Any] = {}

    @abstractmethod
    def names(self) -> list[str]:
        """All names, ascending by their UTF-8 bytes."""

    def ties(self) -> dict[str, str]:
        """Each name that has storage, shape, dtype and strides of an earlier one -> the first of them."""
        return {}

    @abstractmethod
    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:
        """Data type and shape, without reading the data."""

    @abstractmethod
    def read(self, name: str) -> tuple[NDArray[Any], DType]:
        """The tensor, of any strides: of dtype.numpy, or of dtype.bits where numpy has no such type."""

    def read_quantized(self, name: str) -> Quantized | None:  # noqa: ARG002  (few sources have any)
        """The tensor as codes, where the file holds it so; `spec` and `read` are about its dequantized values."""
        return None

    def close(self) -> None:  # noqa: B027  (most sources hold nothing open)
        """Release the file."""

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sort_names(names: Iterable[str]) -> list[str]:
    """Ascending by UTF-8 bytes. Raises SourceError for a name that is not Unicode text (a lone surrogate)."""
    try:
        return sorted(names, key=str.encode)
    except UnicodeEncodeError as error:
        raise SourceError(f"the name {error.object!r} is not valid Unicode") from None


def ties_of(identities: Iterable[tuple[str, Hashable]]) -> dict[str, str]:
    """Names in order, each with what identifies its storage -> ties to the first of the same identity."""
    first: dict[Hashable, str] = {}
    ties = {}
    for name, identity in identities:
        target = first.setdefault(identity, name)
        if target != name:
            ties[name] = target
    return ties
