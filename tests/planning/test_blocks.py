"""How large blocks are: whole rows where rows are short, whole groups where the layout needs them, never too
large.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat.errors import SourceError
from spformat.layouts.gaps import GapCode
from spformat.layouts.table import Csr
from spformat.layouts.view import View, view_of
from spformat.limits import MAX_BLOCK_ELEMENTS
from spformat.planning import forced
from spformat.planning.blocks import MOST_ELEMENTS, block_elements, whole_tensor
from spformat.planning.policy import GapRequest, Policy
from spformat.reader import Reader
from tests.helpers import sparse, written

BIG = View(1 << 14, 1 << 14)


@pytest.mark.parametrize(
    ("shape", "view"),
    [((), (1, 1)), ((5,), (5, 1)), ((5, 3), (5, 3)), ((5, 3, 2, 2), (5, 12)), ((0, 3), (0, 3))],
)
def test_a_tensor_is_seen_as_rows_and_the_rest(shape, view):
    assert view_of(shape) == View(*view)
    assert view_of(shape, column=True) == View(view[1], view[0], True)


@pytest.mark.parametrize("density", [0.001, 0.01, 0.1, 0.5, 1.0])
def test_blocks_hold_about_as_many_nonzeros_as_asked(density):
    nonzeros = int(BIG.elements * density)
    size = block_elements(BIG, nonzeros, 32_768)
    assert size == MOST_ELEMENTS or 0.7 * 32_768 <= size * density <= 1.5 * 32_768
    assert size % BIG.row_elements == 0


@pytest.mark.parametrize("nonzeros", [0, 1, 100])
def test_sparse_blocks_are_capped(nonzeros):
    assert block_elements(BIG, nonzeros, 32_768) == MOST_ELEMENTS


def test_rows_longer_than_a_block_are_cut():
    size = block_elements(View(4, 1 << 24), 1 << 26, 32_768)
    assert size == 32_768


def test_small_tensors_are_one_block():
    assert block_elements(View(10, 30), 300, 32_768) == 300


@given(
    st.integers(1, 3000),
    st.integers(1, 3000),
    st.floats(0, 1),
    st.integers(1, 1 << 20),
    st.sampled_from([1, 2, 7, 64, 1000]),
)
def test_any_block_is_a_whole_number_of_units_or_the_tensor(rows, columns, density, entries, unit):
    view = View(rows, columns)
    size = block_elements(view, int(view.elements * density), entries, unit)
    assert 1 <= size <= view.elements
    assert size % unit == 0 or size == view.elements
    assert size <= max(MOST_ELEMENTS * 1.5, unit)


def test_a_code_that_never_restarts_needs_one_block():
    assert whole_tensor(View(7, 9), "t") == 63
    with pytest.raises(SourceError, match="restart") as caught:
        whole_tensor(View(2, 1 << 30 | 1), "t")
    assert (caught.value.tensor, caught.value.found) == ("t", 2 * (1 << 30 | 1))


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ((2, MAX_BLOCK_ELEMENTS + 8), GapCode(restart_rows=1)),
        ((8, MAX_BLOCK_ELEMENTS // 2 + 1), GapCode(restart_rows=2)),
        ((MAX_BLOCK_ELEMENTS + 1, 2), GapCode(axis=1)),
        ((MAX_BLOCK_ELEMENTS + 1, 2), GapCode(axis=1, restart_rows=1)),
    ],
    ids=["a row", "two rows", "a column", "a column each"],
)
def test_groups_and_columns_larger_than_any_block_are_refused(shape, code):
    """A block must hold at least one of them, and no reader takes a block of more than 2^31 elements."""
    with pytest.raises(SourceError):
        forced._blocks("t", shape, code, Policy("csr"), 1000)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 9), st.integers(0, 1), st.integers(1, 200))
def test_forced_blocks_end_where_section_5_3_wants(rows, columns, restart, axis, entries):
    code = GapCode(axis=axis, restart_rows=restart)
    policy = Policy("csr", block_entries=entries)
    size = forced._blocks("t", (rows, columns), code, policy, rows * columns // 2)
    assert Csr(code).blocks_fit((rows, columns), size)


@pytest.mark.parametrize("layout", ["auto", "dense", "bitmask", "csr"])
@pytest.mark.parametrize("entries", [1, 7, 1000])
def test_the_file_has_the_blocks_that_were_asked_for(layout, entries):
    array = sparse((64, 50), 0.25)
    with Reader(written({"t": array}, policy=Policy(layout, block_entries=entries))) as reader:
        storage = reader.entry("t").storage
    expected = block_elements(View(64, 50), int(np.count_nonzero(array)), entries)
    assert storage.block_elements == expected
    assert storage.blocks == -(-3200 // expected)


def test_a_carrying_code_has_one_block_however_large():
    request = GapRequest(restart_rows=1, carry=True)
    with Reader(written({"t": sparse((64, 50))}, policy=Policy("csr", request, block_entries=1))) as reader:
        assert reader.entry("t").storage.blocks == 1
