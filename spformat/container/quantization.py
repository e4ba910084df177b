"""The part of an entry that says how its tensor was quantized (spec/format.md, section 3.6)."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import CorruptError
from . import canonical

METHODS = ("codebook", "affine", "binary")
_BITS = (32, 32, 1)  # at most, of each method
_ELEMENTS = (4, 8, 5)  # of the array, at least
_LOSS = struct.Struct("<2f")


@dataclass(frozen=True)
class QuantizationRecord:
    """What the index says of a quantized tensor.

    method: "codebook", "affine" or "binary". bits: of a code. loss: (signal-to-noise ratio in dB, infinite when nothing
    was lost; largest error) against the original, stored as float32; None when not known. reserves_zero: of codebook.
    signed, zero_points (one for all; or one for each scale, of point_type; None: those of the codec), group: of affine.
    axis, scales (float32; None: those of the codec): of affine, binary.
    """

    method: str
    bits: int
    loss: tuple[float, float] | None = None
    reserves_zero: bool = False
    signed: bool = False
    zero_points: int | bytes | None = 0
    axis: int | None = None
    group: int | None = None
    scales: bytes | None = None

    @property
    def snr_db(self) -> float | None:
        """None when it is not known, and when nothing was lost."""
        return None if self.loss is None or self.loss[0] == math.inf else self.loss[0]

    @property
    def largest_error(self) -> float | None:
        """None when it is not known."""
        return None if self.loss is None else self.loss[1]

    @property
    def point_type(self) -> np.dtype[Any]:
        """The type of zero points that are one for each scale."""
        return np.dtype("<i4" if self.bits > 8 else "i1" if self.signed else "u1")

    def to_wire(self) -> list[Any]:
        loss = None if self.loss is None else _LOSS.pack(*self.loss)
        head = [METHODS.index(self.method), self.bits, loss]
        if self.method == "codebook":
            return [*head, self.reserves_zero]
        if self.method == "affine":
            return [*head, self.signed, self.zero_points, self.axis, self.group, self.scales]
        return [*head, self.axis, self.scales]

    def scale_count(self, shape: tuple[int, ...]) -> int:
        """How many scales a tensor of that shape has."""
        if self.axis is not None:
            return shape[self.axis]
        return shape[0] * -(-math.prod(shape[1:]) // self.group) if self.group is not None else 1


def read(wire: list[Any], shape: tuple[int, ...], name: str, offset: int) -> QuantizationRecord:
    """The record of a tensor of that shape. Raises CorruptError where a rule is broken."""
    record = _record(wire)
    if record is not None and _axis_fits(record, shape) and _counts_fit(record, shape):
        return record
    raise CorruptError(
        "the record of a quantization breaks a rule",
        kind="quantization/form",
        tensor=name,
        offset=offset,
        expected="an array as in section 3.6",
        found=canonical.brief(wire),
    )


def _record(wire: list[Any]) -> QuantizationRecord | None:
    """The elements as fields of their types; None where one is not of its type or range."""
    method = wire[0] if wire and type(wire[0]) is int else -1
    if not 0 <= method < len(METHODS) or len(wire) < _ELEMENTS[method]:
        return None
    _, bits, loss, *own = wire
    if type(bits) is not int or not 1 <= bits <= _BITS[method] or not _is_loss(loss):
        return None
    head = (METHODS[method], bits, None if loss is None else _LOSS.unpack(loss))
    if head[0] == "codebook":
        return QuantizationRecord(*head, reserves_zero=own[0]) if type(own[0]) is bool else None
    signed, points, axis, group, scales = own[:5] if head[0] == "affine" else (False, 0, own[0], None, own[1])
    numbers = all(number is None or type(number) is int for number in (axis, group))
    right = type(signed) is bool and type(points) in (int, bytes, type(None)) and numbers
    right = right and type(scales) in (bytes, type(None))
    return QuantizationRecord(*head, False, signed, points, axis, group, scales) if right else None


def _is_loss(loss: Any) -> bool:
    """Nil, or two float32 that are no NaN, the second without a sign."""
    if loss is None or type(loss) is not bytes or len(loss) != _LOSS.size:
        return loss is None
    ratio, largest = _LOSS.unpack(loss)
    return not math.isnan(ratio) and not math.isnan(largest) and not math.copysign(1, largest) < 0


def _axis_fits(record: QuantizationRecord, shape: tuple[int, ...]) -> bool:
    """An axis of the shape, or groups of a tensor with rows, not both."""
    if record.axis is not None:
        return record.group is None and 0 <= record.axis < len(shape)
    return record.group is None or (record.group >= 1 and len(shape) > 0)


def _counts_fit(record: QuantizationRecord, shape: tuple[int, ...]) -> bool:
    """As many scales and zero points as there must be, the scales finite and not negative."""
    count = record.scale_count(shape)
    if isinstance(record.zero_points, bytes) and len(record.zero_points) != record.point_type.itemsize * count:
        return False
    if isinstance(record.zero_points, int) and not -(2**31) <= record.zero_points < 2**31:
        return False
    if record.scales is None:
        return True
    if len(record.scales) != 4 * count:
        return False
    scales = np.frombuffer(record.scales, "<f4")
    return bool(np.isfinite(scales).all() and not np.signbit(scales).any())
