"""All vectors. Another part of the format means another line here."""

from __future__ import annotations

from . import (
    broken_blocks,
    broken_coded,
    broken_container,
    broken_quantized,
    broken_storage,
    valid_coded,
    valid_container,
    valid_plain,
    valid_quantized,
)
from .vector import Vector

VALID = (valid_container, valid_plain, valid_coded, valid_quantized)
INVALID = (broken_container, broken_storage, broken_blocks, broken_coded, broken_quantized)


def vectors() -> list[Vector]:
    return [vector for part in (*VALID, *INVALID) for vector in part.vectors()]
