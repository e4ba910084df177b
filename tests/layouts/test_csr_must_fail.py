"""Section 5.3: one test for each way in which gap codes can be wrong, with every digest right.

FAST is the form that the vectorized loop decodes; SLOW and GROUPS take the general decoder.
"""

import pytest

from spformat.errors import CorruptError
from spformat.reader import Reader
from tests import forge, gap_model, stored

U8 = 1
FAST = gap_model.Code(bits=2)
SLOW = gap_model.Code(bits=2, origin=0)
FAST_ESCAPE = gap_model.Code(bits=2, escape=1)
SLOW_ESCAPE = gap_model.Code(bits=2, origin=0, escape=1)
GROUPS = gap_model.Code(restart_rows=1, bits=2)
CARRY = gap_model.Code(restart_rows=1, bits=2, bias=0, carry=1, origin=0)
FILLER_CODES = pytest.mark.parametrize("code", [FAST, SLOW], ids=["fast", "slow"])
ESCAPE_CODES = pytest.mark.parametrize("code", [FAST_ESCAPE, SLOW_ESCAPE], ids=["fast", "slow"])
pytestmark = pytest.mark.usefixtures("simd")


def file_of(data, nonzeros, entries, code, shape=(1, 12), block_elements=None):
    """A U8 tensor of one block with these bytes."""
    size = block_elements or shape[0] * shape[1]
    entry = forge.csr_entry(
        "t", U8, shape, bytes(shape[0] * shape[1]), code.parameters, size, [(data, nonzeros, entries)]
    )
    return forge.file_of([entry], data)


def refused(data, kind):
    """Both decoders of the tensor raise CorruptError with this kind, tensor and block."""
    with Reader(data, threads=1) as reader:
        for read in (reader.read, lambda: reader.read_nonzeros("t")):
            with pytest.raises(CorruptError) as caught:
                read()
            assert (caught.value.kind, caught.value.tensor, caught.value.block) == (kind, "t", 0)


def group(entries, nonzeros, code, kind, shape=(1, 12), **other):
    """Refuses a block of one group without pointers; entries are (code, value)."""
    data = stored.csr_block([entries], False, code.bits, 1)
    refused(file_of(data, nonzeros, len(entries), code, shape, **other), kind)


def groups(entries, nonzeros, code, kind, shape=(3, 4), width=None):
    """Refuses a block of one group for each row."""
    data = stored.csr_block(entries, True, code.bits, 1, width)
    refused(file_of(data, nonzeros, sum(map(len, entries)), code, shape), kind)


def test_the_blocks_of_these_tests_are_valid_before_they_are_broken():
    valid = [
        (stored.csr_block([[(3, 0), (3, 9)]], False, 2, 1), 1, 2, FAST, (1, 12)),
        (stored.csr_block([[(3, None), (2, 9)]], False, 2, 1), 1, 2, FAST_ESCAPE, (1, 12)),
        (stored.csr_block([[(0, 7)], [], [(3, 8)]], True, 2, 1), 2, 2, GROUPS, (3, 4)),
        (stored.csr_block([[(1, 7)], [], [(2, 8)]], True, 2, 1), 2, 2, CARRY, (3, 4)),
    ]
    for data, nonzeros, entries, code, shape in valid:
        with Reader(file_of(data, nonzeros, entries, code, shape)) as reader:
            assert len(reader.read_nonzeros("t")[0]) == nonzeros
            assert (reader.read()["t"] != 0).sum() == nonzeros


@FILLER_CODES
def test_csr_position_of_a_value_beyond_the_block(code):
    group([(3, 1), (3, 1), (3, 1), (3, 1)], 4, code, "csr/position")


@FILLER_CODES
def test_csr_position_of_a_value_beyond_the_block_after_fillers(code):
    group([(0, 1), (3, 0), (3, 0), (3, 0), (0, 5)], 2, code, "csr/position")


@ESCAPE_CODES
def test_csr_position_of_a_value_beyond_the_block_after_escapes(code):
    group([(0, 1), (3, None), (3, None), (3, None), (3, None), (0, 5)], 2, code, "csr/position")


@FILLER_CODES
def test_csr_position_after_a_whole_turn_round_the_group(code):
    """The steps add up to more than L - 1 + bias: inside again, modulo L, but no encoder writes it."""
    group([(3, 0), (3, 0), (3, 0), (1, 5)], 1, code, "csr/position")


def test_csr_position_that_stays_where_it_was():
    code = gap_model.Code(bits=2, bias=0, origin=0)
    group([(1, 5), (0, 6)], 2, code, "csr/position")


def test_csr_position_outside_its_group():
    groups([[(3, 7), (0, 1)], [], []], 2, GROUPS, "csr/position")


def test_csr_position_that_wraps_in_a_group_that_carries():
    groups([[(3, 1)], [(0, 1), (2, 1)], []], 3, CARRY, "csr/position")


def test_csr_position_in_the_last_group_beyond_its_rows():
    """L is not shortened for the last group, but nothing may be placed beyond the block."""
    code = gap_model.Code(restart_rows=2, bits=3)
    groups([[(0, 1)], [(5, 1)]], 2, code, "csr/position")


@FILLER_CODES
@pytest.mark.parametrize("smaller", [0, 1, 2])
def test_csr_zero_value_whose_code_is_not_the_largest(code, smaller):
    group([(smaller, 0), (1, 5)], 1, code, "csr/zero")


@ESCAPE_CODES
def test_csr_zero_value_among_escapes(code):
    group([(1, 5), (1, 0)], 2, code, "csr/zero")


@FILLER_CODES
def test_csr_last_entry_is_a_filler(code):
    group([(1, 5), (3, 0)], 1, code, "csr/last")


@ESCAPE_CODES
def test_csr_last_entry_is_an_escape(code):
    group([(1, 5), (3, None)], 1, code, "csr/last")


@pytest.mark.parametrize("fill", [0, None], ids=["filler", "escape"])
def test_csr_last_entry_of_a_group_in_the_middle(fill):
    code = gap_model.Code(restart_rows=1, bits=1, escape=int(fill is None))
    groups([[(0, 1)], [(1, fill)], [(0, 1)]], 2, code, "csr/last")


@FILLER_CODES
@pytest.mark.parametrize("declared", [0, 1, 3])
def test_csr_nonzeros_are_not_the_values_that_are_not_zero(code, declared):
    group([(1, 5), (3, 0), (1, 6)], declared, code, "csr/nonzeros")


@ESCAPE_CODES
@pytest.mark.parametrize(("values", "declared"), [(1, 1), (3, 3)], ids=["too few values", "too many values"])
def test_csr_nonzeros_are_not_the_codes_that_are_no_escapes(code, values, declared):
    data = stored.pack_bits([1, 3, 1], 2) + bytes([5] * values)
    refused(file_of(data, declared, 3, code), "csr/nonzeros")


@pytest.mark.parametrize("code", [FAST, SLOW, FAST_ESCAPE], ids=["fast", "slow", "escape"])
@pytest.mark.parametrize("bit", [2, 7])
def test_csr_padding_bit_of_the_gaps_is_set(code, bit):
    data = bytes([1 | 1 << bit, 5])
    refused(file_of(data, 1, 1, code), "csr/padding")


def test_csr_pointers_of_a_width_that_is_not_the_smallest():
    groups([[(0, 7)], [], [(3, 8)]], 2, GROUPS, "csr/pointers", width=2)


def test_csr_pointers_of_a_width_where_all_are_zero():
    data = stored.csr_block([[], [], []], True, 2, 1, width=1)
    refused(file_of(data, 0, 0, GROUPS, (3, 4)), "csr/pointers")


@pytest.mark.parametrize("width", [33, 64, 255])
def test_csr_pointers_wider_than_any_count(width):
    """The length of the block is what such pointers of no groups' entries would take, where it can be."""
    data = bytes([width]) + bytes(12) + bytes([0, 5])
    refused(file_of(data, 1, 1, GROUPS, (3, 4)), "csr/pointers")


@pytest.mark.parametrize("counts", [[1, 0, 0], [1, 1, 1]], ids=["too few", "too many"])
def test_csr_pointers_do_not_add_up_to_the_entries(counts):
    data = bytes([1]) + stored.pack_bits(counts, 1) + stored.pack_bits([0, 3], 2) + b"\7\7"
    refused(file_of(data, 2, 2, GROUPS, (3, 4)), "csr/pointers")


@pytest.mark.parametrize("bit", [3, 7])
def test_csr_pointers_with_a_padding_bit_set(bit):
    data = bytes([1, 0b101 | 1 << bit]) + stored.pack_bits([0, 3], 2) + b"\7\7"
    refused(file_of(data, 2, 2, GROUPS, (3, 4)), "csr/pointers")


def test_storage_bytes_do_not_fit_the_width_of_the_pointers():
    """Only the block says how wide its pointers are: width 1 would take one byte less than there is."""
    data = bytes([1, 0b101, 0]) + stored.pack_bits([0, 3], 2) + b"\7\7"
    refused(file_of(data, 2, 2, GROUPS, (3, 4)), "storage/bytes")
