"""Entropy coded tensors: every coding that the planner weighs, against the plain model, with both kinds of loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spformat import _native
from spformat.codecs.frequencies import Table
from spformat.dtypes import BY_NAME
from spformat.layouts.coding import Floatsplit
from spformat.planning import choose as choosing
from spformat.reader import Reader
from tests import coded_model, forge
from tests.helpers import binomial, raw, read_everything, weighed
from tests.tables import free_form

DTYPES = ["F32", "BF16", "F16", "F64", "F8_E4M3", "I32"]


def tensor(shape, density, dtype, seed):
    """Bit patterns of a tensor with skewed exponents, and columns of very different density."""
    rng = np.random.default_rng(seed)
    numbers = rng.standard_normal(shape) * np.exp(rng.standard_normal(shape[-1]))
    keep = rng.random(shape) < density * rng.random(shape[-1]) * 2
    numbers[~keep] = 0
    wire = BY_NAME[dtype]
    return numbers.astype(wire.numpy).view(wire.bits), wire


def write(array, wire, label):
    """A file whose tensor is stored as the candidate of that label; None when there is none."""
    import io

    from spformat import tensor_jobs
    from spformat import writer as writing

    def this_one(name, survey, pool):
        found = choosing.candidates(name, survey, pool)
        same = [candidate for candidate in found if candidate.label == label]
        assert same or name == "b"  # what its tables cost less in may make a candidate of the second not worth weighing
        return (same or found)[0]

    real = vars(tensor_jobs)["choose"]
    vars(tensor_jobs)["choose"] = this_one
    try:
        target = io.BytesIO()
        with writing.Writer(target, threads=1) as writer:
            writer.add("a", array, wire)
            writer.add("b", array[::-1], wire)  # with the tables of the first
        return target.getvalue()
    finally:
        vars(tensor_jobs)["choose"] = real


@given(
    st.sampled_from([(40, 64), (33, 50), (9, 300), (300, 9), (8, 8, 20), (1000,), (1, 700), (64, 33)]),
    st.sampled_from([0.02, 0.2, 0.5, 0.9, 1.5]),
    st.sampled_from(DTYPES),
    st.integers(0, 50),
)
@settings(max_examples=60)
def test_every_candidate_round_trips_and_all_loops_write_the_same(shape, density, dtype, seed):
    array, wire = tensor(shape, density, dtype, seed)
    labels = [c.label for c in weighed(array, wire)]
    for label in labels:
        files = []
        for simd in _native.simd_names():
            _native.select_simd(simd)
            files.append(write(array, wire, label))
            with Reader(files[-1], threads=1) as reader:
                found = read_everything(reader)
                positions, values = reader.read_nonzeros("a")
                layout = reader.entry("a").storage.layout
            assert raw(found["a"]) == raw(array), label
            assert raw(found["b"]) == raw(array[::-1]), label
            view = array.reshape(len(array), -1).T if layout.view(array.shape).column else array
            assert positions.tolist() == np.flatnonzero(view).tolist(), label
            assert values.tolist() == view[view != 0].tolist(), label
        assert len(set(files)) == 1, label


@pytest.mark.parametrize("density", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("dtype", ["F32", "BF16", "F64"])
def test_the_model_reads_what_was_stored(dtype, density):
    array, wire = tensor((20, 70), density, dtype, 1)
    for candidate in weighed(array, wire):
        with Reader(write(array, wire, candidate.label)) as reader:
            storage, stored = reader.entry("a").storage, reader.stored_block("a", 0)
            tables = [coded_model.table(table.data) for table in reader._bank.tables]
        if storage.layout.name == "csr" or not isinstance(storage.coding.value, Floatsplit):
            continue
        value = storage.coding.value
        if storage.layout.name == "bitmask":
            mask, stored = model_mask(storage, stored, tables, array.shape)
            assert mask == (array != 0).astype(int).tolist()
        count = storage.entries[0]
        numbers, rest = coded_model.floats(stored, count, array.itemsize, value.shift, value.base, tables[value.table])
        expected = array if storage.layout.name == "dense" else array[array != 0]
        assert numbers == expected.reshape(-1).tolist()
        assert rest == b""


def model_mask(storage, stored, tables, shape):
    rows, columns = shape
    index, size = storage.coding.index, -(-rows * columns // 8)
    if isinstance(index, int):
        flat, stored = stored[:size], stored[size:]
    else:
        coded, stored = forge.index_of(stored)
        if hasattr(index, "rows"):
            numbers = np.array(list(index.strip_tables)).reshape(index.row_classes, index.column_classes).tolist()
            named = [[tables[number] for number in row] for row in numbers]
            classes = (index.rows or bytes(rows), index.columns or bytes(columns))
            mask, rest = coded_model.strips(coded, rows, columns, classes, named)
            assert rest == b""
            return mask, stored
        flat, rest = coded_model.mask_bytes(coded, size, [tables[index.table]] * size)
        assert rest == b""
    bits = np.unpackbits(np.array(list(flat), np.uint8), bitorder="little", count=rows * columns)
    return bits.reshape(shape).tolist(), stored


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=256), st.booleans(), st.sampled_from([None, 8, 16]))
def test_tables_mean_what_the_specification_says(counts, by_popcount, literal_bits):
    histogram = np.zeros(256)
    histogram[: len(counts)] = counts
    if not histogram.any():
        histogram[7] = 1
    made = free_form(histogram, by_popcount=by_popcount, literal_bits=literal_bits)
    frequencies, escape = coded_model.table(made.data)
    assert made.frequencies.tolist() == frequencies
    assert made.escape == (-1 if escape is None else escape)
    assert sum(frequencies) == 4096
    if literal_bits is None:
        assert (made.frequencies[histogram > 0] > 0).all()


def test_binomial_tables_mean_what_the_specification_says():
    for level in range(192):
        made = Table(bytes([2, level]))
        frequencies, escape = coded_model.table(made.data)
        assert (made.frequencies.tolist(), made.escape) == (frequencies, -1 if escape is None else escape)
    assert binomial(0.5).escape == -1
    assert binomial(0.1).escape == 255


def test_the_worked_table_and_stream():
    frequencies, escape = coded_model.table(b"\x02\x40")
    assert (frequencies[0], frequencies[4], frequencies[255], escape) == (3975, 15, 1, 255)
    stream = bytes.fromhex("00 4b902a01")
    assert coded_model.rans(stream, 4, [(frequencies, escape)] * 4) == ([0, 0, 4, 0], b"")


WRONG_TABLES = {
    "shorter": b"\x02",
    "kind 3": b"\x03\x00\x01",
    "reserved bit": b"\x20\x00\x01",
    "binomial, longer": b"\x02\x10\x00",
    "binomial, level 192": b"\x02\xc0",
    "binomial, other bits": b"\x06\x10",
    "no codes": b"\x00\x00",
    "code 49": b"\x00\x00\x31",
    "last code 0": b"\x00\x00\x00",
    "padding": b"\x00\x00\x41",
    "bytes after": b"\x00\x00\x01\x00",
    "ends inside": b"\x00\x05\x01",
    "escape without weight": b"\x04\x00\x07\x01",
}


@pytest.mark.parametrize("data", WRONG_TABLES.values(), ids=WRONG_TABLES.keys())
def test_tables_that_break_a_rule(data):
    with pytest.raises(ValueError, match=r"."):
        _ = Table(data).frequencies
