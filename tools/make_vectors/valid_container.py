"""Vectors of sections 2 and 3: frame, metadata, names, ties, shapes, data types, features of later minor versions."""

from __future__ import annotations

from typing import Any

from .building import DTYPES, File, sparse
from .vector import Valid

U8_VALUES = [7, 0, 255]


def vectors() -> list[Valid]:
    return [*_frame(), *_tensors(), *_later()]


def valid(name: str, why: str, file: File, **wrong: Any) -> Valid:
    return Valid(name, why, file.build(**wrong), file.tensors, file.metadata)


def _frame() -> list[Valid]:
    deep: Any = "innermost"
    for level in range(16):
        deep = {"k": deep} if level % 2 else [deep]
    metadata = {
        "": "an empty key",
        "\x00": "before all others",
        "bool": [True, False, None],
        "deep": deep,
        "float": [0.0, -0.0, 1.5, 1e300, -5e-324],
        "int": [0, 127, 128, -32, -33, 2**32, 2**64 - 1, -(2**63)],
        "map": {"a": [], "b": {}},
        "zz": "é 漢 \U0001f600 \n\x00",
        "é": "after all of ASCII",
        "\uffff": "three bytes of UTF-8 come before four",
        "\U0001f600": "though UTF-16 has them the other way round",
    }
    return [
        valid("container/no-tensors", "An empty array of tensors, no metadata: the shortest file.", File()),
        valid("container/metadata", "Each kind of metadata, keys in UTF-8 order, 16 levels.", File(metadata)),
    ]


def _tensors() -> list[Valid]:
    names = ["", " ", "a\x00b", "../../etc/passwd", "é漢\U0001f600", "\n", "layer.0.weight", "x" * 300]
    named, typed, ties = File(), File(), File()
    for i, name in enumerate(names):
        named.zeros_form(name, "U8", [2], [i, 0])
    for dtype, code in zip(DTYPES, range(22), strict=True):
        bits = 8 * File().zeros_form("t", dtype, [], [0]).tensors[0].itemsize
        top = 1 << (bits - 1)
        typed.zeros_form(dtype, dtype, [5], [0, top, 1, 2 * top - 1, code])
    ties.zeros_form("", "U8", [3], U8_VALUES).tie("of the empty name", 0).zeros_form("w", "U8", [], [9])
    ties.tie("a", 2).tie("b", 2).zeros_form("last", "U8", [1], [1])
    copies = File().zeros_form("a", "U8", [3], U8_VALUES).copy("copy", 0).tie("tie of the copy", 1).copy("another", 0)
    copies.tie("tie", 0).zeros_form("b", "U8", [0], []).copy("of no elements", 5)
    shapes = File().zeros_form("scalar", "U16", [], [0xBEEF]).zeros_form("zero scalar", "U8", [], [0])
    shapes.zeros_form("64 dimensions", "U8", [1] * 64, [5]).zeros_form("rank 5", "U8", [1, 2, 1, 3, 1], range(6))
    empty = File().zeros_form("a", "F32", [0], []).zeros_form("b", "C128", [3, 0], []).zeros_form("c", "U8", [1], [1])
    empty.zeros_form("as long as may be", "U8", [0, 2**62], []).tie("tied", 1)
    return [
        valid("container/names", "Names are any text: empty, with NUL, like a path, not ASCII, long.", named),
        valid("container/data-types", "Each data type; zero, sign bit alone, all bits (a NaN) and more.", typed),
        valid("container/ties", "Several names for one storage, also for the empty name and for a scalar.", ties),
        valid("container/copies", "Equal tensors stored once; unlike ties they are tensors of their own.", copies),
        valid("container/shapes", "0-d tensors, the largest rank, lengths of 1.", shapes),
        valid("container/no-elements", "Tensors of no elements take no bytes; a length of 0 counts as 1.", empty),
    ]


def _later() -> list[Valid]:
    later = File({"a": 1}).zeros_form("t", "U8", [3], U8_VALUES).tie("u", 0)
    later.entries[0].append({"later": [1, {"a": None, "b": b"x"}]})
    later.others = {"aaa": {"x": 1.5}, "zzz": b"bin is allowed here"}
    deep = File()
    nested: Any = 0
    for _ in range(63):
        nested = [nested]
    deep.others = {"zzz": nested}
    return [
        valid(
            "container/later-minor",
            "Minor version 42: unknown keys of the top level and of an entry are ignored.",
            later,
            version=b"\x01\x2a" + bytes(6),
        ),
        valid("container/deep", "An unknown key with as many arrays inside each other as an index may have.", deep),
        valid(
            "container/unused-table",
            "A table that no tensor uses is not looked at, though it is broken.",
            _with_table(File().zeros_form("t", "U8", [9], sparse(9, 0.5, 8, 1))),
        ),
    ]


def _with_table(file: File) -> File:
    file.table(b"\x03")
    return file
