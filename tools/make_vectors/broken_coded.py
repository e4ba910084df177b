"""Vectors one of whose coded streams breaks a rule (sections 5 and 7.3 to 7.5), with the digest of its block right."""

from __future__ import annotations

from collections.abc import Callable

from tests import forge
from tests.gap_model import Code

from .building import File, floats, sparse
from .coders import Codebook, Floatsplit, Rans, Strips, binomial, free_form, rans
from .vector import Invalid

MASK = sparse(64, 0.4, 8, 1)


def vectors() -> list[Invalid]:
    return [*_index_bytes(), *_rans(), *_gaps(), *_values(), *_strips(), *_codebook()]


def masked(log_lanes: int = 0) -> File:
    """A mask by rans under a table that loses nothing, and raw values."""
    file = File()
    return file.bitmask("t", "U8", [64], MASK, Rans(file.table(binomial(176)), log_lanes))


def rare() -> File:
    """A mask whose two nonzeros are in one byte, which is a literal."""
    file = File()
    return file.bitmask("t", "U8", [32], [1, 1, *[0] * 30], Rans(file.table(binomial(16))))


def split(escape: bool = True) -> File:
    """A dense BF16 tensor by floatsplit, with literals."""
    file = File()
    table = file.table(free_form([0, 0, 8, 30, 32, 30, 8, 0, 1], escape=8 if escape else None))
    return file.dense("t", "BF16", [7, 9], floats(63, 0.9, 8, 7, 3), Floatsplit(6, 246, table))


def of(rule: str, name: str, why: str, file: File, change: Callable[[bytes], bytes]) -> Invalid:
    """The first block of the file's tensor, changed."""
    opened = forge.Opened(file.build())
    before = opened.block()
    after = change(before)
    assert after != before, name
    return Invalid(rule, name, why, opened.replace(after).build(), "t", 0)


def at(offset: int, data: bytes) -> Callable[[bytes], bytes]:
    """Puts bytes in the place of others."""
    return lambda block: block[:offset] + data + block[offset + len(data) :]


def longer(inside: int, more: int = 1) -> Callable[[bytes], bytes]:
    """Says that the coded index, which is short, is `more` bytes longer; `inside` bytes are inserted at its end."""

    def change(block: bytes) -> bytes:
        end = 1 + block[0]
        return bytes([block[0] + more]) + block[1:end] + bytes(inside) + block[end:]

    return change


def _index_bytes() -> list[Invalid]:
    rule = "block/index_bytes"
    codes = File()
    table = codes.table(free_form([9] * 8))
    codes.csr("t", "U8", [12, 20], sparse(240, 0.3, 8, 4), Code(bits=3), Rans(table))
    none = File()
    none.csr("t", "U8", [9], [0] * 9, Code(bits=3), Rans(none.table(free_form([9] * 8))))
    return [
        of(rule, "mask", "A byte follows the stream of the mask.", masked(), longer(1)),
        of(rule, "literal", "A byte follows the literals of the mask.", rare(), longer(1)),
        of(rule, "gaps", "A byte follows the stream of the gaps.", codes, longer(1)),
        of(rule, "no-gaps", "A byte where no symbols are.", none, longer(1)),
        of(rule, "length-longer", "A length in two bytes, the second 0.", masked(), _length_of(2)),
        of(rule, "length-six", "A length in six bytes.", masked(), _length_of(6)),
        of("storage/bytes", "index-beyond", "The mask's length leads beyond the block.", masked(), at(0, b"\x7f")),
        of("storage/bytes", "index-cut", "The block ends in the mask's length.", masked(), lambda _: b"\x80"),
        of("storage/bytes", "literal-cut", "The mask ends before its literal.", rare(), longer(0, -1)),
        of("storage/bytes", "values-cut", "A byte of the values is missing.", masked(), lambda block: block[:-1]),
        of("storage/bytes", "values-after", "A byte follows the values.", masked(), lambda block: block + b"\0"),
    ]


def _length_of(size: int) -> Callable[[bytes], bytes]:
    """Says the length of the index in so many bytes."""
    return lambda block: bytes([block[0] | 128]) + b"\x80" * (size - 2) + b"\0" + block[1:]


def _rans() -> list[Invalid]:
    state = int.from_bytes(forge.Opened(masked().build()).block()[2:6], "little")
    return [
        of("rans/short", "word", "The mask's length ends in the last word.", masked(), longer(0, -1)),
        of("rans/short", "words", "The mask's length ends before the last word.", masked(), longer(0, -2)),
        of("rans/short", "none", f"No words for a state of {state}.", masked(), at(0, b"\5")),
        of("rans/short", "states", "The mask's length ends in the state.", masked(), at(0, b"\4")),
        of("rans/short", "head", "The mask's length ends before log2 N.", masked(), at(0, b"\0")),
        of("rans/short", "values", "The block ends in the stream of the values.", split(), lambda block: block[:16]),
        of("rans/lanes", "64", "log2 N is 6.", masked(), at(1, b"\6")),
        of("rans/lanes", "255", "log2 N is 255.", masked(), at(1, b"\xff")),
        of("rans/state", "start", "A state of 2^16 - 1 at the start.", masked(), at(2, b"\xff\xff\0\0")),
        of("rans/state", "lane", "The last of four lanes starts with 0.", masked(2), at(14, bytes(4))),
        of("rans/state", "end", "The state at the end is not 2^16.", _certain(), at(2, b"\1\0\1\0")),
    ]


def _certain() -> File:
    """A mask of no bits under a table of one symbol: its state never moves."""
    file = File()
    return file.bitmask("t", "U8", [64], [0] * 64, Rans(file.table(free_form([7]))))


def _gaps() -> list[Invalid]:
    file = File()
    table = file.table(free_form([9] * 8))
    file.csr("t", "U8", [12, 20], [9, 0, 0, 0, 0, 0, 8, *[0] * 233], Code(bits=3), Rans(table))
    file.entries[0][4][1][5] = 2
    return [Invalid("csr/code", "5-of-2-bits", "A code of 5 in a file that says 2 bits.", file.build(), "t", 0)]


def _values() -> list[Invalid]:
    fields = (63 * 7 + 7) // 8
    literals = File()
    table = literals.table(free_form([1, 0, 1], escape=0))
    literals.dense("t", "BF16", [3], [0x3F80, 0, 0x4000], Floatsplit(7, 1, table))
    return [
        of("floatsplit/literal", "256", "A literal of 2^8 in 8 bits.", literals, at(-9, b"\0\1")),
        of(
            "floatsplit/padding",
            "last",
            "The last padding bit.",
            split(),
            lambda block: block[:-1] + bytes([block[-1] | 0x80]),
        ),
        of("storage/bytes", "fields-cut", "A byte of the fields is missing.", split(), lambda block: block[:-1]),
        of("storage/bytes", "fields-after", "A byte follows the fields.", split(), lambda block: block + b"\0"),
        of(
            "storage/bytes",
            "literals-cut",
            "The block ends in the literals.",
            split(),
            lambda block: block[: -fields - 1],
        ),
    ]


def _strips() -> list[Invalid]:
    """The last strip has one row; its bytes may be 0 or 1."""
    file = File()
    flat = free_form([9] * 256)
    file.bitmask("t", "U8", [9, 2], [1] * 18, Strips([[file.table(flat)]], [0] * 9, [0, 0]))
    spoilt = Strips([[file.table(flat)]], [0] * 16, [0, 0]).mask([[1, 1]] * 9 + [[0, 0]] * 6 + [[0, 1]], 0)
    return [
        of(
            "strips/padding",
            "row-16",
            "A bit of the sixteenth of nine rows.",
            file,
            lambda block: spoilt + block[-18:],
        )
    ]


def _codebook() -> list[Invalid]:
    packed = File().dense("t", "U8", [3], [5, 6, 7], Codebook([5, 6, 7], 1))
    coded = File()
    table = coded.table(free_form([9, 9, 9, 9]))
    coded.dense("t", "U8", [3], [5, 6, 8], Codebook([5, 6, 7, 8], 1, table))
    coded.entries[0][4][2][0][1] = b"\5\6\7"
    grouped = File()
    table = grouped.table(free_form([9] * 64, escape=0))
    grouped.dense("t", "U8", [3], [5, 6, 7], Codebook([5, 6, 7], 1, table, grouped=True))

    def literal(*bytes_of_codes: int) -> Callable[[bytes], bytes]:
        return lambda _: rans([0], [table.read], 0) + bytes(bytes_of_codes)

    return [
        of("codebook/code", "grouped", "A code of 3 of three patterns, grouped.", grouped, literal(0b110100)),
        of("codebook/padding", "grouped", "A padding bit of a byte that groups.", grouped, literal(0b1100100)),
        of("storage/bytes", "group-cut", "The literal of grouped codes is missing.", grouped, literal()),
        of("codebook/code", "bitpack", "A code of 3 of three patterns.", packed, at(0, b"\x34")),
        Invalid("codebook/code", "rans", "A code of 3 of three patterns, by rans.", coded.build(), "t", 0),
        of("codebook/padding", "first", "The first padding bit.", packed, lambda block: bytes([block[0] | 0x40])),
        of("storage/bytes", "codes-after", "A byte follows the codes.", packed, lambda block: block + b"\0"),
        of("storage/bytes", "codes-cut", "The codes are missing.", packed, lambda _: b""),
    ]
