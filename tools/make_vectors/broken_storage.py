"""Vectors that break a rule of section 3.4, or of the tables and parameters of section 7, in the index alone."""

from __future__ import annotations

from typing import Any

from tests import forge
from tests.gap_model import Code

from .broken_container import BODY, U8, file_of
from .building import File, sparse
from .coders import Codebook, Floatsplit, Rans, Strips, binomial, free_form
from .vector import Invalid

DECODED = bytes([5, 0, 7, 0, 0, 0])
MASKED, GAPPED = b"\x05\x05\x07", b"\x10\x05\x07"  # a mask; codes 0 and 1 of four bits; then the values 5 and 7
MASK: list[Any] = [1, [], [0, 0], 6, [3, 2, forge.digest(MASKED)]]
GAPS = [0, 0, 0, -1, 1, 4, 0]
CSR: list[Any] = [2, GAPS, [1, 0], 6, [3, 2, 2, forge.digest(GAPPED)]]
KEYS = [9, 9, 3]


def vectors() -> list[Invalid]:
    return [*_form(), *_parameters(), *_codecs(), *_blocks(), *_counts(), *_tables()]


def changed(items: list[Any], at: int, value: Any) -> list[Any]:
    return [*items[:at], value, *items[at + 1 :]]


def of(rule: str, name: str, why: str, storage: list[Any], block: int | None = None, shape: Any = (6,)) -> Invalid:
    body = {0: BODY, 1: MASKED}.get(storage[0] if storage else 0, GAPPED)
    data = file_of([["t", U8, list(shape), forge.digest(DECODED), storage]], body)
    return Invalid(rule, name, why, data, "t", block)


def _form() -> list[Invalid]:
    return [
        of("storage/form", "four", "Four elements.", MASK[:4]),
        of("storage/form", "six", "Six elements.", [*MASK, 0]),
        of("storage/form", "layout-negative", "A negative layout.", changed(MASK, 0, -1)),
        of("storage/form", "layout-str", "A layout by name.", changed(MASK, 0, "bitmask")),
        of("storage/form", "parameters-int", "Parameters that are an int.", changed(MASK, 1, 0)),
        of("storage/form", "parameters", "Parameters of a layout that has none.", changed(MASK, 1, [0])),
        of("storage/form", "codecs-int", "Codecs that are an int.", changed(MASK, 2, 0)),
        of("storage/form", "block-elements-float", "block_elements that are a float.", changed(MASK, 3, 6.0)),
        of("storage/form", "blocks-map", "Blocks that are a map.", changed(MASK, 4, {"k": 1})),
        of("storage/form", "negative", "A negative number of a block.", _numbers(MASK, 0, -3)),
        of("storage/layout", "3", "The first number that is no layout.", changed(MASK, 0, 3)),
        of("storage/layout", "2^64", "The last number that is no layout.", changed(MASK, 0, 2**64 - 1)),
    ]


def _numbers(storage: list[Any], at: int, value: int) -> list[Any]:
    return changed(storage, 4, changed(storage[4], at, value))


def _parameters() -> list[Invalid]:
    names = ["axis", "restart_rows", "carry", "origin", "bias", "bits", "fill"]
    wrong = [[2, -1], [-1], [2], [-2, 2**31], [2], [17, -1], [2]]
    found = [
        of(
            "csr/parameters",
            f"{name}-{value}",
            "Outside of the table in 6.1.",
            changed(CSR, 1, changed(GAPS, at, value)),
        )
        for at, name in enumerate(names)
        for value in wrong[at]
    ]
    steps = [(0, 0, 0), (1, 0, 1), (0, 1, 1)]
    for bias, bits, fill in steps:
        why = f"D is 0: bias {bias}, {bits} bits, fill {fill}."
        storage = changed(CSR, 1, [0, 0, 0, -1, bias, bits, fill])
        found.append(of("csr/parameters", f"step-{bias}{bits}{fill}", why, storage))
    for axis, rows, size in [(0, 1, 5), (1, 0, 4), (1, 2, 9)]:
        why = f"Blocks of {size} elements of 3 x 4, axis {axis}, restart_rows {rows}."
        storage = [2, [axis, rows, 0, -1, 1, 4, 0], [1, 0], size, CSR[4] * -(-12 // size)]
        found.append(of("csr/parameters", f"blocks-{axis}{rows}{size}", why, storage, shape=(3, 4)))
    return [
        *found,
        of("csr/parameters", "six", "Six parameters.", changed(CSR, 1, GAPS[:6])),
        of("csr/parameters", "bool", "A parameter that is a bool.", changed(CSR, 1, changed(GAPS, 2, True))),
    ]


def _codecs() -> list[Invalid]:
    wrong: list[tuple[str, str, list[Any], list[Any]]] = [
        ("unknown", "A number that is no codec.", MASK, [0, 99]),
        ("unknown-parameters", "A number that is no codec, with parameters.", MASK, [[99, 1], 0]),
        ("one", "One codec for two streams.", MASK, [0]),
        ("three", "Three codecs for two streams.", MASK, [0, 0, 0]),
        ("mask-bitpack", "A mask with codec bitpack.", MASK, [1, 0]),
        ("gaps-raw", "Gaps with codec raw.", CSR, [0, 0]),
        ("values-bitpack", "Values with codec bitpack.", CSR, [1, 1]),
        ("values-rans", "Values with codec rans.", MASK, [0, [2, 0]]),
        ("raw-array", "Raw as an array.", MASK, [[0], 0]),
        ("raw-parameters", "Raw with a parameter.", MASK, [[0, 1], 0]),
        ("rans-bare", "Rans without a table.", MASK, [2, 0]),
        ("rans-table", "A table number of 256.", MASK, [[2, 256], 0]),
        ("rans-negative", "A negative table number.", MASK, [[2, -1], 0]),
        ("fillers", "Coded values with fillers.", CSR, [1, [3, 0, 0, 0]]),
        ("str", "A codec by name.", MASK, ["raw", 0]),
    ]
    found = [of("storage/codec", name, why, changed(storage, 2, codecs)) for name, why, storage, codecs in wrong]
    wide = File()
    wide.csr("t", "U8", [8], [1] * 8, Code(bits=8), Rans(wide.table(free_form([9]))))
    wide.entries[0][4][1][5] = 9
    found.append(Invalid("storage/codec", "gaps-of-9-bits", "Rans of gaps of 9 bits.", wide.build(), "t"))
    return [*found, *_floatsplit(), *_strips(), *_codebook()]


def _floatsplit() -> list[Invalid]:
    def split(name: str, why: str, value: Any, dtype: str = "F32") -> Invalid:
        file = File()
        table = file.table(free_form(KEYS))
        file.dense("t", dtype, [4], [0] * 4, Floatsplit(23, 0, table))
        file.entries[0][4][2] = [value]
        return Invalid("storage/codec", f"floatsplit-{name}", why, file.build(), "t")

    file = File()
    table = file.table(free_form(KEYS))
    file.dense("t", "C128", [1], [0])
    file.entries[0][4][2] = [[3, 112, 0, table.number]]
    wide = Invalid("storage/codec", "floatsplit-c128", "Values of 16 bytes.", file.build(), "t")
    return [
        wide,
        split("shift-15", "A shift below w - 16.", [3, 15, 0, 0]),
        split("shift-31", "A shift above w - 2.", [3, 31, 0, 0]),
        split("base", "A base that no magnitude has.", [3, 23, 256, 0]),
        split("base-negative", "A negative base.", [3, 23, -1, 0]),
        split("three", "A parameter is missing.", [3, 23, 0]),
    ]


def _codebook() -> list[Invalid]:
    def book(name: str, why: str, value: Any, dtype: str = "U16") -> Invalid:
        file = File().dense("t", dtype, [4], [1] * 4)
        file.tables = [free_form(KEYS)]
        file.entries[0][4][2] = [value]
        return Invalid("storage/codec", f"codebook-{name}", why, file.build(), "t")

    return [
        book("empty", "No patterns.", [5, b"", 1]),
        book("part", "A pattern and a half.", [5, b"\1\0\2", 1]),
        book("257", "257 patterns.", [5, b"".join(i.to_bytes(2, "little") for i in range(257)), 1]),
        book("order", "Patterns that descend as integers.", [5, b"\0\2\1\0", 1]),
        book("twice", "A pattern that occurs twice.", [5, b"\1\0\1\0", 1]),
        book("codes-raw", "Codes of codec raw.", [5, b"\1\0", 0]),
        book("codes-table", "Codes of a table number of 256.", [5, b"\1\0", [2, 256]]),
        book("grouped-3", "Grouped codes of three bits.", [5, bytes([1, 0, 2, 0, 3, 0, 4, 0, 5, 0]), [2, 0, True]]),
        book("grouped-0", "Grouped codes of no bits.", [5, b"\1\0", [2, 0, True]]),
        book("grouped-false", "Codes that are said not to be grouped.", [5, b"\1\0\2\0", [2, 0, False]]),
        book("grouped-1", "Grouped by a number.", [5, b"\1\0\2\0", [2, 0, 1]]),
        book("two", "A parameter is missing.", [5, b"\1\0"]),
        book("str", "A codebook that is a str.", [5, "ab", 1]),
        book("c128", "Values of 16 bytes.", [5, bytes(16), 1], "C128"),
    ]


def _strips() -> list[Invalid]:
    def strips(name: str, why: str, at: int, value: Any) -> Invalid:
        file = File()
        tables = [[file.table(binomial(100)), file.table(binomial(120)), file.table(binomial(90))]]
        file.bitmask("t", "U8", [9, 5], sparse(45, 0.4, 8, 1), Strips(tables, [0] * 9, [0, 1, 2, 1, 0]))
        file.entries[0][4][2][0][at] = value
        return Invalid("storage/codec", f"strips-{name}", why, file.build(), "t")

    halves = File()
    table = halves.table(binomial(100))
    halves.bitmask("t", "U8", [9, 5], sparse(45, 0.4, 8, 1), Rans(table), block_elements=12)
    halves.entries[0][4][2][0] = [4, 1, 1, b"\0", b"", b""]
    return [
        strips("no-class", "No class of rows.", 1, 0),
        strips("17-classes", "Seventeen classes of rows.", 1, 17),
        strips("tables", "A table is missing.", 3, b"\0\1"),
        strips("tables-array", "Tables as an array.", 3, [0, 1, 2]),
        strips("rows", "Classes of rows that need no bytes have one.", 4, b"\0"),
        strips("columns", "A byte of the columns' classes is missing.", 5, b"\x64"),
        strips("class", "A class of 3 of 3.", 5, b"\x67\0"),
        strips("class-padding", "A padding bit of the classes.", 5, b"\x64\x04"),
        strips("columns-str", "Classes that are a str.", 5, "ab"),
        Invalid("storage/codec", "strips-part-of-a-row", "Blocks that are not whole rows.", halves.build(), "t"),
    ]


def _blocks() -> list[Invalid]:
    empty = file_of([["t", U8, [0], forge.EMPTY_DIGEST, [0, [], [0], 1, []]]], b"")
    return [
        of("storage/blocks", "none", "No blocks.", changed(MASK, 4, [])),
        of("storage/blocks", "one-of-two", "One block where two are needed.", changed(MASK, 3, 5)),
        of("storage/blocks", "two-of-one", "Two blocks where one is needed.", changed(MASK, 4, MASK[4] * 2)),
        of("storage/blocks", "two-numbers", "Two numbers for a block.", changed(MASK, 4, MASK[4][:2])),
        of("storage/blocks", "four-numbers", "Entries of a bitmask.", changed(MASK, 4, [3, 2, 2, MASK[4][2]])),
        of("storage/blocks", "three-numbers", "No entries of csr.", changed(CSR, 4, [3, 2, CSR[4][3]])),
        of("storage/blocks", "size-negative", "Blocks of -6 elements.", changed(MASK, 3, -6)),
        of("storage/blocks", "size-2^31", "Blocks of 2^31 + 1 elements.", changed(MASK, 3, 2**31 + 1)),
        of("storage/blocks", "huge", "2^60 elements in one block: a bomb of zeros.", MASK, shape=(2**60,)),
        of("storage/blocks", "huge-0", "The same, as block_elements of 0.", changed(MASK, 3, 0), shape=(2**60,)),
        Invalid("storage/blocks", "no-elements", "A storage of a tensor of no elements.", empty, "t"),
    ]


def _counts() -> list[Invalid]:
    def counts(name: str, why: str, storage: list[Any], nonzeros: int, entries: int | None = None) -> Invalid:
        storage = _numbers(storage, 1, nonzeros)
        return of("storage/counts", name, why, storage if entries is None else _numbers(storage, 2, entries), block=0)

    dense = [0, [], [0], 6, [6, 2, forge.digest(DECODED)]]
    file = File()
    file.csr("t", "U8", [4], [1] * 4, Code(bits=3, escape=1), Rans(file.table(free_form([9]))))
    file.entries[0][4][4][2] = 5
    around, both = Code(origin=1, bits=1, escape=1), Codebook([3, 4], 1)
    more = File().csr("t", "U8", [10], [3, *[0] * 8, 4], around, None, both)
    return [
        counts("dense-nonzeros", "More nonzeros than elements.", dense, 7),
        counts("bitmask-nonzeros", "More nonzeros than elements.", MASK, 7),
        counts("csr-nonzeros", "More nonzeros than entries.", CSR, 3, 2),
        counts("csr-entries", "2^32 entries.", CSR, 2, 2**32),
        Invalid("storage/counts", "coded", "More coded entries than elements.", file.build(), "t", 0),
        Invalid(
            "storage/counts", "values", "More entries than elements, of values in a codebook.", more.build(), "t", 0
        ),
        _bytes("bitmask", "A byte more than the counts make it.", MASK, MASKED + b"\7"),
        _bytes("csr", "A byte less than the counts make it.", CSR, GAPPED[:-1]),
        _bytes("dense", "A byte less than the elements take.", dense, DECODED[:-1]),
    ]


def _bytes(name: str, why: str, storage: list[Any], data: bytes) -> Invalid:
    """A block of another length, of which everything else is right."""
    storage = _numbers(_numbers(storage, 0, len(data)), len(storage[4]) - 1, forge.digest(data))
    file = file_of([["t", U8, [6], forge.digest(DECODED), storage]], data)
    return Invalid("storage/bytes", name, why, file, "t", 0)


def _tables() -> list[Invalid]:
    def table(name: str, why: str, data: bytes | None) -> Invalid:
        file = File()
        file.bitmask("t", "U8", [8], [1] * 8, Rans(file.table(binomial(128))))
        if data is None:
            file.entries[0][4][2][0][1] = 1
        else:
            file.tables[0] = data
        return Invalid("tables/form", name, why, file.build(), "t")

    good = free_form([9, 9, 3])
    split = File()
    keys = split.table(free_form(KEYS))
    split.dense("t", "F32", [4], [0] * 4, Floatsplit(23, 0, keys))
    split.entries[0][4][2][0][2] = 254
    book = File().dense("t", "U16", [4], [1] * 4)
    book.entries[0][4][2] = [[5, b"\1\0", [2, 0]]]
    return [
        Invalid("tables/form", "codebook", "A table of codes that the file does not have.", book.build(), "t"),
        table("missing", "A table that the file does not have.", None),
        table("empty", "No bytes.", b""),
        table("short", "One byte.", good[:1]),
        table("no-codes", "No codes.", good[:2]),
        table("no-escape", "The escape symbol is missing.", b"\x0c\x00"),
        table("kind-3", "Kind 3.", b"\x03\x00\x09"),
        table("reserved", "A reserved bit.", bytes([good[0] | 32]) + good[1:]),
        table("cut", "The codes are cut off.", free_form([9, 30, 9, 30])[:-1]),
        table("code-49", "A code of 49.", free_form([49])),
        table("code-negative", "A code of -1.", free_form([1, -1, 1])),
        table("last-0", "The last code is 0.", free_form([5, 0])),
        table("padding", "A padding bit.", free_form([9])[:-1] + bytes([9 | 0x80])),
        table("after", "A byte after the codes.", good + b"\0"),
        table("escape", "An escape without weight.", free_form([9, 9], escape=2)),
        table("light", "Shares that exceed 4096 by more than the largest can give.", light()),
        table("level", "A binomial table of level 192.", b"\x02\xc0"),
        table("binomial-reserved", "A reserved bit of a binomial table.", b"\x06\x40"),
        table("binomial-after", "A byte after the level.", b"\x02\x40\x00"),
        Invalid("tables/form", "key", "A base with which the largest key has too many bits.", split.build(), "t"),
    ]


def light() -> bytes:
    """Sixty-two symbols of the largest weight, and 194 of the smallest that each want a slot of theirs."""
    return free_form([48] * 62 + [1] * 194, rice=3)
