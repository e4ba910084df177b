"""Section 3.4 (and the parameters of 5.3): each way in which a storage can be wrong in the index."""

import pytest

from spformat.errors import CorruptError, UnsupportedError
from spformat.reader import Reader
from tests import forge
from tests.helpers import refused

U8 = 1
DECODED = bytes([5, 0, 7, 0, 0, 0])
BLOCK = b"\x05\x05\x07"  # as a mask and two values
CSR_BLOCK = b"\x10\x05\x07"  # as codes 0 and 1 of four bits and two values
NUMBERS = [3, 2, forge.digest(BLOCK)]
MASK = [1, [], [0, 0], 6, NUMBERS]
GAPS = [0, 0, 0, -1, 1, 4, 0]
CSR_NUMBERS = [3, 2, 2, forge.digest(CSR_BLOCK)]
CSR = [2, GAPS, [1, 0], 6, CSR_NUMBERS]
DENSE = [0, [], [0], 3, [3, 2, forge.digest(DECODED[:3]), 3, 0, forge.digest(DECODED[3:])]]
BODIES = {0: DECODED, 1: BLOCK, 2: CSR_BLOCK}


def file_of(storage, shape=(6,)):
    body = BODIES.get(storage[0], b"") if isinstance(storage, list) and storage and type(storage[0]) is int else b""
    return forge.file_of([["t", U8, list(shape), forge.digest(DECODED), storage]], body)


def refuse(storage, kind="storage/form", error=CorruptError, **other):
    found = refused(file_of(storage, **other), error, kind)
    assert found.tensor == "t"
    return found


def changed(storage, at, value):
    return [*storage[:at], value, *storage[at + 1 :]]


def with_number(storage, at, value):
    return changed(storage, 4, changed(storage[4], at, value))


@pytest.mark.parametrize("storage", [DENSE, MASK, CSR], ids=["dense", "bitmask", "csr"])
def test_the_storages_of_these_tests_are_valid_before_they_are_broken(storage):
    with Reader(file_of(storage)) as reader:
        assert reader.read()["t"].tobytes() == DECODED
        list(reader.check_tensors())


@pytest.mark.parametrize("storage", [[], MASK[:4], [*MASK, 0], [*MASK, {"k": 1}]], ids=len)
def test_storage_form_is_not_five_elements(storage):
    refuse(storage)


@pytest.mark.parametrize("layout", [None, True, 1.0, "1", b"1", [1], -1], ids=repr)
def test_storage_form_layout_is_not_a_number(layout):
    refuse(changed(MASK, 0, layout))


@pytest.mark.parametrize("value", [None, 0, "", b"", {}], ids=repr)
@pytest.mark.parametrize("at", [1, 2, 4], ids=["parameters", "codecs", "blocks"])
def test_storage_form_element_is_not_an_array(at, value):
    refuse(changed(MASK, at, value))


@pytest.mark.parametrize("value", [None, True, 6.0, "6", []], ids=repr)
def test_storage_form_block_elements_is_not_a_number(value):
    refuse(changed(MASK, 3, value))


@pytest.mark.parametrize("value", [None, True, 2.0, "2", [2], -1], ids=repr)
@pytest.mark.parametrize("at", range(4), ids=["stored_bytes", "nonzeros", "entries", "digest"])
def test_storage_form_number_of_a_block(at, value):
    refuse(with_number(MASK, at, value))


@pytest.mark.parametrize("storage", [changed(MASK, 1, [0]), changed(DENSE, 1, [0, 1])], ids=["bitmask", "dense"])
def test_storage_form_parameters_of_a_layout_without_any(storage):
    refuse(storage)


@pytest.mark.parametrize("layout", [3, 255, 2**64 - 1])
def test_storage_layout_is_not_in_the_table(layout):
    refused(file_of(changed(MASK, 0, layout)), UnsupportedError, "storage/layout", match=str(layout))


@pytest.mark.parametrize("codecs", [[0, 7], [9, 0], [[99, 1], 0], [0, [2**64 - 1]]], ids=repr)
def test_storage_codec_is_not_in_the_table(codecs):
    refuse(changed(MASK, 2, codecs), "storage/codec", UnsupportedError)


@pytest.mark.parametrize("codecs", [[2, 0], [1, 0], [0, 1], [[0, 1], 0], [0, [2, 5]], [0], [], [0, 0, 0]], ids=repr)
def test_storage_codec_is_not_for_the_stream(codecs):
    refuse(changed(MASK, 2, codecs), "storage/codec")


@pytest.mark.parametrize("codecs", [[0, 0], [2, 0], [1, 1], [[1, 4], 0]], ids=repr)
def test_storage_codec_of_gap_codes(codecs):
    refuse(changed(CSR, 2, codecs), "storage/codec")


@pytest.mark.parametrize("codecs", [[1], [2], [[2, 0]]], ids=repr)
def test_storage_codec_of_dense_values(codecs):
    refuse(changed(DENSE, 2, codecs), "storage/codec")


@pytest.mark.parametrize("block_elements", [-1, 2**31 + 1, 2**64 - 1])
def test_storage_blocks_block_elements_is_out_of_range(block_elements):
    refuse(changed(MASK, 3, block_elements), "storage/blocks")


@pytest.mark.parametrize(
    ("block_elements", "numbers"),
    [
        (6, []),
        (6, NUMBERS * 2),
        (5, NUMBERS),
        (3, NUMBERS),
        (1, NUMBERS * 5),
        (6, NUMBERS[:2]),
        (6, [*NUMBERS, 0]),
        (0, NUMBERS * 2),
    ],
    ids=["none", "two", "two needed", "two needed exactly", "five of six", "two numbers", "four numbers", "two of all"],
)
def test_storage_blocks_are_not_as_many_as_the_elements_need(block_elements, numbers):
    refuse([*MASK[:3], block_elements, numbers], "storage/blocks")


def test_storage_blocks_of_csr_have_four_numbers():
    refuse(changed(CSR, 4, [*CSR_NUMBERS[:2], CSR_NUMBERS[3]]), "storage/blocks")


def test_block_elements_of_0_are_all_elements():
    for storage in (MASK, CSR):
        with Reader(file_of(changed(storage, 3, 0))) as reader:
            assert reader.read()["t"].tobytes() == DECODED
            assert reader.entry("t").storage.block_elements == 6


def test_storage_blocks_of_0_elements_when_all_are_too_many():
    refuse(changed(MASK, 3, 0), "storage/blocks", shape=(2**31 + 1,))


def test_storage_blocks_of_a_tensor_without_elements():
    refused(forge.file_of([["t", U8, [0], forge.EMPTY_DIGEST, MASK]], BLOCK), CorruptError, "storage/blocks")


@pytest.mark.parametrize(
    ("storage", "nonzeros", "entries"),
    [
        (DENSE, 4, None),
        (MASK, 7, None),
        (MASK, 2**64 - 1, None),
        (CSR, 7, 7),
        (CSR, 3, 2),
        (CSR, 2, 2**32),
        (CSR, 2, 2**64 - 1),
    ],
)
def test_storage_counts(storage, nonzeros, entries):
    storage = with_number(storage, 1, nonzeros)
    error = refuse(storage if entries is None else with_number(storage, 2, entries), "storage/counts")
    assert error.block == 0


@pytest.mark.parametrize("stored", [0, 2, 4, 2**63, 2**64 - 1])
@pytest.mark.parametrize("storage", [DENSE, MASK, CSR], ids=["dense", "bitmask", "csr"])
def test_storage_bytes(storage, stored):
    error = refuse(with_number(storage, 0, stored), "storage/bytes")
    assert (error.block, error.found) == (0, stored)


@pytest.mark.parametrize("stored", [0, 2, 3, 4, 6, 3 + 1 + 2 * 4 + 1, 1000])
def test_storage_bytes_of_a_block_with_pointers(stored):
    """Two groups: 3 bytes of codes and values, a byte for the width (0), and what the width must fit."""
    storage = [2, changed(GAPS, 1, 1), [1, 0], 6, [stored, 2, 2, forge.digest(bytes(stored))]]
    entry = ["t", U8, [2, 3], forge.digest(DECODED), storage]
    refused(forge.file_of([entry], bytes(stored)), kind="csr/pointers" if 3 <= stored <= 12 else "storage/bytes")


WRONG = {
    "axis": [2, -1],
    "restart_rows": [-1],
    "carry": [2, -1],
    "origin": [-2, 2**31, 2**64 - 1],
    "bias": [2, -1],
    "bits": [17, -1, 64, 255],
    "fill": [2, -1],
}


@pytest.mark.parametrize(("at", "value"), [(i, v) for i, name in enumerate(WRONG) for v in WRONG[name]])
def test_csr_parameters_out_of_range(at, value):
    refuse(changed(CSR, 1, changed(GAPS, at, value)), "csr/parameters")


@pytest.mark.parametrize("value", [None, True, 1.0, "1", [1]], ids=repr)
@pytest.mark.parametrize("at", range(7))
def test_csr_parameters_of_another_type(at, value):
    refuse(changed(CSR, 1, changed(GAPS, at, value)), "csr/parameters")


@pytest.mark.parametrize("parameters", [[], GAPS[:6], [*GAPS, 0]], ids=len)
def test_csr_parameters_are_not_seven(parameters):
    refuse(changed(CSR, 1, parameters), "csr/parameters")


@pytest.mark.parametrize(("bias", "bits", "fill"), [(0, 0, 0), (0, 0, 1), (1, 0, 1), (0, 1, 1)])
def test_csr_parameters_without_a_step(bias, bits, fill):
    refuse(changed(CSR, 1, [0, 0, 0, -1, bias, bits, fill]), "csr/parameters")


@pytest.mark.parametrize(
    ("axis", "restart_rows", "block_elements"),
    [(0, 1, 3), (0, 1, 5), (0, 2, 6), (1, 0, 2), (1, 0, 4), (1, 1, 4), (1, 2, 9)],
)
def test_csr_parameters_blocks_do_not_end_where_groups_or_columns_do(axis, restart_rows, block_elements):
    """A 3 x 4 tensor: groups of whole rows of the view, and for columns blocks of whole columns."""
    blocks = -(-12 // block_elements) * CSR_NUMBERS
    storage = [2, [axis, restart_rows, 0, -1, 1, 4, 0], [1, 0], block_elements, blocks]
    refused(forge.file_of([["t", U8, [3, 4], 0, storage]], BLOCK), CorruptError, "csr/parameters")
