"""Every gap code of the family against the plain model: the same codes, pointers and values, and the same
bits back.

What is checked is the file: its index is read with msgpack and its blocks with the parser of tests/stored.py.
"""

import itertools

import numpy as np
import pytest

from spformat.planning.policy import ALL_ROWS, GapRequest, Policy
from spformat.reader import Reader
from tests import forge, gap_model, stored
from tests.helpers import raw, written
from tests.strategies import SPECIAL

ROWS, COLUMNS = 5, 7
RESTARTS = [None, 1, 2, ALL_ROWS]
ORIGINS = [-1, 0, 1, 6, 1000, 2**31 - 1]
WIDTHS = [0, 1, 2, 3, 4, 5, 8, 15, 16]
FILLS = ["filler", "escape"]


def matrices():
    """Shapes and densities that reach every branch: empty rows, first and last positions, all and nothing."""
    rng = np.random.default_rng(7)
    special = SPECIAL[4].view(np.uint32).reshape(-1)
    random = np.where(rng.random((ROWS, COLUMNS)) < 0.2, rng.choice(special, (ROWS, COLUMNS)), 0)
    corners = np.zeros((ROWS, COLUMNS), np.uint32)
    corners[0, 0] = corners[-1, -1] = 1 << 31
    staircase = np.eye(COLUMNS, dtype=np.uint32)
    lonely = np.zeros((3, 40), np.uint32)
    lonely[1, 39] = lonely[2, 1] = 5
    zeros, ones = np.zeros((2, 3), np.uint32), np.ones((3, 2), np.uint32)
    every = {"random": random.astype(np.uint32), "corners": corners, "reversed": staircase[::-1].copy()}
    return every | {"staircase": staircase, "lonely": lonely, "zeros": zeros, "ones": ones}


MATRICES = matrices()


def requests(axis, restart, carry):
    """All requests with these three that have a largest step of at least 1."""
    for origin, bias, bits, fill in itertools.product(ORIGINS, (0, 1), WIDTHS, FILLS):
        if 2**bits - 1 + bias - (fill == "escape") >= 1:
            yield GapRequest(axis, restart, carry, origin, bias, bits, fill)


def model_code(parameters):
    axis, restart_rows, carry, origin, bias, bits, fill = parameters
    return gap_model.Code(axis, restart_rows, carry, origin, bias, bits, fill)


def stored_groups(file, number):
    """For each block: parameters, groups of entries in the file, groups that the model makes."""
    _, _, shape, _, (layout, parameters, codecs, block_elements, numbers) = file.entry(number)
    assert (layout, codecs) == (2, [1, 0])
    code = model_code(parameters)
    elements = gap_model.view(MATRICES[file.entry(number)[0]].tolist(), code.axis)
    row = shape[0] if code.axis else shape[1]
    block_elements = block_elements or len(elements)
    length = code.restart_rows * row or block_elements
    assert len(numbers) == 4 * -(-len(elements) // block_elements)
    for block in range(len(numbers) // 4):
        part = elements[block * block_elements :][:block_elements]
        stored_bytes, nonzeros, entries, digest = numbers[4 * block : 4 * block + 4]
        data = file.block(number, block)
        assert (len(data), forge.digest(data)) == (stored_bytes, digest)
        assert nonzeros == sum(map(bool, part))
        found = stored.parse_csr(data, len(part), length, entries, code, 4)
        expected = gap_model.encode(part, length, code)
        assert gap_model.decode(expected, len(part), length, code) == part
        yield parameters, found, expected


def wanted(request, parameters, shape):
    """Whether the parameters in the file are those that were asked for."""
    rows = shape[1] if request.axis == "column" else shape[0]
    restart = {None: 0, ALL_ROWS: rows}.get(request.restart_rows, request.restart_rows)
    axis, fill = int(request.axis == "column"), FILLS.index(request.fill)
    return parameters == [axis, restart, int(request.carry), request.origin, request.bias, request.bits, fill]


def check(request, block_entries):
    data = written(MATRICES, policy=Policy("csr", request, block_entries))
    file = forge.Opened(data)
    for number, (name, matrix) in enumerate(MATRICES.items()):
        for parameters, found, expected in stored_groups(file, number):
            assert wanted(request, parameters, matrix.shape), name
            assert found == expected, (name, request)
    with Reader(data, threads=1) as reader:
        for name, array in reader.read().items():
            assert raw(array) == raw(MATRICES[name]), (name, request)


@pytest.mark.parametrize("carry", [False, True], ids=["restart", "carry"])
@pytest.mark.parametrize("restart", RESTARTS, ids=lambda r: f"rows{r}")
@pytest.mark.parametrize("axis", ["row", "column"])
def test_codes_pointers_and_values_are_the_models(axis, restart, carry):
    for request in requests(axis, restart, carry):
        check(request, 32_768)


@pytest.mark.parametrize("restart", RESTARTS[:3], ids=lambda r: f"rows{r}")
@pytest.mark.parametrize("axis", ["row", "column"])
def test_so_are_they_when_a_tensor_has_many_blocks(axis, restart):
    for request in requests(axis, restart, carry=False):
        if request.origin <= 1 and request.bits in (0, 1, 3, 16):
            check(request, 3)


def test_a_last_block_of_one_group_has_pointers_or_not_as_the_specification_says(simd):  # noqa: ARG001
    """Section 5.3: no pointers for a block of one group, which the last block may be."""
    policy = Policy("csr", GapRequest(restart_rows=1, bits=3, fill="filler"), block_entries=3)
    matrix = np.ones((5, 2), np.uint8)  # blocks of two rows: the third holds one
    file = forge.Opened(written({"t": matrix}, policy=policy))
    assert file.storage()[3] == 4
    groups = gap_model.encode([1, 1], 2, model_code(file.storage()[1]))
    assert file.block(0, 2) == stored.csr_block(groups, stored.has_pointers(2, 2), 3, 1)
