"""Steps of codec scaled as they stand in the index (spec/format.md, section 7.7): patterns, or the bits of integers."""

from __future__ import annotations

from typing import Any

import numpy as np

LARGEST = 1 << 24  # integers up to here are float32 numbers
MOST = 256


def to_wire(patterns: bytes) -> bytes | list[Any]:
    """The shorter of both forms for patterns of float32 numbers, which ascend as unsigned integers."""
    numbers = np.frombuffer(patterns, "<f4").astype(np.float64)
    if (np.abs(numbers) > LARGEST).any() or (numbers != np.rint(numbers)).any() or b"\0\0\0\x80" in _each(patterns):
        return patterns
    least = int(numbers.min())
    present = np.zeros(int(numbers.max()) - least + 1, np.uint8)
    present[numbers.astype(np.int64) - least] = 1
    packed = np.packbits(present, bitorder="little").tobytes()
    return [least, packed] if len(packed) < len(patterns) else patterns


def from_wire(wire: Any) -> bytes | None:
    """The patterns; None when they break a rule. Patterns themselves are not looked at."""
    if type(wire) is bytes:
        return wire
    if type(wire) is not list or list(map(type, wire)) != [int, bytes]:
        return None
    least, packed = wire
    if not 0 < len(packed) <= LARGEST // 4 + 1 or not packed[0] & 1 or not packed[-1] or abs(least) > LARGEST:
        return None
    if int.from_bytes(packed, "little").bit_count() > MOST:  # before each takes eight bytes
        return None
    places = np.flatnonzero(np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little"))
    numbers = least + places
    if numbers[-1] > LARGEST:
        return None
    return np.concatenate([numbers[numbers >= 0], numbers[numbers < 0][::-1]]).astype("<f4").tobytes()


def _each(patterns: bytes) -> list[bytes]:
    return [patterns[at : at + 4] for at in range(0, len(patterns), 4)]
