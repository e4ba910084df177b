"""The optional feature of an entry that says how its tensor was quantized (spec/format.md, section 3.6)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import CorruptError
from . import canonical

KEY = "quantization"
_BITS = range(1, 33)


@dataclass(frozen=True)
class QuantizationRecord:
    """What the index says of a quantized tensor.

    method: "codebook", "affine" or "binary". bits: of a code. snr_db, largest_error: against the original; None when
    not known, snr_db also when nothing was lost. reserves_zero: of codebook. signed, zero_points (one for all, or
    int32, one for each scale), group: of affine. axis, scales (float32; None: those of the codec): of affine, binary.
    """

    method: str
    bits: int
    snr_db: float | None = None
    largest_error: float | None = None
    reserves_zero: bool | None = None
    signed: bool | None = None
    zero_points: int | bytes | None = None
    axis: int | None = None
    group: int | None = None
    scales: bytes | None = None

    def to_wire(self) -> dict[str, Any]:
        """The map, its keys in order."""
        return {key: value for key, value in sorted(vars(self).items()) if value is not None}

    def scale_count(self, shape: tuple[int, ...]) -> int:
        """How many scales a tensor of that shape has."""
        if self.axis is not None:
            return shape[self.axis]
        return shape[0] * -(-math.prod(shape[1:]) // self.group) if self.group is not None else 1


def read(wire: Any, shape: tuple[int, ...], name: str, offset: int) -> QuantizationRecord:
    """The record of a tensor of that shape. Raises CorruptError where a rule is broken."""
    right = type(wire) is dict and set(map(type, wire)) <= {str} and _fields_fit(wire)
    if right:
        record = QuantizationRecord(**{key: value for key, value in wire.items() if key in _KNOWN})
        if _axis_fits(record, shape) and _counts_fit(record, shape):
            return record
    raise CorruptError(
        "the record of a quantization breaks a rule",
        kind="quantization/form",
        tensor=name,
        offset=offset,
        expected="a map as in section 3.6",
        found=canonical.brief(wire),
    )


_TYPES = {
    "bits": int,
    "snr_db": float,
    "largest_error": float,
    "reserves_zero": bool,
    "signed": bool,
    "axis": int,
    "group": int,
    "scales": bytes,
}
_REQUIRED = {
    "codebook": ("method", "bits", "reserves_zero"),
    "affine": ("method", "bits", "signed", "zero_points"),
    "binary": ("method", "bits"),
}
_OPTIONAL = {"codebook": (), "affine": ("axis", "group", "scales"), "binary": ("axis", "scales")}
_OF_METHOD = {method: {*_REQUIRED[method], *_OPTIONAL[method], "snr_db", "largest_error"} for method in _REQUIRED}
_KNOWN = set(QuantizationRecord.__dataclass_fields__)


def _fields_fit(wire: dict[str, Any]) -> bool:
    """Whether the keys are those of the method, with values of their types."""
    method = wire.get("method")
    if type(method) is not str or method not in _REQUIRED or any(key not in wire for key in _REQUIRED[method]):
        return False
    for key, value in wire.items():
        if key in _KNOWN and (key not in _OF_METHOD[method] or type(value) is not _TYPES.get(key, type(value))):
            return False
    if type(wire.get("zero_points", 0)) not in (int, bytes) or wire["bits"] not in _BITS:
        return False
    return not (method == "binary" and wire["bits"] != 1)


def _axis_fits(record: QuantizationRecord, shape: tuple[int, ...]) -> bool:
    """An axis of the shape, or groups of a tensor with rows, not both."""
    if record.axis is not None:
        return record.group is None and 0 <= record.axis < len(shape)
    return record.group is None or (record.group >= 1 and len(shape) > 0)


def _counts_fit(record: QuantizationRecord, shape: tuple[int, ...]) -> bool:
    """As many scales and zero points as there must be, the scales finite and not negative."""
    count = record.scale_count(shape)
    if isinstance(record.zero_points, bytes) and len(record.zero_points) != 4 * count:
        return False
    if isinstance(record.zero_points, int) and not -(2**31) <= record.zero_points < 2**31:
        return False
    if record.scales is None:
        return True
    if len(record.scales) != 4 * count:
        return False
    scales = np.frombuffer(record.scales, "<f4")
    return bool(np.isfinite(scales).all() and not np.signbit(scales).any())
