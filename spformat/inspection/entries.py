"""The stored arrays of one tensor, as a lecture would write them down."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..codecs import bitpack
from ..dtypes import DType
from ..errors import SourceError
from ..file_entries import Entry
from ..layouts import gaps
from ..layouts.gaps import GapCode
from ..layouts.table import Csr
from ..reader import Reader

Numbers = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Entries:
    """value: the number of each entry (0 for a filler, None for an escape). For csr besides: col_index, the stored
    codes; row_index, prefix sums of the entries of each restart; filler, whether the entry is a filler (or escape);
    position, where in the view the entry stands. For bitmask: mask, one bit for each element."""

    layout: str
    value: list[Any]
    col_index: list[int] | None = None
    row_index: list[int] | None = None
    filler: list[bool] | None = None
    position: list[int] | None = None
    mask: list[int] | None = None


def entries(reader: Reader, name: str) -> Entries:
    """The stored arrays of a tensor; of a coded one, what its streams hold before coding. Raises FormatError when
    they are damaged."""
    entry = reader.entry(name)
    if entry.target is not None:
        entry = reader.entry(entry.target)
    array = reader.read([entry.name])[entry.name]  # every rule of the format holds from here on
    layout = entry.storage.layout
    if layout.name == "dense":
        return Entries("dense", _numbers(array.tobytes(), entry.dtype))
    if layout.name == "bitmask":
        flags = array.reshape(-1) != np.zeros((), array.dtype)
        return Entries(
            "bitmask", _numbers(array.reshape(-1)[flags].tobytes(), entry.dtype), mask=flags.astype(int).tolist()
        )
    assert isinstance(layout, Csr)
    if not entry.storage.coding.is_plain:
        return _coded_csr(reader, entry, layout)
    return _csr(entry, layout, [reader.stored_block(entry.name, block) for block in range(entry.storage.blocks)])


def _coded_csr(reader: Reader, entry: Entry, layout: Csr) -> Entries:
    """As _csr, from the decoded positions: of the default gap code with escapes, which alone is coded."""
    positions, patterns = reader.read_nonzeros(entry.name)
    numbers = _numbers(patterns.tobytes(), entry.dtype)
    size, gap = entry.storage.block_elements, layout.gap
    if gap.fill != gaps.ESCAPE or gap.restart_rows or gap.carry or gap.origin != -1 or gap.bias != 1:
        raise SourceError("the entries of this gap code cannot be shown when it is coded", tensor=entry.name)
    value: list[Any] = []
    codes: list[int] = []
    stands: list[int] = []
    before = -1
    for at, number in zip(positions.tolist(), numbers, strict=True):
        before = max(before, at // size * size - 1)  # the first gap of a block counts from its start
        while at - before > gap.step:
            before += gap.step
            _append((codes, gap.step), (value, None), (stands, before))
        _append((codes, at - before - 1), (value, number), (stands, at))
        before = at
    row_index = [0, *np.cumsum(entry.storage.entries, dtype=np.int64).tolist()]
    return Entries("csr", value, codes, row_index, [v is None for v in value], stands)


def _append(*pairs: tuple[list[Any], Any]) -> None:
    for numbers, number in pairs:
        numbers.append(number)


def _csr(entry: Entry, layout: Csr, blocks: list[bytes]) -> Entries:
    value: list[Any] = []
    codes: list[int] = []
    counts: list[int] = []
    filler: list[bool] = []
    position: list[int] = []
    storage, gap = entry.storage, layout.gap
    group = layout.group_elements(entry.shape, storage.block_elements)
    for block, stored in enumerate(blocks):
        groups = -(-storage.block_size(block, entry.elements) // group)
        here, stored = _pointers(stored, groups, storage.entries[block])
        stored_codes = bitpack.unpack(stored, storage.entries[block], gap.bits)
        numbers = _numbers(stored[bitpack.size(storage.entries[block], gap.bits) :], entry.dtype)
        fills = _fills(stored_codes, numbers, gap)
        start = block * storage.block_elements
        position += [start + p for p in _positions(stored_codes, here, group, gap)]
        value += _spread(numbers, fills) if gap.fill == gaps.ESCAPE else numbers
        codes += stored_codes.tolist()
        counts += here
        filler += fills
    row_index = [0, *np.cumsum(counts, dtype=np.int64).tolist()]
    return Entries("csr", value, codes, row_index, filler, position)


def _pointers(stored: bytes, groups: int, count: int) -> tuple[list[int], bytes]:
    """Entries of each group, and what follows the pointers."""
    if groups <= 1:
        return [count] * groups, stored
    width = stored[0]
    size = bitpack.size(groups, width)
    return bitpack.unpack(stored[1:], groups, width).tolist(), stored[1 + size :]


def _fills(codes: Numbers, numbers: list[Any], gap: GapCode) -> list[bool]:
    largest = (1 << gap.bits) - 1
    if gap.fill == gaps.ESCAPE:
        return [bool(code == largest) for code in codes]
    return [_is_zero(number) for number in numbers]


def _is_zero(number: Any) -> bool:
    """Whether a stored value is the all-zero pattern: -0.0 is not, though it equals 0."""
    if isinstance(number, list):
        return all(_is_zero(part) for part in number)
    return not isinstance(number, str) and number == 0 and math.copysign(1, number) > 0


def _spread(numbers: list[Any], fills: list[bool]) -> list[Any]:
    """None where an escape stands, which has no value."""
    rest = iter(numbers)
    return [None if fill else next(rest) for fill in fills]


def _positions(codes: Numbers, counts: list[int], group: int, gap: GapCode) -> list[int]:
    """Where each entry stands in the block: the plain twin of the native decoder."""
    largest, s, at, positions = (1 << gap.bits) - 1, gap.origin % group, 0, []
    for number, count in enumerate(counts):
        s = s if gap.carry else gap.origin % group
        for code in codes[at : at + count].tolist():
            escape = gap.fill == gaps.ESCAPE and code == largest
            s = (s + (gap.step if escape else code + gap.bias)) % group
            positions.append(number * group + s)
        at += count
    return positions


def _numbers(data: bytes, dtype: DType) -> list[Any]:
    """Values as JSON can hold them: the shortest decimal of that type; NaN and infinities as text; complex as pairs."""
    if dtype.numpy is None:
        raise SourceError(f"numpy has no type for {dtype.name}: its entries cannot be shown as numbers")
    array = np.frombuffer(data, dtype.numpy)
    if dtype.numpy.kind == "c":
        parts = array.view(np.float32 if dtype.itemsize == 8 else np.float64).reshape(-1, 2)
        return [[_number(part) for part in pair] for pair in parts]
    if dtype.numpy.kind in "iub":
        return list(array.tolist())
    return [_number(value) for value in array]


def _number(value: Any) -> float | str:
    number = float(str(value))
    return number if math.isfinite(number) else str(number)
