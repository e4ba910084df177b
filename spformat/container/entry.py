"""One tensor's entry in the index (spec/format.md, sections 3.3 and 3.4): its form, not yet its layout's rules."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..dtypes import DTYPES, DType
from ..errors import CorruptError, LimitError, UnsupportedError
from ..limits import MAX_BLOCK_ELEMENTS, MAX_DECODED_BYTES, MAX_NAME_BYTES, MAX_RANK
from . import canonical, quantization
from .quantization import QuantizationRecord

_CSR = 2  # the layout whose entries are stored
_DIGEST_END = 1 << 64


def numbers_per_block(layout: int) -> int:
    """Stored_bytes, nonzeros, entries (which other layouts than csr give) and digest."""
    return 4 if layout == _CSR else 3


@dataclass(slots=True)
class StorageRecord:
    """How a tensor is stored, as the index says it: but for block_elements, where all elements are not 0.

    blocks: stored_bytes, nonzeros, entries (in csr only) and digest of each block.
    """

    layout: int
    parameters: list[Any]
    codecs: list[Any]
    block_elements: int
    blocks: list[int]

    def to_wire(self, elements: int) -> list[Any]:
        """`elements`: of the tensor."""
        per_block = 0 if self.block_elements == elements else self.block_elements
        return [self.layout, self.parameters, self.codecs, per_block, self.blocks]


@dataclass(slots=True)
class EntryRecord:
    """An entry. A tie or a copy has only name and target; otherwise exactly one of zeros and storage is given."""

    name: str
    dtype: DType | None = None
    shape: tuple[int, ...] = ()
    digest: int = 0
    zeros: int | None = None
    storage: StorageRecord | None = None
    target: int | None = None
    copied: bool = False  # the target's bytes in memory of its own, not the target's memory
    quantization: QuantizationRecord | None = None

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    def to_wire(self) -> list[Any]:
        if self.target is not None:
            return [self.name, self.target, True] if self.copied else [self.name, self.target]
        assert self.dtype is not None
        last = self.zeros if self.storage is None else self.storage.to_wire(self.elements)
        more = [] if self.quantization is None else [self.quantization.to_wire()]
        return [self.name, self.dtype.code, list(self.shape), self.digest, last, *more]


def read(wire: Any, number: int, offset: int) -> EntryRecord:
    """Entry `number` of the index (which starts at byte `offset`). Raises FormatError where a rule is broken."""
    if type(wire) is not list or not wire or type(wire[0]) is not str:
        raise _broken(
            "entry/form", f"entry {number} is not a tensor entry", None, offset, "a list that starts with a name", wire
        )
    name = wire[0]
    if len(name) > MAX_NAME_BYTES // 4 and len(name.encode()) > MAX_NAME_BYTES:
        raise _broken("entry/name", f"the name of entry {number} is too long", None, offset, MAX_NAME_BYTES, len(name))
    if len(wire) == 2:
        return EntryRecord(name, target=_target(wire[1], name, number, offset))
    if len(wire) == 3 and wire[2] is True:
        return EntryRecord(name, target=_target(wire[1], name, number, offset), copied=True)
    _check_extras(wire, name, offset)
    dtype, shape = _dtype(wire[1], name, offset), _shape(wire[2], name, offset)
    elements = math.prod(shape)
    # Lengths of 0 do not count here: an array of shape (2**63, 0) cannot be made, though it has no elements.
    if math.prod(n for n in shape if n) * dtype.itemsize > MAX_DECODED_BYTES:
        raise LimitError(
            "more elements than any file may hold",
            kind="entry/limits",
            tensor=name,
            offset=offset,
            expected=f"at most {MAX_DECODED_BYTES} bytes",
            found=shape,
        )
    if type(wire[3]) is not int or not 0 <= wire[3] < _DIGEST_END:
        raise _broken("entry/form", "a bad digest", name, offset, "a number of 64 bits", wire[3])
    entry = EntryRecord(name, dtype, shape, wire[3])
    if type(wire[4]) is int:
        if wire[4] < 0:
            raise _broken("entry/form", "a bad number of zeros", name, offset, "0 or more", wire[4])
        if wire[4] > elements:
            raise _broken("entry/zeros", "more zeros than elements", name, offset, elements, wire[4])
        entry.zeros = wire[4]
    elif type(wire[4]) is not list:
        raise _broken("entry/form", "a bad last element", name, offset, "zeros or a storage", wire[4])
    else:
        entry.storage = _storage(wire[4], name, elements, offset)
    if len(wire) > 5 and type(wire[5]) is list:
        entry.quantization = quantization.read(wire[5], shape, name, offset)
    return entry


def _broken(kind: str, message: str, name: str | None, offset: int, expected: object, found: object) -> CorruptError:
    found = found if type(found) is int else canonical.brief(found)
    return CorruptError(message, kind=kind, tensor=name, offset=offset, expected=expected, found=found)


def _target(target: Any, name: str, number: int, offset: int) -> int:
    if type(target) is not int or target < 0:
        raise _broken("entry/form", "a bad target", name, offset, "a number", target)
    if target >= number:
        raise _broken("entry/tie", "a tie to no earlier entry", name, offset, f"below {number}", target)
    return target


def _check_extras(wire: list[Any], name: str, offset: int) -> None:
    """Five elements, and maybe an array, and maybe a map of optional features."""
    found = [type(more) for more in wire[5:]]
    if len(wire) < 5 or found not in ([], [list], [dict], [list, dict]) or wire[-1] == {}:
        form = "2, 3, 5, 6 or 7 elements"
        raise _broken("entry/form", "the entry has none of the known forms", name, offset, form, len(wire))
    for more in wire[5:]:
        canonical.check_depth(more, offset, outside=3)


def _dtype(code: Any, name: str, offset: int) -> DType:
    if type(code) is not int or code < 0:
        raise _broken("entry/form", "a bad data type", name, offset, "a number", code)
    if code >= len(DTYPES):
        raise UnsupportedError(
            "a data type that this release does not know",
            kind="entry/dtype",
            tensor=name,
            offset=offset,
            expected=f"below {len(DTYPES)}",
            found=code,
        )
    return DTYPES[code]


def _shape(shape: Any, name: str, offset: int) -> tuple[int, ...]:
    if type(shape) is not list or any(type(n) is not int or n < 0 for n in shape):
        raise _broken("entry/form", "a bad shape", name, offset, "a list of lengths", shape)
    if len(shape) > MAX_RANK:
        raise LimitError(
            "too many dimensions",
            kind="entry/limits",
            tensor=name,
            offset=offset,
            expected=MAX_RANK,
            found=len(shape),
        )
    return tuple(shape)


def _storage(wire: list[Any], name: str, elements: int, offset: int) -> StorageRecord:
    if len(wire) != 5:
        raise _broken("storage/form", "a bad storage", name, offset, "5 elements", len(wire))
    layout, parameters, codecs, block_elements, blocks = wire
    lists = type(parameters) is list and type(codecs) is list and type(blocks) is list
    if not lists or type(layout) is not int or type(block_elements) is not int or layout < 0:
        types = "[number, list, list, number, list]"
        raise _broken("storage/form", "a storage of the wrong types", name, offset, types, wire)
    if blocks and (set(map(type, blocks)) != {int} or min(blocks) < 0):  # msgpack holds none above 64 bits
        raise _broken("storage/form", "a bad number of a block", name, offset, "numbers of 64 bits", blocks)
    if elements == 0:
        raise _broken("storage/blocks", "no elements, and a storage", name, offset, "zeros", wire)
    block_elements = elements if block_elements == 0 else block_elements
    if not 1 <= block_elements <= MAX_BLOCK_ELEMENTS:
        most = f"1 to {MAX_BLOCK_ELEMENTS}"
        raise _broken("storage/blocks", "a bad block_elements", name, offset, most, block_elements)
    expected = -(-elements // block_elements) * numbers_per_block(layout)
    if layout <= _CSR and len(blocks) != expected:  # of an unknown layout no more can be said
        raise _broken("storage/blocks", "the wrong number of block numbers", name, offset, expected, len(blocks))
    return StorageRecord(layout, parameters, codecs, block_elements, blocks)
