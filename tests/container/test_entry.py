"""Section 3.3: each way in which a tensor's entry can be wrong."""

import pytest

from spformat.errors import CorruptError, LimitError, UnsupportedError
from spformat.reader import Reader
from tests import forge
from tests.helpers import refused

U8, C128 = 1, 21
DATA = bytes([5, 0, 7])
DIGEST = forge.digest(DATA)
GOOD = ["t", U8, [3], DIGEST, 1]
MASK = ["t", U8, [3], DIGEST, [1, [], [0, 0], 3, [3, 2, forge.digest(b"\5\5\7")]]]
NUMBERS: list[object] = [None, True, 1.0, "1", b"1", [], {}]


def entry_with(at, value):
    return [*GOOD[:at], value, *GOOD[at + 1 :]]


def refuse(entry, kind="entry/form", error=CorruptError, before=()):
    return refused(forge.file_of([*before, entry], DATA), error, kind)


def test_the_entries_of_these_tests_are_valid_before_they_are_broken():
    assert Reader(forge.file_of([GOOD], DATA)).read()["t"].tobytes() == DATA
    assert Reader(forge.file_of([MASK], b"\5\5\7")).read()["t"].tobytes() == DATA


@pytest.mark.parametrize("entry", [None, 1, "t", b"t", {}, {"name": "t"}, [], ["t"]], ids=repr)
def test_entry_form_is_not_an_array_of_a_known_length(entry):
    refuse(entry)


@pytest.mark.parametrize("entry", [GOOD[:3], GOOD[:4], [*GOOD, {"k": 1}, 1], ["t", 0, {"k": 1}]], ids=len)
def test_entry_form_has_another_number_of_elements(entry):
    refuse(entry, before=[["a", U8, [0], forge.EMPTY_DIGEST, 0]])


RECORD = [0, 1, None, True]


@pytest.mark.parametrize(
    "extras", [[{}], [None], [1], ["k"], [RECORD, {}], [RECORD, RECORD], [{"k": 1}, RECORD]], ids=repr
)
def test_entry_form_what_follows_is_no_quantization_and_no_map_with_a_key(extras):
    refuse([*GOOD, *extras])


@pytest.mark.parametrize("extras", [[RECORD], [{"k": 1}], [RECORD, {"k": 1}]], ids=repr)
def test_quantization_and_a_map_may_follow(extras):
    with Reader(forge.file_of([[*GOOD, *extras]], DATA)) as reader:
        assert (reader.entry("t").quantization is not None) == (RECORD in extras)


@pytest.mark.parametrize("name", [None, 1, b"t", ["t"]], ids=repr)
def test_entry_form_name_is_not_a_str(name):
    refuse(entry_with(0, name))


@pytest.mark.parametrize("dtype", [*NUMBERS, -1], ids=repr)
def test_entry_form_dtype_is_not_a_number(dtype):
    refuse(entry_with(1, dtype))


@pytest.mark.parametrize(
    "shape", [None, 3, "3", b"3", {}, [3.0], [True], [None], [[3]], [-3], [3, -1], [-1, -3]], ids=repr
)
def test_entry_form_shape_is_not_a_list_of_lengths(shape):
    refuse(entry_with(2, shape))


@pytest.mark.parametrize("digest", [*NUMBERS, -1], ids=repr)
def test_entry_form_digest_is_not_a_number(digest):
    refuse(entry_with(3, digest))


@pytest.mark.parametrize("zeros", [None, False, 1.0, "1", b"1", {}], ids=repr)
def test_entry_form_zeros_is_neither_a_number_nor_an_array(zeros):
    """Such an entry could be either of the two long forms, so both rules are broken."""
    error = refused(forge.file_of([entry_with(4, zeros)], DATA), CorruptError)
    assert error.kind in ("entry/form", "storage/form")


@pytest.mark.parametrize("zeros", [-1, -(2**63)])
def test_entry_form_zeros_has_the_wrong_sign(zeros):
    refuse(entry_with(4, zeros))


@pytest.mark.parametrize("target", NUMBERS, ids=repr)
def test_entry_form_target_is_not_a_number(target):
    refuse(["u", target], before=[GOOD])


@pytest.mark.parametrize("zeros", [4, 255, 2**64 - 1])
def test_entry_zeros_are_more_than_the_elements(zeros):
    error = refuse(entry_with(4, zeros), "entry/zeros")
    assert (error.expected, error.found, error.tensor) == (3, zeros, "t")


@pytest.mark.parametrize("shape", [[0], [3, 0], [0, 2**20]], ids=repr)
def test_entry_zeros_of_a_tensor_without_elements(shape):
    refused(forge.file_of([["t", U8, shape, forge.EMPTY_DIGEST, 1]]), CorruptError, "entry/zeros")


@pytest.mark.parametrize("name", ["", "t", "\0", "é" * 100])
def test_entry_name_twice(name):
    error = refuse([name, *GOOD[1:]], "entry/name", before=[[name, U8, [0], forge.EMPTY_DIGEST, 0]])
    assert error.tensor == name


def test_entry_name_of_a_tie_is_taken():
    refuse(["t", 0], "entry/name", before=[GOOD])


@pytest.mark.parametrize("name", ["x" * 65_536, "é" * 32_768, "\U0001f600" * 16_384, "x" * 1_000_000], ids=len)
def test_entry_name_is_too_long(name):
    refuse([name, *GOOD[1:]], "entry/name")


@pytest.mark.parametrize("name", ["", "x" * 65_535, "é" * 32_767, "\U0001f600" * 16_383], ids=len)
def test_names_of_up_to_65535_bytes_are_read(name):
    assert Reader(forge.file_of([[name, *GOOD[1:]]], DATA)).names == [name]


@pytest.mark.parametrize("dtype", [22, 255, 2**64 - 1])
def test_entry_dtype_is_not_in_the_table(dtype):
    error = refuse(entry_with(1, dtype), "entry/dtype", UnsupportedError)
    assert error.found == dtype


@pytest.mark.parametrize("target", [1, 2, 2**64 - 1])
def test_entry_tie_to_itself_or_a_later_entry(target):
    refuse(["u", target], "entry/tie", before=[GOOD])


@pytest.mark.parametrize("target", [-1, -(2**63)])
def test_entry_form_target_has_the_wrong_sign(target):
    refuse(["u", target], before=[GOOD])


def test_entry_tie_forward():
    refused(forge.file_of([["u", 1], GOOD], DATA), CorruptError, "entry/tie")


def test_entry_tie_in_a_circle():
    refused(forge.file_of([["a", 1], ["b", 0]]), CorruptError, "entry/tie")


def test_entry_tie_to_a_tie():
    error = refuse(["v", 1], "entry/tie", before=[GOOD, ["u", 0]])
    assert error.tensor == "v"


@pytest.mark.parametrize("rank", [65, 1000])
def test_entry_limits_of_the_rank(rank):
    refused(forge.file_of([["t", U8, [1] * rank, forge.digest(b"\1"), 0]], b"\1"), LimitError, "entry/limits")


def test_rank_64_is_read():
    data = forge.file_of([["t", U8, [1] * 64, forge.digest(b"\1"), 0]], b"\1")
    assert Reader(data).read()["t"].shape == (1,) * 64


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [(U8, [2**62 + 1]), (U8, [2**64 - 1]), (C128, [2**58 + 1]), (U8, [2**32] * 2), (U8, [2**63] * 64)],
)
def test_entry_limits_of_the_elements_and_their_bytes(dtype, shape):
    refused(forge.file_of([["t", dtype, shape, 0, 0]]), LimitError, "entry/limits")
