"""The tables of one file, expanded for the kernels when they are first needed."""

from __future__ import annotations

import numpy as np

from .. import _native
from ..codecs.frequencies import Table
from ..limits import MAX_TABLES


class ModelBank:
    """Room for 256 tables. Memory is only touched for those that are used.

    `tables` is the list of the file; it may grow. encoding: for writing, too. Raises ValueError where a table's bytes
    break a rule.
    """

    def __init__(self, tables: list[Table], encoding: bool = False) -> None:
        self.tables = tables
        self._decode = np.zeros((MAX_TABLES, _native.DECODE_MODEL_BYTES), np.uint8)
        self._encode = np.zeros((MAX_TABLES, _native.ENCODE_MODEL_BYTES if encoding else 0), np.uint8)
        self._escapes = np.full(MAX_TABLES, -1, np.int16)
        self._ready = [False] * MAX_TABLES

    def prepare(self, number: int) -> None:
        """Expands a table."""
        if self._ready[number]:
            return
        table = self.tables[number]
        _native.expand_model(table.frequencies, self._decode[number], self._encode[number])
        self._escapes[number] = table.escape
        self._ready[number] = True

    @property
    def addresses(self) -> tuple[int, int, int]:
        """Of the decoding models, the encoding models and the escapes."""
        return self._decode.ctypes.data, self._encode.ctypes.data, self._escapes.ctypes.data
