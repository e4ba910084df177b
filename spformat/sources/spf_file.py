"""An .spf file as a source, so that a file can be packed again with another policy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ..dtypes import DType
from ..quantized import Quantized, get_quantized
from ..reader import Reader
from .base import Source, sort_names, ties_of


class SpfFile(Source):
    """Tensors of an .spf file as bit patterns, decoded one at a time. Errors are the reader's own."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._reader = Reader(path)
        self.metadata = dict(self._reader.metadata)

    def names(self) -> list[str]:
        return sort_names(self._reader.names)

    def ties(self) -> dict[str, str]:
        entries = self._reader.entries
        # The file names as target whichever came first in it, which need not be the first in sorted order.
        return ties_of((name, entries[name].target or name) for name in self.names())

    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:
        entry = self._reader.entries[name]
        return entry.dtype, tuple(entry.shape)

    def read(self, name: str) -> tuple[NDArray[Any], DType]:
        return self._reader.read([name])[name], self._reader.entries[name].dtype

    def read_quantized(self, name: str) -> Quantized | None:
        return get_quantized(self._reader, name) if self._reader.entries[name].quantization else None

    def close(self) -> None:
        self._reader.close()
