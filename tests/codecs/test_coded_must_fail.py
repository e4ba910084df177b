"""One test for each "must fail when" of the entropy coders: files that are forged with right digests."""

import io

import numpy as np
import pytest

from spformat import tensor_jobs
from spformat import writer as writing
from spformat.dtypes import BY_NAME
from spformat.errors import CorruptError
from spformat.layouts.coding import Coding
from spformat.layouts.gaps import GapCode
from spformat.layouts.storage import Storage
from spformat.layouts.table import Bitmask, Csr
from spformat.planning import statistics
from spformat.planning.candidate import Candidate
from spformat.planning.coding_plan import FloatPlan, RansPlan, StripsPlan
from tests import forge
from tests.helpers import binomial, refused
from tests.tables import free_form

SHAPE = (20, 40)  # three strips, the last of four rows
ARRAY = np.where(np.random.default_rng(1).random(SHAPE) < 0.3, np.random.default_rng(2).standard_normal(SHAPE), 0)
ARRAY = ARRAY.astype(np.float32).view(np.uint32)
NONZEROS = int(np.count_nonzero(ARRAY))
KEYS = free_form(np.bincount((ARRAY[ARRAY != 0] >> 20 & 0x7FF) - 900, minlength=256)[:256], literal_bits=16, outside=1)
SPLIT = FloatPlan(20, 900, KEYS)
ESCAPE = KEYS.escape


def write(monkeypatch, index, value, layout=None, entries=NONZEROS):
    """A file of ARRAY with these codecs."""

    def storage(pool):
        coding = Coding(index.resolved(pool), 0 if value is None else value.resolved(pool))
        return Storage(layout or Bitmask(), coding, ARRAY.size, [0], [NONZEROS], [entries], [0])

    monkeypatch.setattr(tensor_jobs, "choose", lambda *_: Candidate("", 0, True, storage))
    target = io.BytesIO()
    with writing.Writer(target, threads=1) as writer:
        writer.add("t", ARRAY, BY_NAME["F32"])
    return forge.Opened(target.getvalue())


@pytest.fixture
def masked(monkeypatch):
    """A mask by rans, values by floatsplit."""
    return write(monkeypatch, RansPlan(binomial(0.3)), SPLIT)


@pytest.fixture
def stripped(monkeypatch):
    """A mask in strips, raw values; one lane or a few."""
    return write(monkeypatch, StripsPlan(1, 1, [binomial(0.3)], b"", b""), None)


def refuse(file, data, kind, **counts):
    file.replace(data, **counts)
    return refused(file.build(), CorruptError, kind)


def test_block_index_bytes_is_longer_than_the_stream(masked):
    index, values = forge.index_of(masked.block())
    refuse(masked, forge.indexed(index + b"\0", values), "block/index_bytes")


@pytest.mark.parametrize("size", [2, 5, 6, 9])
def test_block_index_bytes_of_a_length_that_has_more_bytes_than_it_needs(masked, size):
    index, values = forge.index_of(masked.block())
    assert len(index) < 128
    longer = bytes([len(index) | 128]) + b"\x80" * (size - 2) + b"\0"
    refuse(masked, longer + index + values, "block/index_bytes")


def test_rans_short_the_index_is_cut(masked):
    index, values = forge.index_of(masked.block())
    states = 1 + 4 * (1 << index[0])
    for size in (0, 1, states - 1, states, states + 1):
        refuse(masked, forge.indexed(index[:size], values), "rans/short")


def test_rans_lanes(masked):
    index, values = forge.index_of(masked.block())
    refuse(masked, forge.indexed(b"\x06" + index[1:], values), "rans/lanes")


@pytest.mark.parametrize("state", [0, 1, 0xFFFF])
def test_rans_state_at_the_start(masked, state):
    index, values = forge.index_of(masked.block())
    refuse(masked, forge.indexed(index[:1] + state.to_bytes(4, "little") + index[5:], values), "rans/state")


def test_rans_state_at_the_end(masked):
    """Another word somewhere: the states do not come out, or too few or too many words are taken."""
    data = bytearray(masked.block())
    data[40] ^= 0x5A
    masked.replace(bytes(data))
    error = refused(masked.build(), CorruptError)
    assert error.kind in ("rans/state", "rans/short", "block/index_bytes", "storage/bytes")


def test_floatsplit_padding(masked):
    data = bytearray(masked.block())
    used = NONZEROS * 21 % 8
    assert used
    data[-1] |= 1 << used
    refuse(masked, bytes(data), "floatsplit/padding")


def test_floatsplit_literal(monkeypatch):
    """A table that knows none of the keys: all are literals of 11 bits."""
    alone = free_form(np.bincount([3, 200], minlength=256), literal_bits=16, outside=1e6)
    file = write(monkeypatch, RansPlan(binomial(0.3)), FloatPlan(20, 0, alone))
    data = bytearray(file.block())
    fields = -(-NONZEROS * 21 // 8)
    data[-fields - 1] |= 0x80
    refuse(file, bytes(data), "floatsplit/literal")


def test_strips_padding(monkeypatch, stripped):
    """Bits of rows 20 to 23, which are not there: the same strips, written as those of 24 rows."""
    whole = np.concatenate([ARRAY, ARRAY[:4]])
    monkeypatch.setitem(globals(), "ARRAY", whole)
    monkeypatch.setitem(globals(), "NONZEROS", int(np.count_nonzero(whole)))
    plan = StripsPlan(1, 1, [binomial(0.3)], b"", b"")
    refuse(stripped, write(monkeypatch, plan, None, entries=NONZEROS).block(), "strips/padding")


def test_csr_code_is_wider_than_its_bits(monkeypatch):
    """Codes of 8 bits in a file that says 7."""
    layout = Csr(GapCode(bits=8, fill=1))
    plain = statistics.measured(ARRAY, layout, ARRAY.size, 1)
    codes = np.zeros(256)
    codes[:64] = 1
    codes[200] = 4000
    sparse = np.zeros_like(ARRAY)
    sparse.reshape(-1)[::201] = 5
    monkeypatch.setitem(globals(), "ARRAY", sparse)
    monkeypatch.setitem(globals(), "NONZEROS", int(np.count_nonzero(sparse)))
    assert plain.entries
    file = write(monkeypatch, RansPlan(free_form(codes)), None, layout, entries=int(np.count_nonzero(sparse)))
    file.storage()[1][5] = 7
    refused(file.build(), CorruptError, "csr/code")


@pytest.mark.parametrize("table", [b"", b"\x03\x00\x01", b"\x02\xff", b"\x00\x00\x00"], ids=repr)
def test_tables_form(masked, table):
    masked.index["tables"][0] = table
    refused(masked.build(), CorruptError, "tables/form")


def test_tables_form_a_table_that_does_not_exist(masked):
    masked.storage()[2][1][3] = 77
    refused(masked.build(), CorruptError, "tables/form")


def test_tables_form_a_key_that_is_too_large(masked):
    masked.storage()[2][1][2] = 2**11 - 2
    refused(masked.build(), CorruptError, "tables/form")


@pytest.mark.parametrize(
    "value", [[3, 15, 0, 0], [3, 31, 0, 0], [3, 20, 2**11, 0], [3, 20, -1, 0], [3, 20, 0, 256], [3, 20, 0]]
)
def test_storage_codec_of_floatsplit(masked, value):
    masked.storage()[2][1] = value
    refused(masked.build(), CorruptError, "storage/codec")


@pytest.mark.parametrize(
    "change", [(1, 0), (1, 17), (2, 0), (3, [0, 0]), (3, []), (4, b"\1"), (5, b"\0"), (5, 0)], ids=repr
)
def test_storage_codec_of_strips(stripped, change):
    stripped.storage()[2][0][change[0]] = change[1]
    refused(stripped.build(), CorruptError, "storage/codec")


def test_coded_entries_are_bounded_by_the_elements(masked):
    blocks = masked.storage()[4]
    blocks[1] = ARRAY.size + 1
    refused(masked.build(), CorruptError, "storage/counts")


def test_index_top_tables_are_no_list_of_bin(masked):
    for wrong in (5, [5], ["x"], [b"\2\1"] * 257):
        masked.index["tables"] = wrong
        refused(masked.build(), CorruptError, "index/top")
