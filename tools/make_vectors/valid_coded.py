"""Vectors of sections 7.3 to 7.5: tables of every kind, rans, floatsplit and strips, alone and together."""

from __future__ import annotations

from tests.gap_model import Code

from .building import File, floats, sparse
from .coders import Codebook, Floatsplit, Rans, Strips, Table, binomial, free_form
from .valid_container import valid
from .vector import Valid

FLAT = [10] * 256  # codes of 256 equal symbols
GAP_CODES = [30, 28, 26, 24, 22, 20, 18, 16]  # of gap codes of three bits, ever rarer
KEYS = [0, 0, 8, 30, 32, 30, 8, 0, 1]  # of the keys 2..6, and 8 as the escape


def vectors() -> list[Valid]:
    return [*_masks(), *_gaps(), *_values(), *_strips(), *_codebooks()]


def keys(file: File) -> Table:
    return file.table(free_form(KEYS, escape=8))


def _masks() -> list[Valid]:
    elements = sparse(200, 0.3, 8, 1)
    kinds = File()
    natural, popcount = kinds.table(free_form(FLAT)), kinds.table(free_form(FLAT[::-1], by_popcount=True, rice=0))
    few = kinds.table(free_form([20, 0, 0, 12, 1], escape=4, rice=3))
    few_by_popcount = kinds.table(free_form([20, 18, 0, 48], by_popcount=True, escape=0, rice=2))
    for name, table in {
        "natural order": natural,
        "by popcount": popcount,
        "escape": few,
        "escape, by popcount": few_by_popcount,
    }.items():
        kinds.bitmask(name, "U8", [10, 20], elements, Rans(table))
    levels = File()
    for level in (0, 40, 64, 96, 111, 112, 127, 128, 144, 160, 176, 191):
        chance = ((16 + level % 16) << (level // 16)) / 65536
        mask = sparse(150, chance, 8, level)
        levels.bitmask(f"level {level}", "U8", [150], mask, Rans(levels.table(binomial(level))))
    lanes = File()
    shared = lanes.table(binomial(96))
    for log_lanes in range(6):
        lanes.bitmask(f"{1 << log_lanes} lanes", "U8", [203], sparse(203, 0.2, 8, log_lanes), Rans(shared, log_lanes))
    lanes.bitmask("fewer bytes than lanes", "U8", [9], sparse(9, 0.5, 8, 1), Rans(shared, 5))
    certain = File()
    alone = certain.table(free_form([7]))
    certain.bitmask("t", "U8", [64], [0] * 64, Rans(alone))
    blocks = File()
    table = blocks.table(binomial(100))
    blocks.bitmask("t", "U8", [10, 20], elements, Rans(table, 1), block_elements=77)
    worked = File()
    worked.bitmask("t", "U8", [32], [1 if i == 18 else 0 for i in range(32)], Rans(worked.table(binomial(64))))
    return [
        valid("rans/table-kinds", "Free tables in natural order and by popcount, with an escape and without.", kinds),
        valid("rans/binomial", "Binomial tables from the rarest bits to the most common.", levels),
        valid("rans/lanes", "Streams of 1 to 32 lanes, some longer than they have symbols.", lanes),
        valid("rans/one-symbol", "A table of one symbol: no words, and the states never move.", certain),
        valid("rans/blocks", "A mask in several blocks, each with its own stream.", blocks),
        valid("rans/worked", "The worked bytes of section 7.3 as a mask.", worked),
    ]


def _gaps() -> list[Valid]:
    elements = sparse(240, 0.3, 8, 4)
    file = File()
    table = file.table(free_form(GAP_CODES))
    wide = file.table(free_form([14] * 256, escape=3))
    file.csr("filler", "U8", [12, 20], elements, Code(bits=3), Rans(table))
    file.csr("escape", "U8", [12, 20], elements, Code(bits=3, escape=1), Rans(table, 1))
    file.csr("8 bits, and an escape that is none", "U8", [12, 20], elements, Code(bits=8, escape=1), Rans(wide, 2))
    file.csr("groups", "U8", [12, 20], elements, Code(bits=3, restart_rows=2), Rans(table))
    file.csr("columns", "U8", [12, 20], elements, Code(axis=1, bits=3), Rans(table), block_elements=24)
    file.csr("no entries", "U8", [12, 20], [0] * 240, Code(bits=3), Rans(table))
    zero = File()
    alone = zero.table(free_form([7]))
    zero.csr("t", "U8", [9], range(1, 10), Code(bits=0), Rans(alone))
    return [
        valid("rans/gaps", "Gap codes by rans: fillers, escapes, groups, columns, none at all.", file),
        valid("rans/gaps-of-no-bits", "Codes of 0 bits, under a table that needs none either.", zero),
    ]


def _values() -> list[Valid]:
    widths = File()
    for name, dtype, exponent, fraction, shift, base in [
        ("8 bits", "F8_E5M2", 5, 2, 2, 11),
        ("8 bits, shift 0", "F8_E4M3", 4, 3, 0, 0),
        ("16 bits", "BF16", 8, 7, 7, 123),
        ("16 bits, shift 0", "F16", 5, 10, 0, 13 << 10),
        ("32 bits", "F32", 8, 23, 23, 123),
        ("32 bits, least shift", "F32", 8, 23, 16, 123 << 7),
        ("64 bits", "F64", 11, 52, 52, 1019),
        ("64 bits, least shift", "F64", 11, 52, 48, 1019 << 4),
        ("64 bits, largest shift", "F64", 11, 52, 62, 0),
        ("pairs", "C64", 11, 52, 52, 1019),
        ("integers", "I32", 8, 23, 23, 123),
    ]:
        codes = KEYS if base else [9, 9, 3]
        table = widths.table(
            free_form(codes[:2] if shift == 62 else codes, escape=None if shift == 62 else 2 + 6 * (base > 0))
        )
        count = 40
        patterns = floats(count, 0.8, exponent, fraction, fraction)
        widths.dense(name, dtype, [5, 8], patterns, Floatsplit(shift, base, table))
    everywhere = File()
    table, gaps = keys(everywhere), everywhere.table(free_form(GAP_CODES))
    bits = everywhere.table(binomial(100))
    patterns = floats(120, 0.4, 8, 7, 1)
    split = Floatsplit(7, 123, table, 1)
    everywhere.dense("dense, blocks", "BF16", [10, 12], patterns, split, block_elements=50)
    everywhere.bitmask("bitmask", "BF16", [10, 12], patterns, None, split)
    everywhere.bitmask("bitmask, rans", "BF16", [10, 12], patterns, Rans(bits), split, block_elements=40)
    everywhere.csr("csr", "BF16", [10, 12], patterns, Code(bits=3, escape=1), None, split)
    everywhere.csr("csr, rans", "BF16", [10, 12], patterns, Code(bits=3, escape=1), Rans(gaps), split)
    everywhere.csr("csr, groups", "BF16", [10, 12], patterns, Code(bits=3, escape=1, restart_rows=1), Rans(gaps), split)
    everywhere.bitmask("no values", "BF16", [9], [0] * 9, None, split)
    return [
        valid("floatsplit/widths", "Values of each size, with the least and the largest shift, with literals.", widths),
        valid(
            "floatsplit/layouts", "The values of each layout; escapes of a table are literals of 16 bits.", everywhere
        ),
    ]


def _strips() -> list[Valid]:
    one = File()
    table = one.table(binomial(96))
    one.bitmask("one strip", "U8", [8, 5], sparse(40, 0.2, 8, 1), Strips([[table]], [0] * 8, [0] * 5))
    one.bitmask("last strip short", "U8", [19, 5], sparse(95, 0.2, 8, 2), Strips([[table]], [0] * 19, [0] * 5))
    one.bitmask("one row", "U8", [1, 30], sparse(30, 0.2, 8, 3), Strips([[table]], [0], [0] * 30, 2))
    one.bitmask("one column", "U8", [30], sparse(30, 0.2, 8, 4), Strips([[table]], [0] * 30, [0]))
    one.bitmask("scalar", "U8", [], [5], Strips([[table]], [0], [0]))
    classes = File()
    levels = [classes.table(binomial(level)) for level in (60, 90, 112, 130, 100, 80)]
    tables = [levels[:2], levels[2:4], levels[4:]]
    rows, columns = [i * i % 3 for i in range(21)], [i * 5 % 7 % 2 for i in range(9)]
    elements = sparse(189, 0.3, 8, 5)
    classes.bitmask("3 x 2", "U8", [21, 9], elements, Strips(tables, rows, columns, 1))
    classes.bitmask("3 x 2, blocks", "U8", [21, 9], elements, Strips(tables, rows, columns), block_elements=90)
    classes.bitmask("unused class", "U8", [21, 9], elements, Strips([levels[:1], levels[1:2]], [1] * 21, [0] * 9))
    free = free_form([20, 9, 9, 0, 9, 1], escape=5)
    mixed = [[classes.table(free), levels[1]]]
    classes.bitmask("escapes of two tables", "U8", [21, 9], elements, Strips(mixed, [0] * 21, columns))
    many = File()
    shared = many.table(binomial(96))
    every = Strips([[shared] * 16 for _ in range(16)], [i % 16 for i in range(40)], [i % 16 for i in range(20)])
    many.bitmask("t", "U8", [40, 4, 5], sparse(800, 0.1, 8, 6), every)
    return [
        valid("strips/one-class", "Strips of eight rows; bits of rows that are not there are zero.", one),
        valid("strips/classes", "Rows are ordered by class; a strip has the class of its first row.", classes),
        valid("strips/sixteen-classes", "The most classes there can be, of a tensor of three dimensions.", many),
    ]


def _grouped_codes() -> list[Valid]:
    half, minus_half = 0x3F000000, 0xBF000000
    worked = File()
    signs = Codebook([half, minus_half], 4, worked.table(binomial(64)), grouped=True)
    worked.dense("two", "F32", [4], [half, minus_half, minus_half, half], signs)
    counts = File()
    free = counts.table(free_form([20, 9, 9, 14, 9, 1, 12], escape=5))
    for count, size in [(2, 8), (2, 37), (3, 4), (4, 41), (9, 2), (16, 43)]:
        values = [i * i * 7 % 11 % count * 3 for i in range(size)]
        book = Codebook([3 * i for i in range(count)], 2, free, 1, grouped=True)
        counts.dense(f"{size} of {count} values", "U16", [size], values, book)
    layouts = File()
    table, gaps = layouts.table(free_form([20, 18, 16, 9], escape=1)), layouts.table(free_form(GAP_CODES))
    elements = [[0, 5, 0, 0, 9, 0, 700, 0][i * i % 31 % 8] for i in range(120)]
    codes = Codebook([0, 5, 9, 700], 2, table, 1, grouped=True)
    layouts.dense("dense", "BF16", [10, 12], elements, codes, block_elements=50)
    layouts.bitmask("bitmask", "BF16", [10, 12], elements, None, codes, block_elements=40)
    layouts.csr("fillers", "BF16", [10, 12], elements, Code(bits=1), None, codes)
    layouts.csr("escapes", "BF16", [10, 12], elements, Code(bits=3, escape=1), Rans(gaps), codes)
    layouts.bitmask("no values", "BF16", [3, 4], [0] * 12, None, codes)
    return [
        valid("codebook/grouped-worked", "The worked bytes of grouped codes in section 7.6, a literal.", worked),
        valid("codebook/grouped", "Codes of 1, 2 and 4 bits, of whole bytes and not, with literals.", counts),
        valid("codebook/grouped-layouts", "Grouped codes in each layout; each block begins with a new byte.", layouts),
    ]


def _codebooks() -> list[Valid]:
    half, minus_half = 0x3F000000, 0xBF000000
    worked = File().dense("two", "F32", [4], [half, minus_half, minus_half, half], Codebook([half, minus_half], 4))
    worked.dense("one", "F32", [4], [half] * 4, Codebook([half], 4))
    sizes = File()
    for dtype, itemsize in [("U8", 1), ("BF16", 2), ("F32", 4), ("C32", 4), ("F64", 8), ("C64", 8)]:
        book = sorted({*sparse(5, 1, 8 * itemsize, itemsize), 1 << (8 * itemsize - 1)})
        sizes.dense(dtype, dtype, [3, 7], [book[i * i % 11 % len(book)] for i in range(21)], Codebook(book, itemsize))
    counts = File()
    for count in (1, 2, 3, 4, 5, 16, 17, 255, 256):
        values = [i * 7 % count * 3 for i in range(300)]
        counts.dense(f"{count} values", "U16", [300], values, Codebook([3 * i for i in range(count)], 2))
    layouts = File()
    table, gaps = layouts.table(free_form([20, 18, 16, 9], escape=1)), layouts.table(free_form(GAP_CODES))
    elements = [[0, 5, 0, 0, 9, 0, 700, 0][i * i % 31 % 8] for i in range(120)]
    book = [0, 5, 9, 700]
    for name, codes in {"bitpack": Codebook(book, 2), "rans": Codebook(book, 2, table, 1)}.items():
        layouts.dense(f"dense, {name}", "BF16", [10, 12], elements, codes, block_elements=50)
        layouts.bitmask(f"bitmask, {name}", "BF16", [10, 12], elements, None, codes, block_elements=40)
        layouts.csr(f"fillers, {name}", "BF16", [10, 12], elements, Code(bits=1), None, codes)
        layouts.csr(f"escapes, {name}", "BF16", [10, 12], elements, Code(bits=3, escape=1), Rans(gaps), codes)
    layouts.csr("fillers, no gaps", "BF16", [3, 4], [0] * 12, Code(bits=2), None, Codebook([5], 2))
    return [
        *_grouped_codes(),
        valid("codebook/worked", "The worked bytes of section 7.6; one value alone takes no bytes.", worked),
        valid("codebook/sizes", "Patterns of each size, compared as unsigned integers.", sizes),
        valid("codebook/counts", "From one pattern to 256, some of them the zero.", counts),
        valid("codebook/layouts", "The values of each layout; a filler is the zero of the codebook.", layouts),
    ]
