"""Puts files together: tensors from bit patterns, stored in a layout with given codecs, as sections 3 to 6 say."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from math import prod
from typing import Any

from tests import forge, gap_model, stored

from .coders import Bitpack, Codebook, Floatsplit, Rans, Raw, Scaled, Strips, Table
from .vector import Expected

NAMES = (
    "BOOL U8 I8 U16 I16 U32 I32 U64 I64 F16 BF16 F32 F64 F8_E4M3 F8_E5M2 F8_E4M3FNUZ F8_E5M2FNUZ F8_E8M0 F4_X2 C32 C64"
)
DTYPES = [*NAMES.split(), "C128"]  # section 3.5
ValueCodec = Raw | Floatsplit | Codebook | Scaled
CODES = {name: code for code, name in enumerate(DTYPES)}


class File:
    """A file that grows tensor by tensor; `entries`, `tables` and `body` may be spoilt before build()."""

    def __init__(self, metadata: dict[str, Any] | None = None) -> None:
        self.metadata = metadata or {}
        self.entries: list[Any] = []
        self.tables: list[bytes] = []
        self.body = b""
        self.tensors: list[Expected] = []
        self.others: dict[str, Any] = {}  # more keys of the index

    def table(self, data: bytes) -> Table:
        """A new table of the file."""
        self.tables.append(data)
        return Table(len(self.tables) - 1, data)

    def zeros_form(self, name: str, dtype: str, shape: list[int], patterns: Iterable[int]) -> File:
        """A tensor that is dense in one block."""
        tensor = self._expect(name, dtype, shape, list(patterns))
        self.body += _bytes(tensor.patterns, tensor.itemsize)
        self._enter(tensor, sum(pattern == 0 for pattern in tensor.patterns))
        return self

    def dense(
        self,
        name: str,
        dtype: str,
        shape: list[int],
        patterns: Iterable[int],
        codec: ValueCodec | None = None,
        block_elements: int | None = None,
    ) -> File:
        tensor, codec = self._expect(name, dtype, shape, list(patterns)), codec or Raw()
        size = block_elements or len(tensor.patterns)
        blocks = [
            (codec.values(part, tensor.itemsize), sum(map(bool, part)), len(part))
            for part in _cut(tensor.patterns, size)
        ]
        return self._store(tensor, [0, [], [codec.wire], block_elements or 0], blocks, codec)

    def bitmask(
        self,
        name: str,
        dtype: str,
        shape: list[int],
        patterns: Iterable[int],
        mask: Raw | Rans | Strips | None = None,
        values: ValueCodec | None = None,
        block_elements: int | None = None,
    ) -> File:
        tensor = self._expect(name, dtype, shape, list(patterns))
        mask, values = mask or Raw(), values or Raw()
        size, columns = block_elements or len(tensor.patterns), prod(shape[1:])
        blocks = []
        for i, part in enumerate(_cut(tensor.patterns, size)):
            bits = [int(pattern != 0) for pattern in part]
            rows = _cut(bits, columns) if isinstance(mask, Strips) else [bits]
            kept = [pattern for pattern in part if pattern]
            data = mask.mask(rows, i * size // columns) + values.values(kept, tensor.itemsize)
            blocks.append((data, len(kept), len(kept)))
        return self._store(tensor, [1, [], [mask.wire, values.wire], block_elements or 0], blocks, values)

    def csr(
        self,
        name: str,
        dtype: str,
        shape: list[int],
        patterns: Iterable[int],
        code: gap_model.Code,
        gaps: Bitpack | Rans | None = None,
        values: ValueCodec | None = None,
        block_elements: int | None = None,
    ) -> File:
        tensor = self._expect(name, dtype, shape, list(patterns))
        gaps, values = gaps or Bitpack(), values or Raw()
        size, columns = block_elements or len(tensor.patterns), prod(shape[1:])
        view = gap_model.view(_cut(tensor.patterns, columns), code.axis)
        row_length = (shape or [1])[0] if code.axis else columns
        length = code.restart_rows * row_length or size
        blocks = []
        for part in _cut(view, size):
            groups = gap_model.encode(part, length, code)
            entries = [entry for group in groups for entry in group]
            pointers = stored.csr_block([[(0, None)] * len(group) for group in groups], len(part) > length, 0, 1)
            data = pointers + gaps.gaps([c for c, _ in entries], code.bits)
            data += values.values([value for _, value in entries if value is not None], tensor.itemsize)
            blocks.append((data, sum(map(bool, part)), len(entries)))
        return self._store(tensor, [2, code.parameters, [gaps.wire, values.wire], block_elements or 0], blocks, values)

    def record(self, *quantization: Any) -> File:
        """Says how the last tensor was quantized."""
        self.entries[-1].append(list(quantization))
        return self

    def tie(self, name: str, target: int) -> File:
        """A name for the memory of an earlier tensor."""
        self.tensors.append(replace(self.tensors[target], name=name, tied_to=self.tensors[target].name, is_copy=False))
        self.entries.append([name, target])
        return self

    def copy(self, name: str, target: int) -> File:
        """A tensor that happens to be equal to an earlier one."""
        self.tensors.append(replace(self.tensors[target], name=name, is_copy=True))
        self.entries.append([name, target, True])
        return self

    @property
    def index(self) -> dict[str, Any]:
        parts = {"metadata": self.metadata, "tables": self.tables, "tensors": self.entries}
        known = {key: part for key, part in parts.items() if part or key == "tensors"} | self.others
        return {key: known[key] for key in sorted(known)}

    def build(self, **wrong: Any) -> bytes:
        data: bytes = forge.file_of(None, self.body, index=self.index, **wrong)
        return data

    def _expect(self, name: str, dtype: str, shape: list[int], patterns: list[int]) -> Expected:
        itemsize = forge.ITEMSIZE[CODES[dtype]]
        assert len(patterns) == prod(shape), name
        digest = forge.digest(_bytes(patterns, itemsize))
        self.tensors.append(Expected(name, dtype, shape, digest, patterns, itemsize))
        return self.tensors[-1]

    def _store(
        self, tensor: Expected, head: list[Any], blocks: list[tuple[bytes, int, int]], values: ValueCodec
    ) -> File:
        if isinstance(values, Scaled):  # what was given are steps
            self.tensors.pop()
            tensor = self._expect(tensor.name, tensor.dtype, tensor.shape, values.products(tensor.patterns))
        numbers = [n for block in blocks for n in forge.block_numbers(head[0], *block)]
        self.body += b"".join(data for data, _, _ in blocks)
        self._enter(tensor, [*head, numbers])
        return self

    def _enter(self, tensor: Expected, how: Any) -> None:
        self.entries.append([tensor.name, CODES[tensor.dtype], tensor.shape, tensor.digest, how])


def sparse(count: int, density: float, bits: int, seed: int) -> list[int]:
    """Bit patterns of `bits` bits, that share of them not zero."""
    rng = random.Random(seed)
    return [rng.getrandbits(bits) | 1 if rng.random() < density else 0 for _ in range(count)]


def floats(count: int, density: float, exponent_bits: int, fraction_bits: int, seed: int) -> list[int]:
    """Bit patterns of floats, that share of them not zero, whose exponents lie close together but for a few."""
    rng = random.Random(seed)
    middle, patterns = (1 << (exponent_bits - 1)) - 3, []
    for _ in range(count):
        outlier = rng.random() < 0.03
        exponent = rng.getrandbits(exponent_bits) if outlier else middle + rng.getrandbits(2) % 3
        pattern = (rng.getrandbits(1) << exponent_bits | exponent) << fraction_bits | rng.getrandbits(fraction_bits)
        patterns.append(pattern if rng.random() < density else 0)
    return patterns


def _cut(items: list[int], size: int) -> list[list[int]]:
    return [items[i : i + size] for i in range(0, len(items), size)]


def _bytes(patterns: list[int], itemsize: int) -> bytes:
    return b"".join(pattern.to_bytes(itemsize, "little") for pattern in patterns)
