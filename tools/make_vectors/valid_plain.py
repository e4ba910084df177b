"""Vectors of sections 5 and 6 with the plain codecs: dense, bitmask, and the family of gap codes."""

from __future__ import annotations

from tests.gap_model import Code

from .building import DTYPES, File, sparse
from .valid_container import valid
from .vector import Valid

F32 = {1.2: 0x3F99999A, 0.6: 0x3F19999A, 3.4: 0x4059999A, 3.0: 0x40400000, 0.9: 0x3F666666, 2.7: 0x402CCCCD}
F32 |= {-0.2: 0xBE4CCCCD, 2.1: 0x40066666, 1.7: 0x3FD9999A}
LECTURE = Code(restart_rows=1, carry=1, origin=0, bias=0, bits=2)


def vectors() -> list[Valid]:
    return [*_dense(), *_bitmask(), *_worked(), *_family(), *_groups(), *_edges()]


def placed(count: int, values: dict[int, float]) -> list[int]:
    """F32 patterns of `count` elements, some of them not zero."""
    return [F32[values[i]] if i in values else 0 for i in range(count)]


def _dense() -> list[Valid]:
    one = File().dense("t", "U16", [3, 2], [1, 0, 0xFFFF, 0, 0, 256])
    several = File().dense("t", "U8", [7], [0, 1, 0, 2, 0, 0, 3], block_elements=3)
    return [
        valid("dense/one-block", "The long form of what the form with zeros says, too.", one),
        valid("dense/blocks", "Blocks of three elements, the last of one.", several),
        valid("dense/all-zero", "Nothing but zeros.", File().zeros_form("t", "F32", [2, 3], [0] * 6)),
    ]


def _bitmask() -> list[Valid]:
    worked = File().bitmask("t", "U8", [6], [0, 7, 0, 0, 9, 1])
    blocks = File().bitmask("t", "U16", [5, 5], sparse(25, 0.5, 16, 2), block_elements=6)
    extremes = File().bitmask("none", "U8", [9], [0] * 9).bitmask("all", "U8", [8], range(1, 9))
    extremes.bitmask("scalar", "F32", [], [0x80000000]).bitmask("one zero", "U8", [1], [0])
    typed = File()
    for i, dtype in enumerate(DTYPES):
        bits = 8 * File().zeros_form("t", dtype, [], [0]).tensors[0].itemsize
        typed.bitmask(dtype, dtype, [10], [1 << (bits - 1), *sparse(9, 0.4, bits, i)])
    return [
        valid("bitmask/worked", "The worked bytes of section 5.2.", worked),
        valid("bitmask/blocks", "Blocks that end inside rows and bytes; each mask starts anew.", blocks),
        valid("bitmask/extremes", "No nonzeros, nothing but nonzeros, one element; -0.0 is a nonzero.", extremes),
        valid("bitmask/data-types", "Each size of a value; the first is the sign bit alone.", typed),
    ]


def _worked() -> list[Valid]:
    at = {0: 1.2, 18: 0.6, 19: 3.4, 35: 3.0, 50: 0.9, 67: 2.7, 70: -0.2, 88: 2.1}
    lecture = File().csr("t", "F32", [6, 15], placed(90, at), LECTURE)
    flat = File().csr("t", "F32", [16], placed(16, {1: 3.4, 4: 0.9, 15: 1.7}), Code(origin=0, bits=3, restart_rows=16))
    column = [0, 0, 1, 2, *[0] * 18, 3]
    eie = File().csr("t", "U8", [23, 1], column, Code(axis=1, restart_rows=1, bits=4))
    wide = File().csr("t", "U8", [23, 5], sparse(115, 0.2, 8, 3), Code(axis=1, restart_rows=1, bits=4))
    return [
        valid("csr/lecture", "Preset lecture on the matrix of section 6.5; a step of 0 keeps the position.", lecture),
        valid("csr/deep-compression", "Preset deep-compression on the figure of section 6.5, one filler.", flat),
        valid("csr/eie", "Preset eie on the column of section 6.5, one filler after 15 zeros.", eie),
        valid("csr/eie-matrix", "Preset eie on five columns: the view is the transpose.", wide),
    ]


def _family() -> list[Valid]:
    fillers, escapes, typed, others = File(), File(), File(), File()
    for bits in range(17):
        fillers.csr(f"{bits} bits", "U8", [3, 40], sparse(120, 0.05, 8, bits), Code(bits=bits))
    for bits in range(1, 17):
        escapes.csr(f"{bits} bits", "U8", [3, 40], sparse(120, 0.05, 8, bits), Code(bits=bits, escape=1))
    for i, dtype in enumerate(DTYPES):
        size = 8 * File().zeros_form("t", dtype, [], [0]).tensors[0].itemsize
        typed.csr(f"filler {dtype}", dtype, [30], sparse(30, 0.2, size, i), Code(bits=2))
        typed.csr(f"escape {dtype}", dtype, [30], sparse(30, 0.2, size, i), Code(bits=2, escape=1))
    for i, (origin, bias) in enumerate([(0, 0), (0, 1), (-1, 0), (5, 0), (5, 1), (2**31 - 1, 1)]):
        for escape in (0, 1):
            code = Code(origin=origin, bias=bias, bits=2, escape=escape)
            others.csr(f"origin {origin}, bias {bias}, fill {escape}", "U8", [50], sparse(50, 0.2, 8, i), code)
    largest = File().csr("t", "U8", [20], [0] * 3 + [7] + [0] * 3 + [8] + [0] * 12, Code(bits=2))
    return [
        valid("csr/fillers", "Fillers with each width of a code; with 0 bits all steps are 1.", fillers),
        valid("csr/escapes", "Escapes with each width of a code.", escapes),
        valid("csr/data-types", "Values of each data type, with fillers and with escapes.", typed),
        valid("csr/origin-bias", "Other origins and biases: the first difference of a group may wrap.", others),
        valid("csr/largest-code", "With fillers the largest code carries a value, unless that is zero.", largest),
    ]


def _groups() -> list[Valid]:
    elements = sparse(84, 0.3, 8, 5)
    rows = File()
    for restart in (1, 2, 3, 7, 100, 2**64 - 1):
        code = Code(restart_rows=restart, bits=3)
        rows.csr(f"{restart} rows", "U8", [7, 12], elements, code)
        rows.csr(f"{restart} columns", "U8", [7, 12], elements, Code(axis=1, restart_rows=restart, bits=3))
    carry = File()
    for i, (bias, escape) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        code = Code(restart_rows=1, carry=1, origin=3, bias=bias, bits=2, escape=escape)
        carry.csr(f"bias {bias}, fill {escape}", "U8", [7, 12], sparse(84, 0.2, 8, i), code)
    blocks = File().csr("any", "U8", [7, 12], elements, Code(bits=3), block_elements=10)
    blocks.csr("rows", "U8", [7, 12], elements, Code(bits=3, restart_rows=2), block_elements=48)
    blocks.csr("columns", "U8", [7, 12], elements, Code(axis=1, bits=3, restart_rows=1), block_elements=21)
    blocks.csr("columns, no groups", "U8", [7, 12], elements, Code(axis=1, bits=3), block_elements=21)
    cube = File().csr("t", "U8", [3, 2, 2, 7], elements, Code(axis=1, bits=3))
    return [
        valid("csr/groups", "Groups of rows (of columns): also as long as the tensor, and far longer.", rows),
        valid("csr/carry", "A group starts with the state that the group before it ended in.", carry),
        valid("csr/blocks", "Several blocks, with and without groups; the last may have one group.", blocks),
        valid("csr/rank-4", "Columns of a tensor of four dimensions: the last three are the columns.", cube),
    ]


def _edges() -> list[Valid]:
    nothing = File()
    for restart in (0, 1):
        for axis in (0, 1):
            code = Code(axis=axis, restart_rows=restart)
            nothing.csr(f"axis {axis}, {restart} rows", "U8", [4, 5], [0] * 20, code)
    single = File().csr("nonzero", "F64", [], [1], Code()).csr("zero", "F64", [], [0], Code())
    single.csr("scalar column", "U8", [], [3], Code(axis=1, restart_rows=1))
    lone = File().csr("t", "U8", [3, 300], [0] * 600 + [0] * 299 + [1], Code(restart_rows=1, bits=1))
    return [
        valid("csr/all-zero", "No entries; the pointers have 0 bits.", nothing),
        valid("csr/scalars", "Tensors of one element, row by row and column by column.", single),
        valid("csr/many-fillers", "More entries than elements in a group: 300 steps of at most 2.", lone),
        valid(
            "csr/more-entries-than-elements",
            "From origin 1 to position 0 is a whole turn; then on to the last: 17 entries for 10 elements.",
            File().csr("t", "U8", [10], [3, *[0] * 8, 4], Code(origin=1, bits=1, escape=1)),
        ),
    ]
