"""Vectors of quantized tensors: scaled values (section 7.7) and what the index says of a quantization (3.6)."""

from __future__ import annotations

import struct
from math import inf
from typing import Any

import numpy as np

from tests.gap_model import Code

from .building import File, sparse
from .coders import Codebook, Rans, Scaled, free_form
from .valid_container import valid
from .vector import Valid


def vectors() -> list[Valid]:
    return [*_scaled(), *_records()]


def bits(*numbers: float) -> list[int]:
    """The bit patterns of F32 numbers."""
    found: list[int] = np.array(numbers, np.float32).view(np.uint32).tolist()
    return found


def loss(decibels: float, largest: float) -> bytes:
    """What a quantization lost, as the index says it."""
    return struct.pack("<2f", decibels, largest)


def book(*numbers: float) -> Codebook:
    """Steps, in the order of their bit patterns."""
    return Codebook(sorted(bits(*numbers)), 4)


def _scaled() -> list[Valid]:
    signs, scales = book(1, -1), bits(1.5, 2)
    worked = File().bitmask("t", "F32", [2, 3], bits(1, -1, 0, 0, 1, -1), None, Scaled(3, scales, signs))
    layouts = File()
    steps = [bits(0, 0, 0, 1, 2, -3, 0, 5)[i * i % 31 % 8] for i in range(120)]
    live, all_steps = book(1, 2, -3, 5), book(0, 1, 2, -3, 5)
    gaps = layouts.table(free_form([9] * 8))
    coded = Codebook(live.book, 4, layouts.table(free_form([20, 18, 16, 9])), 1)
    for name, run, count in (("rows", 12, 10), ("columns", 1, 12), ("middle", 3, 4), ("groups", 5, 24), ("one", 7, 1)):
        table = bits(*(0.1 + i / 7 for i in range(count)))
        shape = [10, 4, 3]
        layouts.dense(f"dense, {name}", "F32", shape, steps, Scaled(run, table, all_steps), block_elements=50)
        layouts.bitmask(f"bitmask, {name}", "F32", shape, steps, None, Scaled(run, table, live), block_elements=41)
        layouts.csr(f"fillers, {name}", "F32", shape, steps, Code(bits=1), None, Scaled(run, table, all_steps))
        across = Code(axis=1, bits=3, escape=1)
        layouts.csr(f"axis column, {name}", "F32", shape, steps, across, Rans(gaps), Scaled(run, table, coded), 30)
    extremes = File()
    smallest, largest = float(np.finfo(np.float32).smallest_subnormal), float(np.finfo(np.float32).max)
    numbers = bits(1, -1, 3, -127, 0.3)
    steps = [step for step in numbers for _ in range(5)]
    table = bits(smallest, largest, 0, 1 / 3, 1e-40)
    extremes.dense("t", "F32", [25], steps, Scaled(1, table, Codebook(sorted(numbers), 4)))
    return [
        _integers(),
        _one_scale(),
        _long_runs(),
        _rows(),
        _wraps(),
        valid("scaled/worked", "The worked bytes of section 7.7.", worked),
        valid("scaled/layouts", "Steps in each layout and view, scales of rows, columns, groups and all.", layouts),
        valid("scaled/extremes", "Products that round, vanish, are subnormal, overflow; a scale of zero.", extremes),
    ]


def _integers() -> Valid:
    integers = File()
    integer_steps: list[tuple[str, tuple[int, ...], list[Any]]] = [
        ("signs", (1, -1), [-1, b"\5"]),
        ("with zero", (0, 1, -2), [-2, b"\x0d"]),
        ("negative", (-9, -8, -1), [-9, b"\3\1"]),
        ("positive", (3, 12), [3, b"\1\2"]),
        ("one", (7,), [7, b"\1"]),
        ("largest", (2**24, 2**24 - 1), [2**24 - 1, b"\3"]),
        ("smallest", (-(2**24), -(2**24) + 2), [-(2**24), b"\5"]),
    ]
    for name, of_step, wire in integer_steps:
        steps = [bits(*of_step)[i * i % 7 % len(of_step)] for i in range(12)]
        integers.dense(name, "F32", [3, 4], steps, Scaled(4, bits(0.5, 3, 1e-3), book(*of_step), wire))
        one = Scaled(1, bits(0.1), book(*of_step), wire)
        integers.csr(f"one scale, {name}", "F32", [3, 4], steps, Code(bits=1), None, one)
    every = [*range(128), *range(-1, -129, -1)]
    integers.dense("int8", "F32", [256], bits(*every), Scaled(2**62, bits(0.1), book(*every), [-128, b"\xff" * 32]))
    return valid("scaled/integers", "Steps that are integers, as bits.", integers)


def _one_scale() -> Valid:
    smallest, largest = float(np.finfo(np.float32).smallest_subnormal), float(np.finfo(np.float32).max)
    vanish = File()
    steps = bits(1, -1, 0, 5, 0, -3) * 3
    for name, scale in (("zero", 0.0), ("subnormal", smallest), ("less", smallest / 2), ("infinite", largest)):
        for of, rest in (("one", ()), ("two", (1.0,))):
            coding = Scaled(9, bits(scale, *rest), book(0, 1, -1, 5, -3, 0.25))
            vanish.dense(f"dense, {name}, {of}", "F32", [2, 9], steps, coding)
            vanish.bitmask(f"bitmask, {name}, {of}", "F32", [2, 9], steps, None, coding)
            vanish.csr(f"fillers, {name}, {of}", "F32", [2, 9], steps, Code(bits=1), None, coding)
    return valid("scaled/one-scale", "One scale or two; products that vanish, or are infinite.", vanish)


def _long_runs() -> Valid:
    rows = File()
    steps = [bits(0, 0, 1, 0, -2, 0, 0)[i * i % 67 % 7] for i in range(900)]
    live = book(1, -2)
    for name, run, count in (("rows of 90", 90, 10), ("rows of 64", 64, 3), ("a run of 65", 65, 4), ("63", 63, 5)):
        coding = Scaled(run, bits(*(0.3 + i / 7 for i in range(count))), live)
        rows.bitmask(name, "F32", [10, 90], steps, None, coding)
        rows.bitmask(f"{name}, blocks", "F32", [10, 90], steps, None, coding, block_elements=123)
    return valid(
        "scaled/long-runs", "Masks whose values have one scale in long runs, which blocks and bytes cut.", rows
    )


def _rows() -> Valid:
    rows = File()
    steps = [bits(0, 0, 1, 0, -2, 0, 0)[i * i % 67 % 7] for i in range(900)]
    for name, run, row, count in (
        ("groups of rows", 64, 90, 20),
        ("few scales", 7, 30, 3),
        ("a long row", 400, 901, 2),
    ):
        scales = bits(*(0.3 + i / 7 for i in range(count)))
        for blocks in (900, 123):
            of_live = Scaled(run, scales, book(1, -2), row=row)
            rows.bitmask(f"{name}, bitmask, {blocks}", "F32", [10, 90], steps, None, of_live, block_elements=blocks)
            of_all = Scaled(run, scales, book(0, 1, -2), row=row)
            rows.dense(f"{name}, dense, {blocks}", "F32", [10, 90], steps, of_all, block_elements=blocks)
    across = Code(axis=1, bits=4, escape=1)
    rows.csr("axis column", "F32", [10, 90], steps, across, None, Scaled(64, scales, book(1, -2), row=90))
    return valid("scaled/rows", "Runs that begin anew in each row, which they do not divide.", rows)


def _wraps() -> Valid:
    wraps = File()
    worked = Scaled(3, bits(1.5, 2), Codebook(bits(1, 2, 3), 4), [1, b"\7"], modulus=4, tops=(1, 2))
    wraps.bitmask("worked", "F32", [2, 3], bits(1, 3, 0, 0, 2, 3), None, worked)
    steps = bits(*([0, 0, 255, 0, 7, 128, 100][i * i % 67 % 7] for i in range(900)))
    few, live = book(0, 7, 100, 128, 255), book(7, 100, 128, 255)
    forms: list[tuple[str, int, int | None, int]] = [
        ("rows", 90, None, 10),
        ("columns", 1, None, 90),
        ("groups", 64, 90, 20),
    ]
    for name, run, row, count in forms:
        scales = bits(*(0.3 + i / 7 for i in range(count)))
        tops = tuple((0, 255, 127, 99, 128)[i % 5] for i in range(count))
        of_all = Scaled(run, scales, few, row=row, modulus=256, tops=tops)
        of_live = Scaled(run, scales, live, row=row, modulus=256, tops=tops)
        wraps.dense(f"{name}, dense", "F32", [10, 90], steps, of_all, block_elements=77)
        wraps.bitmask(f"{name}, bitmask", "F32", [10, 90], steps, None, of_live, block_elements=123)
        wraps.csr(f"{name}, fillers", "F32", [10, 90], steps, Code(bits=1), None, of_all)
        wraps.csr(f"{name}, axis column", "F32", [10, 90], steps, Code(axis=1, bits=4, escape=1), None, of_live)
    one = Scaled(1, bits(0.5), live, modulus=256, tops=(127,))
    wraps.bitmask("one scale", "F32", [10, 90], steps, None, one)
    return valid("scaled/wraps", "Steps that stand for negative numbers above the top of their scale.", wraps)


def _records() -> list[Valid]:
    file = File()
    values = [[0, *bits(-1.5, 0.25, 2.0)][i % 4] for i in range(12)]
    file.zeros_form("codebook", "F32", [3, 4], values)
    file.record(0, 2, loss(31.5, 0.125), True)
    file.tie("tied", 0)
    file.copy("copied", 0)
    file.zeros_form("codebook of BF16", "BF16", [2, 2], [0x3F80, 0x4000, 0x3F80, 0x4000])
    file.record(0, 1, None, False, [1], "of a later version")
    one = b"\0\0\0\x3f"
    file.zeros_form("affine", "F32", [2, 2], bits(0.5, -64, 0, 63.5))
    file.record(1, 8, loss(inf, 0.0), True, 0, None, None, one)
    file.entries[-1].append({"feature of a later version": 1})
    steps, scaled = bits(1, 2, 0, -3, 1, 2), book(1, 2, -3)
    points = b"\xfe\1"  # -2 and 1
    file.bitmask("axis", "F32", [2, 3], steps, None, Scaled(3, bits(0.5, 0.25), scaled))
    file.record(1, 4, loss(-20.0, inf), True, points, 0, None, None)
    worked = Scaled(3, bits(1.5, 2), Codebook(bits(1, 2, 3), 4), [1, b"\7"], modulus=4, tops=(1, 2))
    file.bitmask("points of the codec", "F32", [2, 3], bits(1, 3, 0, 0, 2, 3), None, worked)
    file.record(1, 2, None, False, None, 0, None, None)
    file.zeros_form("wide points", "F32", [2, 2], bits(0.5, -64, 0, 63.5))
    file.record(1, 32, None, True, b"\0\1\2\3\4\5\6\7", 1, None, one * 2)
    file.bitmask("group", "F32", [2, 3], steps, None, Scaled(1, bits(1, 1, 2, 3, 3, 4), scaled))
    file.record(1, 3, None, False, 3, None, 2, None)
    file.dense("binary", "F32", [2, 3], bits(1, -1, 1, 1, 1, -1), Scaled(3, bits(0.5, 0), book(1, -1)))
    file.record(2, 1, loss(-inf, 1.0), 0, None)
    file.zeros_form("empty", "F32", [0, 3], []).record(1, 8, None, True, b"", 0, None, None)
    small = File().bitmask("t", "U8", [9], sparse(9, 0.5, 8, 1)).record(0, 9, None, True)
    return [
        valid("quantization/methods", "Codebook, affine and binary; a tie and a copy of a quantized tensor.", file),
        valid("quantization/integers", "The record does not depend on the data type.", small),
    ]
