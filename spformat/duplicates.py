"""Finding a tensor that was written before: by its digest first, then by comparing with what was written."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .codecs.frequencies import Table
from .container.entry import EntryRecord
from .container.quantization import QuantizationRecord
from .dtypes import DType
from .layouts import jobs, storage
from .layouts.jobs import StoredBytes
from .layouts.model_bank import ModelBank, NativeCoding

SLACK = 64  # bytes that the kernels may read beyond what they decode
_WINDOW = 1 << 24  # decoded bytes that are compared at a time

Key = tuple[int, int, tuple[int, ...], QuantizationRecord | None]


def key_of(bits: npt.NDArray[Any], dtype: DType, digest: int, quantization: QuantizationRecord | None = None) -> Key:
    """What equal tensors have in common: the digest of their bit patterns, data type, shape, and how they were
    quantized."""
    return digest, dtype.code, bits.shape, quantization


@dataclass(frozen=True)
class Written:
    """A tensor of the file: its number in the index and the first byte of its section."""

    number: int
    offset: int


class Duplicates:
    """The tensors of a file that is being written to a real file, open for reading too, or to memory."""

    def __init__(self, file: BinaryIO, entries: list[EntryRecord], tables: list[Table]) -> None:
        self._file, self._entries, self._bank = file, entries, ModelBank(tables)
        self._start = file.tell() if isinstance(file, io.BytesIO) else 0
        self._written: dict[Key, Written | None] = {}  # None: of a tensor that is on its way into the file

    def expect(self, key: Key) -> bool:
        """Notes that a tensor with this key will be written. False when one is on its way already, which must be
        written before it can be found."""
        if key in self._written:
            return self._written[key] is not None
        self._written[key] = None
        return True

    def find(self, key: Key, bits: npt.NDArray[Any], threads: int | None) -> int | None:
        """The number of an entry whose tensor has this key and these bit patterns."""
        written = self._written.get(key)
        if written is None or not self._holds(written, bits, threads):
            return None
        return written.number

    def note(self, key: Key, number: int, offset: int) -> None:
        """A tensor with this key was written: entry `number`, with its section at byte `offset`."""
        if self._written.get(key) is None and self._entries[number].elements:
            self._written[key] = Written(number, offset)

    def _holds(self, written: Written, bits: npt.NDArray[Any], threads: int | None) -> bool:
        """Whether the file's tensor equals `bits`; decoded some blocks at a time, so that memory stays bounded."""
        entry = self._entries[written.number]
        stored = storage.interpret(entry, 0)
        source, offset = self._stored(written.offset, sum(stored.stored_bytes))
        coding = None if stored.coding.is_plain else NativeCoding(stored.coding, self._bank, bits.itemsize)
        view = stored.layout.view(bits.shape)
        block_bytes = stored.block_elements * bits.itemsize
        step = stored.blocks if view.column else max(1, _WINDOW // block_bytes)
        flat = bits.reshape(-1)
        for start in range(0, stored.blocks, step):
            blocks = range(start, min(start + step, stored.blocks))
            low = start * stored.block_elements
            high = min(blocks.stop * stored.block_elements, flat.size)
            decoded = np.zeros(high - low, bits.dtype)
            base = (decoded.ctypes.data - low * bits.itemsize) % (1 << 64)  # of element 0, were it all there
            rows = jobs.rows(
                stored,
                bits.shape,
                bits.itemsize,
                offset,
                base,
                blocks=blocks,
                coding=coding.address if coding else 0,
                fresh=True,
            )
            jobs.run("decode", jobs.table_of(rows), threads, source)
            if not np.array_equal(decoded, flat[low:high]):
                return False
        return True

    def _stored(self, offset: int, size: int) -> tuple[StoredBytes, int]:
        """Where a section can be read from, and at which byte it starts there."""
        if not isinstance(self._file, io.BytesIO):
            self._file.flush()
            return StoredBytes(self._file.fileno()), offset
        section = np.zeros(size + SLACK, np.uint8)
        section[:size] = np.frombuffer(self._file.getbuffer()[self._start + offset :][:size], np.uint8)
        return StoredBytes(memory=section[:size]), 0
