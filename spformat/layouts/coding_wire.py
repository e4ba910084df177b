"""Codecs as they stand in the index (spec/format.md, section 7): from there to the types of coding.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..codecs import table as codecs
from ..codecs.steps import from_wire
from ..dtypes import BY_NAME, DType
from ..limits import GROUPED_WIDTHS, MAX_DECODED_BYTES, MAX_MODULUS
from .coding import Codebook, Floatsplit, IndexCodec, Rans, Scaled, Strips, ValueCodec, code_width
from .view import View


def index_codec(wire: Any, allowed: tuple[int, ...], view: View) -> IndexCodec | None:
    """The codec of a mask or of gaps that the index gives; None when it breaks a rule."""
    if type(wire) is int:
        return wire if wire in allowed and wire in (codecs.RAW, codecs.BITPACK) else None
    if type(wire) is not list or not wire or type(wire[0]) is not int or wire[0] not in allowed:
        return None
    if wire[0] == codecs.RANS:
        return Rans(wire[1]) if len(wire) == 2 and _is_table(wire[1]) else None
    return _strips(wire, view) if wire[0] == codecs.STRIPS else None


def value_codec(wire: Any, dtype: DType) -> ValueCodec | None:
    """The codec of values that the index gives; None when it breaks a rule."""
    itemsize = dtype.itemsize
    if type(wire) is int:
        return wire if wire == codecs.RAW else None
    if type(wire) is not list or not wire or type(wire[0]) is not int or itemsize > 8:
        return None
    if wire[0] == codecs.CODEBOOK:
        return _codebook(wire, itemsize)
    if wire[0] == codecs.SCALED:
        return _scaled(wire) if dtype == BY_NAME["F32"] else None
    return _floatsplit(wire, itemsize) if wire[0] == codecs.FLOATSPLIT else None


def _codebook(wire: list[Any], itemsize: int) -> Codebook | None:
    if len(wire) != 3 or type(wire[1]) is not bytes:
        return None
    _, patterns, codes = wire
    if len(patterns) % itemsize or not 1 <= len(patterns) // itemsize <= 256:
        return None
    numbers = np.frombuffer(patterns, np.dtype(f"<u{itemsize}"))
    if (numbers[1:] <= numbers[:-1]).any():
        return None
    if type(codes) is int:
        return Codebook(patterns, None) if codes == codecs.BITPACK else None
    is_rans = type(codes) is list and len(codes) in (2, 3) and type(codes[0]) is int and codes[0] == codecs.RANS
    if not is_rans or not _is_table(codes[1]):
        return None
    if len(codes) == 2:
        return Codebook(patterns, codes[1])
    groups = codes[2] is True and code_width(len(numbers)) in GROUPED_WIDTHS
    return Codebook(patterns, codes[1], grouped=True) if groups else None


def _scaled(wire: list[Any]) -> Scaled | None:
    if len(wire) not in (5, 6):
        return None
    _, runs, scales, book, codes, *wrap = wire
    run, row = runs if type(runs) is list and len(runs) == 2 else (runs, 0)
    if type(run) is not int or not 1 <= run <= MAX_DECODED_BYTES or not _is_row(row, run, type(runs) is list):
        return None
    steps = _codebook([codecs.CODEBOOK, from_wire(book), codes], 4)
    if steps is None or type(scales) is not bytes or not scales or len(scales) % 4:
        return None
    numbers = np.frombuffer(scales, "<f4")
    patterns = np.frombuffer(steps.patterns, "<f4")
    sound = np.isfinite(numbers).all() and not np.signbit(numbers).any() and np.isfinite(patterns).all()
    if not sound or (wrap and not _is_wrap(wrap[0], len(numbers), patterns)):
        return None
    return Scaled(run, scales, steps, row, *(wrap[0] if wrap else ()))


def _is_wrap(wrap: Any, scales: int, steps: npt.NDArray[np.float32]) -> bool:
    """A modulus and a top below it for each scale, with steps that are integers from 0 on below it."""
    if type(wrap) is not list or len(wrap) != 2 or type(wrap[0]) is not int or type(wrap[1]) is not bytes:
        return False
    modulus, tops = wrap
    if not 2 <= modulus <= MAX_MODULUS or len(tops) != scales or max(tops) >= modulus:
        return False
    return bool((~np.signbit(steps) & (steps < modulus) & (steps == np.floor(steps))).all())


def _is_row(row: Any, run: int, said: bool) -> bool:
    """A length that is no multiple of a run; 0 where none is said."""
    return not said or (type(row) is int and run < row <= MAX_DECODED_BYTES and row % run > 0)


def _floatsplit(wire: list[Any], itemsize: int) -> Floatsplit | None:
    if len(wire) != 4 or set(map(type, wire)) != {int}:
        return None
    _, shift, base, table = wire
    width = 8 * itemsize
    if not _is_table(table) or not max(0, width - 16) <= shift <= width - 2 or not 0 <= base < 1 << (width - 1 - shift):
        return None
    return Floatsplit(shift, base, table)


def _is_table(number: Any) -> bool:
    return type(number) is int and 0 <= number <= 255


def _strips(wire: list[Any], view: View) -> Strips | None:
    if list(map(type, wire)) != [int, int, int, bytes, bytes, bytes]:
        return None
    _, row_classes, column_classes, tables, rows, columns = wire
    if not (1 <= row_classes <= 16 and 1 <= column_classes <= 16):
        return None
    row_class = _native.read_classes(rows, code_width(row_classes), row_classes, view.rows)
    column_class = _native.read_classes(columns, code_width(column_classes), column_classes, view.row_elements)
    if len(tables) != row_classes * column_classes or row_class is None or column_class is None:
        return None
    return Strips(row_classes, column_classes, tables, row_class, column_class)
