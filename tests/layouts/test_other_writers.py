"""Files that spformat's writer does not make but the specification allows: a reader must read them all."""

import itertools

import numpy as np
import pytest

from spformat.errors import CorruptError
from spformat.reader import Reader
from tests import forge, gap_model, stored
from tests.helpers import raw, read_everything, refused

U16 = 3


def csr_file(matrix, code, block_elements):
    """A U16 matrix as gap codes, encoded by the model alone."""
    elements = gap_model.view(matrix.tolist(), code.axis)
    length = code.restart_rows * (matrix.shape[0] if code.axis else matrix.shape[1]) or block_elements
    blocks = []
    for start in range(0, len(elements), block_elements):
        part = elements[start : start + block_elements]
        groups = gap_model.encode(part, length, code)
        pointers = stored.has_pointers(len(part), length)
        data = stored.csr_block(groups, pointers, code.bits, 2)
        blocks.append((data, sum(map(bool, part)), sum(map(len, groups))))
    entry = forge.csr_entry("t", U16, matrix.shape, raw(matrix), code.parameters, block_elements, blocks)
    return forge.file_of([entry], b"".join(data for data, _, _ in blocks))


def matrix_of(shape, density=0.3, seed=3):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < density, rng.integers(1, 2**16, shape), 0).astype(np.uint16)


def check(matrix, code, block_elements):
    with Reader(csr_file(matrix, code, block_elements), threads=1) as reader:
        found = read_everything(reader)["t"]
        positions, values = reader.read_nonzeros("t")
    assert raw(found) == raw(matrix)
    view = matrix.T if code.axis else matrix
    flat = np.ascontiguousarray(view).reshape(-1)
    assert positions.tolist() == np.flatnonzero(flat).tolist()
    assert values.tolist() == flat[flat != 0].tolist()


CODES = [
    (origin, bias, bits, escape)
    for origin, bias, bits, escape in itertools.product((-1, 0, 1, 50), (0, 1), (0, 1, 2, 4, 9, 16), (0, 1))
    if 2**bits - 1 + bias - escape >= 1
]


@pytest.mark.parametrize("axis", [0, 1], ids=["row", "column"])
def test_a_code_that_carries_starts_again_at_each_block(axis, simd):  # noqa: ARG001
    matrix = matrix_of((12, 5) if axis == 0 else (5, 12))
    for origin, bias, bits, escape in CODES:
        check(matrix, gap_model.Code(axis, 1, 1, origin, bias, bits, escape), 20)


@pytest.mark.parametrize("axis", [0, 1], ids=["row", "column"])
def test_blocks_need_no_groups(axis, simd):  # noqa: ARG001
    matrix = matrix_of((6, 5))
    for (origin, bias, bits, escape), carry in itertools.product(CODES, (0, 1)):
        check(matrix, gap_model.Code(axis, 0, carry, origin, bias, bits, escape), 12 if axis else 7)


@pytest.mark.parametrize("restart_rows", [1, 2, 3, 100, 2**40], ids=lambda r: f"rows{r}")
@pytest.mark.parametrize("block_elements", [30, 31, 1000, 2**31])
def test_one_block_may_be_declared_larger_than_the_tensor(restart_rows, block_elements):
    for origin, bias in ((-1, 1), (0, 0)):  # from any other origin the first nonzero is a turn of L away
        check(matrix_of((6, 5)), gap_model.Code(0, restart_rows, 0, origin, bias, 3, 0), block_elements)


@pytest.mark.parametrize("density", [0.0, 1.0])
def test_empty_and_full_blocks(density):
    for origin, bias, bits, escape in CODES:
        check(matrix_of((4, 3), density), gap_model.Code(0, 1, 0, origin, bias, bits, escape), 6)


def test_dense_and_bitmask_in_blocks_that_end_anywhere(simd):  # noqa: ARG001
    matrix = matrix_of((5, 5))
    flat = matrix.reshape(-1).tolist()
    for block_elements in (1, 7, 8, 9, 24, 25, 26, 2**31):
        parts = [flat[i : i + block_elements] for i in range(0, 25, block_elements)]
        dense = [(np.array(p, "<u2").tobytes(), sum(map(bool, p)), len(p)) for p in parts]
        masks = [(stored.bitmask_block(p, 2), sum(map(bool, p)), sum(map(bool, p))) for p in parts]
        entries = [
            forge.storage_entry("dense", U16, [5, 5], raw(matrix), [0, [], [0], block_elements], dense),
            forge.storage_entry("bitmask", U16, [5, 5], raw(matrix), [1, [], [0, 0], block_elements], masks),
        ]
        body = b"".join(data for data, _, _ in dense + masks)
        with Reader(forge.file_of(entries, body), threads=1) as reader:
            for array in read_everything(reader).values():
                assert raw(array) == raw(matrix)


@pytest.mark.parametrize("storage", [[0, [], [0], 1], [1, [], [0, 0], 8], [2, [0, 0, 0, -1, 1, 4, 0], [1, 0], 5]])
def test_a_tensor_of_no_elements_has_no_storage(storage):
    """Only the form with zeros: what parameters mean for rows of no elements need not be said."""
    entry = forge.storage_entry("t", U16, [3, 0], b"", storage, [])
    refused(forge.file_of([entry]), CorruptError, "storage/blocks")
    with Reader(forge.file_of([["t", U16, [3, 0], forge.EMPTY_DIGEST, 0]])) as reader:
        assert read_everything(reader)["t"].shape == (3, 0)


def test_optional_keys_of_a_later_minor_version_are_ignored():
    entry = ["t", U16, [1], forge.digest(b"\x07\x00"), 0, {"later": [1, {"a": None, "b": b"x"}]}]
    index = {"later": {"x": 1.5}, "tensors": [entry, ["u", 0]]}
    data = forge.file_of(None, b"\x07\x00", index=index, version=b"\x01\x2a" + bytes(6))
    with Reader(data) as reader:
        assert reader.version == "1.42"
        assert {name: array.tolist() for name, array in reader.read().items()} == {"t": [7], "u": [7]}
