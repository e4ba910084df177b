"""What the kernels count for the planner, against plain twins in numpy; with both tables of loops."""

import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spformat import _native
from spformat.codecs.frequencies import Table
from spformat.dtypes import from_numpy
from spformat.planning.mask import CLASS_COUNTS, Mask
from spformat.planning.policy import Policy
from spformat.planning.pool import SymbolCounts, TablePool
from spformat.planning.survey import survey
from spformat.planning.tables import symbol_bits
from spformat.planning.values import Histogram
from tests.helpers import sparse
from tests.tables import free_form

pytestmark = pytest.mark.usefixtures("simd")
SHAPES = [(7, 9), (64, 64), (130, 33), (33, 130), (8, 5), (300, 8), (16, 700), (3000, 2)]


def mask_of(array):
    return Mask.of(array, 1)


def some_mask(shape, density, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random(shape) < density * 2 * rng.random(shape[-1])).astype(np.uint8)


def blocks_of(flat, per_block):
    return [flat[start : start + per_block] for start in range(0, len(flat), per_block)]


def plain_gaps(flat, per_block):
    """(entries of each block, fill and width; counts of the 8-bit codes with escapes), gap by gap."""
    entries, symbols = [], np.zeros(256, int)
    for block in blocks_of(flat, per_block):
        gaps = np.diff(np.flatnonzero(block), prepend=-1)
        entries.append([[int(np.sum(-(-gaps // (2**w - fill)))) for w in range(1, 17)] for fill in (0, 1)])
        for gap in gaps.tolist():
            symbols[255] += (gap - 1) // 255
            symbols[(gap - 1) % 255] += 1
    return entries, symbols


@pytest.mark.parametrize("itemsize", [1, 2, 4, 8])
@pytest.mark.parametrize("per_block", [11_000, 4096, 333, 30_000])
def test_gap_statistics(itemsize, per_block):
    rng = np.random.default_rng(itemsize)
    array = np.zeros(30_000, f"<u{itemsize}")
    array[np.cumsum(rng.integers(1, 40, 500))] = 1
    array[[20_500, 29_999]] = 1  # gaps longer than the histogram
    found = mask_of(array).gap_statistics(per_block)
    entries, symbols = plain_gaps(array, per_block)
    assert found.nonzeros == [int(np.count_nonzero(block)) for block in blocks_of(array, per_block)]
    assert found.entries.tolist() == entries
    assert found.symbols.tolist() == symbols.tolist()


@pytest.mark.parametrize("shape", SHAPES)
def test_gap_statistics_of_the_transpose(shape):
    array = some_mask(shape, 0.3)
    found, turned = mask_of(array).turned_gap_statistics(7 * shape[0])
    assert (
        np.unpackbits(turned.view(np.uint8), bitorder="little", count=array.size).tolist() == array.T.ravel().tolist()
    )
    entries, symbols = plain_gaps(array.T.ravel(), 7 * shape[0])
    assert found.entries.tolist() == entries
    assert found.symbols.tolist() == symbols.tolist()


def plain_tables(counts):
    """For each context what the planner makes of its counts: the binomial of the nearest density or an own table."""
    tables, bits = [], 0.0
    for context in counts:
        ones = sum(int(n) * s.bit_count() for s, n in enumerate(context))
        density = max(ones / (8 * context.sum()) if context.sum() else 0, 1e-9)
        levels = [level for level in range(192) if level % (1 if level >= 160 else 2 if level >= 128 else 4) == 0]
        chance = {level: ((16 + level % 16) << (level // 16)) / 65536 for level in levels}
        near = min(levels, key=lambda level: abs(math.log2(chance[level]) - math.log2(density)))
        seen, best = context > 0, Table(bytes((2, near)))
        least = float(context[seen] @ symbol_bits(best, 8)[seen])
        entropy = float(np.sum(context[seen] * np.log2(context.sum() / context[seen])))
        if context.sum() and entropy + 64 + 4.5 * seen.sum() < least:
            own = free_form(context, by_popcount=True, literal_bits=8)
            taken = float(context[seen] @ symbol_bits(own, 8)[seen])
            if taken + 8 * len(own.data) < least:
                best, least = own, taken
        tables.append(best)
        bits += least
    return tables, bits


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rows_of_a_block", [3, 8, 5000])
def test_tables_for_the_bytes_of_a_mask(shape, rows_of_a_block):
    array, per_block = some_mask(shape, 0.4), rows_of_a_block * shape[1]
    packed = [np.packbits(block, bitorder="little") for block in blocks_of(array.ravel(), per_block)]
    tables, bits = plain_tables([np.bincount(np.concatenate(packed), minlength=256)])
    found = mask_of(array).byte_tables(min(per_block, array.size))
    assert found[0] == tables
    assert found[1] == pytest.approx(bits)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("classes", [(1, 1), (2, 4), (4, 1), (1, 16), (8, 4)])
def test_tables_for_strips(shape, classes):
    array, rng = some_mask(shape, 0.4), np.random.default_rng(1)
    rows, columns = (rng.integers(0, n, size).astype(np.uint8) for n, size in zip(classes, shape, strict=True))
    counts = np.zeros((classes[0] * classes[1], 256), int)
    for start in range(0, shape[0], 20):  # blocks of 20 rows, sorted by class, eight to a strip
        order = start + np.argsort(rows[start : start + 20], kind="stable")
        for strip in blocks_of(order, 8):
            symbols = np.packbits(array[strip], axis=0, bitorder="little")[0]
            np.add.at(counts, (int(rows[strip[0]]) * classes[1] + columns.astype(int), symbols), 1)
    tables, bits = plain_tables(counts)
    of_rows, of_columns = (b"" if n == 1 else each.tobytes() for n, each in zip(classes, (rows, columns), strict=True))
    found = mask_of(array).strip_tables(20 * shape[1], classes, of_rows, of_columns)
    assert found[0] == tables
    assert found[1] == pytest.approx(bits)


def entropy(elements, ones):
    parts = [n for n in (ones, elements - ones) if n]
    return sum(n * math.log2(elements / n) for n in parts)


@pytest.mark.parametrize("shape", [*SHAPES, (600, 5)])
def test_classes_of_rows_and_columns(shape):
    array = some_mask(shape, 0.5)
    found = mask_of(array).line_classes()
    for axis, classes in ((1, found.rows), (0, found.columns)):
        ranks = np.empty(len(classes), int)
        ranks[np.argsort(array.sum(axis), kind="stable")] = np.arange(len(classes))
        assert classes.tolist() == (ranks * 16 // len(classes)).tolist()
    for i, of_rows in enumerate(CLASS_COUNTS):
        for j, of_columns in enumerate(CLASS_COUNTS):
            row, column = found.rows // (16 // of_rows), found.columns // (16 // of_columns)
            cells = [array[row == r][:, column == c] for r in range(of_rows) for c in range(of_columns)]
            bits = sum(entropy(cell.size, int(cell.sum())) for cell in cells if cell.size)
            assert found.bits[i, j] == pytest.approx(bits, abs=1e-6)


DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64, ml_dtypes.float8_e4m3fn]


def floats(dtype, count, density, seed, spread=1.0):
    rng = np.random.default_rng(seed)
    numbers = rng.standard_normal(count) * np.exp(spread * rng.standard_normal(count))
    numbers[rng.random(count) >= density] = 0
    with np.errstate(over="ignore"):
        array = numbers.astype(dtype)
    return array.view(from_numpy(array.dtype).bits), from_numpy(array.dtype)


def leading_numbers(array, dtype):
    width = 8 * dtype.itemsize
    shift = width - 1 - min(15, width - 1)
    return (array[array != 0].astype(np.uint64) & np.uint64(2 ** (width - 1) - 1)) >> np.uint64(shift)


def plain_split_bits(numbers, first_bit, split, width):
    """Bits of keys and literals, value by value."""
    (shift, base, table), total = split, 0.0
    if (base + int(np.flatnonzero(table.frequencies)[-1])) >> (width - 1 - shift):
        return math.inf
    bits = symbol_bits(table, 16)
    for number in (numbers >> np.uint64(shift - first_bit)).tolist():
        key = number - base
        outside = math.inf if table.escape < 0 else 12 - math.log2(table.frequencies[table.escape]) + 16
        total += bits[key] if 0 <= key < 256 else outside
    return total


@given(st.sampled_from(DTYPES), st.integers(1, 3000), st.floats(0.05, 1), st.integers(0, 99), st.floats(0, 9))
@settings(max_examples=40)
def test_histograms_of_leading_bits_and_splits(dtype, count, density, seed, spread):
    array, wire = floats(dtype, count, density, seed, spread)
    numbers = leading_numbers(array, wire)
    histogram = Histogram.of(array, mask_of(array), wire)
    assert histogram.count == len(numbers)
    seen = np.flatnonzero(histogram.counts)
    found, times = np.unique(numbers, return_counts=True)
    assert (seen + histogram.first).tolist() == found.tolist()
    assert histogram.counts[seen].tolist() == times.tolist()
    assert histogram.entropy == pytest.approx(-float(np.sum(times * np.log2(times / max(len(numbers), 1)))), abs=1e-6)
    if len(numbers) == 0:
        return
    for split, bits in histogram.splits:
        shift, base, table = split
        assert bits == pytest.approx(plain_split_bits(numbers, histogram.shift, split, histogram.width))
        assert bits + len(numbers) * (shift + 1) >= histogram.least_bits(0) - 1e-6
        other = (shift, max(base - 3, 0), table)
        expected = plain_split_bits(numbers, histogram.shift, other, histogram.width)
        assert histogram.bits_of(*other) == pytest.approx(expected)


@given(st.sampled_from(DTYPES), st.integers(1, 2000), st.integers(0, 3000), st.integers(0, 99))
@settings(max_examples=40)
def test_zeros_among_the_values(dtype, count, zeros, seed):
    array, wire = floats(dtype, count, 1.0, seed)
    histogram = Histogram.of(array, mask_of(array), wire)
    more = histogram.with_zeros(zeros)
    assert more.count == histogram.count + zeros
    if zeros:
        assert more.first == 0
        assert more.counts[0] >= zeros
    assert histogram.least_bits(zeros) == pytest.approx(more.entropy + more.count * (more.shift + 1), abs=1e-6)


@given(st.lists(st.integers(0, 5000), min_size=256, max_size=256), st.integers(1, 40))
@settings(max_examples=30)
def test_the_cheapest_table_is_that_of_the_file_or_an_own_one(counts, tables):
    histogram = np.array(counts, np.uint64)
    histogram[0] += np.uint64(1)
    symbols = SymbolCounts.of(histogram)
    assert symbols.own == free_form(histogram)
    seen = histogram > 0
    assert symbols.bits == pytest.approx(float(histogram[seen] @ symbol_bits(symbols.own, 0)[seen]))
    pool, rng = TablePool(), np.random.default_rng(tables)
    for _ in range(tables):
        pool.number(free_form(rng.integers(1, 100, 256)))
    weighed = [float(histogram @ symbol_bits(table, 0)) for table in pool.tables]
    table, bits = pool.cheapest(symbols)
    if min(weighed) < symbols.bits + pool.extra_bits(frozenset((symbols.own.data,))) - 1e-6:
        assert table == pool.tables[int(np.argmin(weighed))]
        assert bits == pytest.approx(min(weighed))
    else:
        assert (table, bits) == (symbols.own, symbols.bits)


def test_threads_count_the_same():
    array = sparse((3000, 1000), 0.1)
    found = [survey("t", array.view(np.uint32), from_numpy(array.dtype), Policy(), threads) for threads in (1, 3)]
    assert str(found[0].positions) == str(found[1].positions)
    assert found[0].histogram is not None
    assert found[1].histogram is not None
    assert found[0].histogram.counts.tolist() == found[1].histogram.counts.tolist()
    assert found[0].histogram.splits == found[1].histogram.splits


def test_buffers_of_the_wrong_size_are_refused():
    words, counts = np.zeros(4, np.uint64), np.zeros(256, np.uint64)
    for call in (
        lambda: _native.gap_costs(words.view(np.uint8), 1000, 100, counts, counts, 1),
        lambda: _native.gap_costs(words.view(np.uint8), 10, 0, counts, counts, 1),
        lambda: _native.byte_tables(words.view(np.uint8), 1000, 100, 1),
        lambda: _native.strip_tables(words.view(np.uint8), 8, 8, 60, 1, 1, b"", b"", 1),
        lambda: _native.strip_tables(words.view(np.uint8), 8, 8, 64, 2, 1, b"\2" * 8, b"", 1),
        lambda: _native.strip_tables(words.view(np.uint8), 8, 8, 64, 17, 1, bytes(8), b"", 1),
        lambda: _native.leading_bits(np.zeros(64, np.uint8), 4, words, 16, 15, counts, 1),
        lambda: _native.split_bits(counts[:100], 0, 0, 16, 0, 0, b"\2\1"),
        lambda: _native.weigh_leading(counts, 3, 0, 16),
        lambda: _native.cheapest_table(np.zeros(10), counts),
        lambda: _native.pack_classes(b"", 9),
    ):
        with pytest.raises(ValueError):  # noqa: PT011  (each says something else)
            call()
