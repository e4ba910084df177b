"""Values of few distinct bit patterns (spec/format.md, section 7.6)."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spformat
from spformat import _native, tensor_jobs
from spformat import writer as writing
from spformat.codecs.frequencies import Table
from spformat.dtypes import BY_NAME
from spformat.errors import CorruptError, SourceError
from spformat.layouts.coding import Codebook, Coding, code_width
from spformat.layouts.coding_wire import value_codec
from spformat.layouts.gaps import GapCode
from spformat.layouts.storage import Storage
from spformat.layouts.table import Bitmask, Csr, Dense
from spformat.planning.bound import bound_bytes
from spformat.planning.candidate import Candidate
from spformat.planning.codebooks import distinct_values
from spformat.planning.coding_plan import CodebookPlan
from spformat.planning.policy import Policy
from spformat.reader import Reader
from tests import coded_model, forge
from tests.helpers import raw, read_everything, refused, written
from tests.tables import free_form

HALVES = np.array([0.5, -0.5, -0.5, 0.5], np.float32)
PATTERNS = bytes.fromhex("0000003F 000000BF")


def book_of(array):
    return np.unique(array).astype(f"<u{array.itemsize}").tobytes()


def table_for(codes):
    return free_form(np.bincount(codes, minlength=256))


def write(monkeypatch, bits, plan, dtype="F32", layout=None):
    """A file of one tensor of bit patterns, its values under that codebook."""
    layout = layout or Dense()
    nonzeros = int(np.count_nonzero(bits))
    entries = bits.size if isinstance(layout, Dense) else nonzeros

    def storage(pool):
        coding = Coding(layout.plain.index, plan.resolved(pool))
        return Storage(layout, coding, bits.size, [0], [nonzeros], [entries], [0])

    monkeypatch.setattr(tensor_jobs, "choose", lambda *_: Candidate("", 0, True, storage))
    target = io.BytesIO()
    with writing.Writer(target, threads=1) as writer:
        writer.add("t", bits, BY_NAME[dtype])
    return forge.Opened(target.getvalue())


@pytest.mark.parametrize(
    ("values", "patterns", "stored"), [(HALVES, PATTERNS, b"\x06"), (HALVES[:1], PATTERNS[:4], b"")]
)
def test_the_worked_bytes(monkeypatch, values, patterns, stored):
    file = write(monkeypatch, values.view(np.uint32), CodebookPlan(patterns, None))
    with Reader(file.build()) as reader:
        assert reader.stored_block("t", 0) == stored
        assert raw(read_everything(reader)["t"]) == raw(values)


@given(
    st.integers(1, 256),
    st.integers(1, 3000),
    st.sampled_from(["U8", "BF16", "F32", "I64", "F64"]),
    st.booleans(),
    st.integers(0, 99),
)
def test_few_values_round_trip_as_the_model_reads_them(distinct, count, dtype, packed, seed):
    rng, wire = np.random.default_rng(seed), BY_NAME[dtype]
    limit = 2 ** min(8 * wire.itemsize, 63) - 1
    book = np.unique(rng.integers(0, limit, distinct, endpoint=True).astype(wire.bits))
    codes = rng.integers(0, len(book), count)
    array = book[codes]
    made = None if packed else table_for(codes)
    plan = CodebookPlan(book.astype(book.dtype.newbyteorder("<")).tobytes(), made)
    with pytest.MonkeyPatch.context() as patch:
        file = write(patch, array, plan, dtype)
    with Reader(file.build()) as reader:
        assert raw(read_everything(reader)["t"]) == raw(array)
        stored = reader.stored_block("t", 0)
        table = None if made is None else coded_model.table(made.data)
        assert coded_model.codes(stored, count, len(book), table) == (codes.tolist(), b"")


@given(st.sampled_from([2, 3, 4, 9, 16]), st.integers(1, 3000), st.floats(0.1, 5), st.integers(0, 99))
def test_grouped_codes_round_trip_as_the_model_reads_them(distinct, count, skew, seed):
    rng = np.random.default_rng(seed)
    chances = np.arange(1, distinct + 1) ** -skew
    codes = rng.choice(distinct, count, p=chances / chances.sum())
    book = np.sort(rng.choice(2**16 - 1, distinct, replace=False) + 1).astype(np.uint16)
    array = book[codes]
    made = _native.grouped_table(array.view(np.uint8), 2, book.astype(np.uint64), code_width(distinct), False)
    assert made
    data, bits = made
    with pytest.MonkeyPatch.context() as patch:
        file = write(patch, array, CodebookPlan(book.tobytes(), Table(data), True), "BF16")
    with Reader(file.build()) as reader:
        assert raw(read_everything(reader)["t"]) == raw(array)
        stored = reader.stored_block("t", 0)
        model = coded_model.codes(stored, count, distinct, coded_model.table(data), grouped=True)
        assert model == (codes.tolist(), b"")
        assert len(stored) <= bits / 8 + 2 + 4 * 2 ** stored[0]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("others", [0.3, 1.0])
def test_skewed_signs_are_grouped_also_in_many_blocks(threads, others):
    rng = np.random.default_rng(1)
    signs = rng.choice(np.array([-1, 1], np.float32), (700, 300), p=[0.05, 0.95])
    array = np.where(rng.random((700, 300)) < others, signs, np.float32(0))
    with Reader(written({"t": array}, policy=Policy(block_entries=5000)), threads=threads) as reader:
        storage = reader.entry("t").storage
        assert isinstance(storage.coding.value, Codebook)
        assert storage.coding.value.grouped
        assert storage.blocks > 10
        assert raw(read_everything(reader)["t"]) == raw(array)


@pytest.mark.parametrize("layout", [Bitmask(), Csr(GapCode(bits=8, fill=1)), Csr(GapCode(bits=8, fill=0))])
@pytest.mark.parametrize("grouped", [False, True])
def test_every_layout_may_have_a_codebook(monkeypatch, layout, grouped):
    bits = np.random.default_rng(0).choice(np.array([0, 7, 9], np.uint16), 500, p=[0.5, 0.2, 0.3])
    plan = CodebookPlan(book_of(bits[bits != 0]), free_form(np.ones(256), literal_bits=8) if grouped else None, grouped)
    file = write(monkeypatch, bits, plan, "BF16", layout)
    with Reader(file.build()) as reader:
        assert raw(read_everything(reader)["t"]) == raw(bits)


def test_a_filler_is_a_zero_of_the_codebook(monkeypatch):
    bits = np.zeros(100, np.uint16)
    bits[[3, 90]] = 5
    layout = Csr(GapCode(bits=4, fill=0))

    def storage(pool):
        coding = Coding(layout.plain.index, CodebookPlan(np.array([0, 5], "<u2").tobytes(), None).resolved(pool))
        return Storage(layout, coding, bits.size, [0], [2], [7], [0])

    monkeypatch.setattr(tensor_jobs, "choose", lambda *_: Candidate("", 0, True, storage))
    target = io.BytesIO()
    with writing.Writer(target) as writer:
        writer.add("t", bits, BY_NAME["BF16"])
    with Reader(target.getvalue()) as reader:
        assert raw(read_everything(reader)["t"]) == raw(bits)
        assert len(reader.stored_block("t", 0)) == 4 + 1  # seven codes of four bits, seven of one


@pytest.mark.parametrize(
    ("stored", "kind"),
    [(b"\x06\x00", "storage/bytes"), (b"", "storage/bytes"), (b"\x16", "codebook/padding")],
)
def test_damaged_codes(monkeypatch, stored, kind):
    file = write(monkeypatch, HALVES.view(np.uint32), CodebookPlan(PATTERNS, None))
    file.replace(stored)
    refused(file.build(), CorruptError, kind)


@pytest.mark.parametrize("coded", [False, True])
def test_a_code_beyond_the_codebook(monkeypatch, coded):
    bits = np.array([1, 2, 3, 3], np.uint32)
    table = table_for([0, 1, 2, 2])
    file = write(monkeypatch, bits, CodebookPlan(book_of(bits), table if coded else None))
    if coded:
        file.storage()[2][0][1] = np.array([1, 2], "<u4").tobytes()
        refused(file.build(), CorruptError, "codebook/code")
    else:
        file.replace(b"\xff")
        refused(file.build(), CorruptError, "codebook/code")


@pytest.mark.parametrize(
    "wire",
    [
        [5, b"", 1],
        [5, b"abc", 1],
        [5, b"abcdabcd", 1],
        [5, b"\1\0\0\0\0\0\0\0", 1],
        [5, b"abcd" * 257, 1],
        [5, b"abcd", 0],
        [5, b"abcd", [2, 256]],
        [5, b"abcd", [3, 0]],
        [5, b"abcd", [2]],
        [5, b"abcd", [2, 0, True]],
        [5, b"abcdefgh", [2, 0, False]],
        [5, b"abcdefgh", [2, 0, 1]],
        [5, b"abcdefgh", [2, 0, True, True]],
        [5, b"abcdbbcdcbcddbcdebcd", [2, 0, True]],
        [5, "abcd", 1],
        [5, b"abcd"],
        [5, b"abcd", True],
    ],
)
def test_a_codebook_that_breaks_a_rule(wire):
    assert value_codec(wire, BY_NAME["F32"]) is None


def test_a_codebook_for_wide_elements_is_refused():
    assert value_codec([5, bytes(16), 1], BY_NAME["C128"]) is None
    assert value_codec([5, bytes(8), 1], BY_NAME["F64"]) == Codebook(bytes(8), None)
    assert value_codec([5, b"abcdefgh", [2, 7, True]], BY_NAME["F32"]) == Codebook(b"abcdefgh", 7, grouped=True)


@pytest.mark.parametrize("distinct", [1, 2, 3, 200, 256, 257])
def test_distinct_values_are_found_and_counted(distinct):
    array = np.random.default_rng(1).permutation(np.arange(1, distinct + 1, dtype=np.uint32).repeat(3))
    found = distinct_values(np.concatenate([array, np.zeros(5, np.uint32)]))
    if distinct > 256:
        assert found is None
    else:
        assert found is not None
        assert found.patterns.tolist() == list(range(1, distinct + 1))
        assert found.counts.tolist() == [3] * distinct


@pytest.mark.parametrize(
    ("array", "most_bits"),
    [
        (np.random.default_rng(2).choice(np.array([-1, 1], np.float32), (300, 300)), 1.01),
        (np.random.default_rng(3).choice(np.array([-0.3, 0, 0.3], np.float32), (300, 300), p=[0.1, 0.8, 0.1]), 0.95),
        (np.full((300, 300), 0.25, np.float64), 0.02),
    ],
)
def test_binary_ternary_and_constant_tensors_take_their_entropy(array, most_bits):
    report = spformat.inspect(spformat.save({"t": array}))
    assert 8 * report.tensors[0].stored_bytes <= most_bits * array.size
    assert report.tensors[0].bound_bytes == bound_bytes(array.view(f"u{array.itemsize}"), BY_NAME["F32"])


def test_a_value_that_appears_while_packing_is_an_error(monkeypatch):
    bits = np.array([5, 6, 6, 5], np.uint32)
    with pytest.raises(SourceError, match="changed"):
        write(monkeypatch, bits, CodebookPlan(np.array([5, 7], "<u4").tobytes(), None))


def test_too_little_room_is_an_error():
    with pytest.raises(ValueError, match="room"):
        _native.distinct_nonzeros(np.zeros(8, np.uint8), 4, np.zeros(8, np.uint64), np.zeros(256, np.uint64))


def test_grouped_tables_are_made_for_codes_that_bytes_can_group():
    array, patterns = np.array([5, 6, 6, 5], np.uint32).view(np.uint8), np.array([5, 7], np.uint64)
    assert _native.grouped_table(array, 4, patterns, 1, True) is None  # 6 has no code: it came after they were counted
    for too_many in (np.arange(3, dtype=np.uint64), np.arange(17, dtype=np.uint64)):
        with pytest.raises(ValueError, match="patterns"):
            _native.grouped_table(array, 4, too_many, 1, True)
    with pytest.raises(ValueError, match="group"):
        _native.grouped_table(array, 4, patterns, 3, True)


def test_runs_of_equal_signs_take_less_than_their_entropy():
    signs = np.where(np.random.default_rng(0).random((512, 8)) < 0.5, -1, 1).astype(np.float32).repeat(64, axis=1)
    assert len(spformat.save({"t": signs})) < signs.size / 8 / 3
