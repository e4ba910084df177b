"""Vectors whose index is right and one of whose blocks breaks a rule of sections 4, 5 and 6, with its digest right."""

from __future__ import annotations

from tests import forge, stored
from tests.gap_model import Code

from .broken_container import ENTRY, U8, file_of
from .building import File, sparse
from .vector import Invalid

Group = list[tuple[int, int | None]]  # codes with their values; an escape has none
FILLER, ESCAPE = Code(bits=2), Code(bits=2, escape=1)
ZERO = Code(bits=2, origin=0)
ROWS = Code(bits=2, restart_rows=1)
CARRY = Code(restart_rows=1, bits=2, bias=0, carry=1, origin=0)


def vectors() -> list[Invalid]:
    return [*_digest(), *_dense(), *_bitmask(), *_position(), *_zero(), *_counts(), *_padding(), *_pointers()]


def _digest() -> list[Invalid]:
    file = (
        File().bitmask("a", "U8", [4], [1, 0, 0, 2]).bitmask("b", "U8", [20], sparse(20, 0.5, 8, 1), block_elements=8)
    )
    third = forge.Opened(file.build())
    third.body[third.blocks(1)[2][0]] ^= 0x10
    one = file_of([ENTRY], b"\7\0\2")
    return [
        Invalid("block/digest", "block-2", "A bit of the third block is flipped.", third.build(), "b", 2),
        Invalid("block/digest", "zeros-form", "Another byte where block and tensor share a digest.", one, "t", 0),
    ]


def _dense() -> list[Invalid]:
    file = File().dense("t", "U8", [4], [1, 0, 0, 2], block_elements=2)
    file.entries[0][4][4][4] = 2
    zeros = file_of([[*ENTRY[:4], 2]])
    return [
        Invalid("dense/nonzeros", "zeros-form", "Two zeros declared, one found.", zeros, "t", 0),
        Invalid("dense/nonzeros", "block-1", "Two nonzeros declared, one found.", file.build(), "t", 1),
    ]


def _bitmask() -> list[Invalid]:
    def of(rule: str, name: str, why: str, data: bytes, nonzeros: int) -> Invalid:
        entry = forge.storage_entry("t", U8, [6], bytes(6), [1, [], [0, 0], 6], [(data, nonzeros, nonzeros)])
        return Invalid(rule, name, why, file_of([entry], data), "t", 0)

    return [
        of("bitmask/count", "fewer", "Three bits, two nonzeros.", b"\x32\7\x09", 2),
        of("bitmask/count", "more", "Three bits, four nonzeros.", b"\x32\7\x09\1\2", 4),
        of("bitmask/padding", "first", "The bit after the last element.", b"\x52\7\x09\1", 3),
        of("bitmask/padding", "last", "The last bit of the byte.", b"\x92\7\x09\1", 3),
        of("bitmask/zero", "value", "The second value is zero.", b"\x32\7\0\1", 3),
    ]


def csr(
    rule: str,
    name: str,
    why: str,
    code: Code,
    groups: list[Group],
    nonzeros: int | None = None,
    shape: tuple[int, int] = (1, 12),
    width: int | None = None,
) -> Invalid:
    """A U8 tensor of one block with these entries; `nonzeros` are the values that are not zero unless given."""
    data = stored.csr_block(groups, len(groups) > 1, code.bits, 1, width)
    entries = [entry for group in groups for entry in group]
    counted = sum(bool(value) for _, value in entries)
    return block(rule, name, why, code, data, counted if nonzeros is None else nonzeros, len(entries), shape)


def block(
    rule: str, name: str, why: str, code: Code, data: bytes, nonzeros: int, entries: int, shape: tuple[int, int]
) -> Invalid:
    elements = shape[0] * shape[1]
    head = [2, code.parameters, [1, 0], elements]
    entry = forge.storage_entry("t", U8, list(shape), bytes(elements), head, [(data, nonzeros, entries)])
    return Invalid(rule, name, why, file_of([entry], data), "t", 0)


def _position() -> list[Invalid]:
    rule, third = "csr/position", (3, 4)
    beyond: Group = [(3, 1), (3, 1), (3, 1), (3, 1)]
    filled: Group = [(0, 1), (3, 0), (3, 0), (3, 0), (0, 5)]
    escaped: Group = [(0, 1), (3, None), (3, None), (3, None), (3, None), (0, 5)]
    around: Group = [(3, 0), (3, 0), (3, 0), (1, 5)]
    pairs = Code(bits=3, restart_rows=2)
    return [
        csr(rule, "beyond", "The fourth value lies beyond the block.", FILLER, [beyond]),
        csr(rule, "beyond-origin-0", "As beyond, with an origin where positions may wrap.", ZERO, [beyond]),
        csr(rule, "fillers", "Fillers lead beyond the block.", FILLER, [filled]),
        csr(rule, "escapes", "Escapes lead beyond the block.", ESCAPE, [escaped]),
        csr(rule, "turn", "More than a whole turn round the group: no encoder writes that.", ZERO, [around]),
        csr(
            rule,
            "stays",
            "A step of 0 puts a value where the one before it is.",
            Code(bits=2, bias=0, origin=0),
            [[(1, 5), (0, 6)]],
        ),
        csr(rule, "group", "A value lies beyond its group.", ROWS, [[(3, 7), (0, 1)], [], []], shape=third),
        csr(
            rule,
            "wraps",
            "A value lies before the one before it.",
            CARRY,
            [[(3, 1)], [(0, 1), (2, 1)], []],
            shape=third,
        ),
        csr(
            rule,
            "last-group",
            "The last group is shorter than L; a value lies beyond it.",
            pairs,
            [[(0, 1)], [(5, 1)]],
            shape=third,
        ),
    ]


def _zero() -> list[Invalid]:
    ones = Code(bits=1, restart_rows=1)
    shape = (3, 4)
    return [
        csr("csr/zero", "filler", "A value is zero and its code is 2 of at most 3.", FILLER, [[(2, 0), (1, 5)]]),
        csr("csr/zero", "escape", "A value is zero where escapes are used.", ESCAPE, [[(1, 5), (1, 0)]], nonzeros=2),
        csr("csr/last", "filler", "A filler is the last entry.", FILLER, [[(1, 5), (3, 0)]]),
        csr("csr/last", "escape", "An escape is the last entry.", ESCAPE, [[(1, 5), (3, None)]]),
        csr("csr/last", "alone", "A filler is the only entry.", FILLER, [[(3, 0)]]),
        csr("csr/last", "group", "A filler is the last of a group.", ones, [[(0, 1)], [(1, 0)], [(0, 1)]], shape=shape),
    ]


def _counts() -> list[Invalid]:
    entries: Group = [(1, 5), (3, 0), (1, 6)]
    few = stored.pack_bits([1, 3, 1], 2) + b"\5"
    many = stored.pack_bits([1, 3, 1], 2) + b"\5\5\5"
    rule = "csr/nonzeros"
    return [
        csr(rule, "filler-fewer", "Three nonzeros declared, two found.", FILLER, [entries], nonzeros=3),
        csr(rule, "filler-more", "One nonzero declared, two found.", FILLER, [entries], nonzeros=1),
        block(rule, "escape-fewer", "Three values for two codes that carry one.", ESCAPE, many, 3, 3, (1, 12)),
        block(rule, "escape-more", "One value for two codes that carry one.", ESCAPE, few, 1, 3, (1, 12)),
    ]


def _padding() -> list[Invalid]:
    found = []
    for bit in (2, 7):
        data = bytes([1 | 1 << bit, 5])
        found.append(block("csr/padding", f"bit-{bit}", "One code of two bits, and more.", FILLER, data, 1, 1, (1, 12)))
    return found


def _pointers() -> list[Invalid]:
    def of(name: str, why: str, data: bytes, rule: str = "csr/pointers") -> Invalid:
        return block(rule, name, why, ROWS, data, 2, 2, (3, 4))

    rest = stored.pack_bits([0, 3], 2) + b"\7\7"
    groups: list[Group] = [[(0, 7)], [], [(3, 8)]]
    none = block("csr/pointers", "width-of-zeros", "Width 1 where all are 0.", ROWS, b"\1\0", 0, 0, (3, 4))
    return [
        csr("csr/pointers", "width", "Width 2 where 1 is enough.", ROWS, groups, shape=(3, 4), width=2),
        none,
        of(
            "width-33",
            "Pointers of 33 bits, which no count needs.",
            b"\x21" + bytes(13) + rest[:1] + b"\7"[:0] + b"\7"[:0],
        ),
        of("few", "They add up to 1 of 2 entries.", b"\1\1" + rest),
        of("many", "They add up to 3 of 2 entries.", b"\1\7" + rest),
        of("padding", "A padding bit.", b"\1\x0d" + rest),
        of("long", "A byte follows the values.", b"\1\5" + rest + b"\0", "storage/bytes"),
    ]
