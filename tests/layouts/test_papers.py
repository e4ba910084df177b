"""The worked examples of the lecture and the papers, number for number (spec/format.md, section 6.5)."""

from dataclasses import replace

import numpy as np
import pytest

from spformat.planning.policy import ALL_ROWS, PRESETS, GapRequest, Policy, preset
from spformat.reader import Reader
from tests import forge, gap_model, stored
from tests.helpers import raw, written

LECTURE = {
    (0, 0): 1.2,
    (1, 3): 0.6,
    (1, 4): 3.4,
    (2, 5): 3.0,
    (3, 5): 0.9,
    (4, 7): 2.7,
    (4, 10): -0.2,
    (5, 13): 2.1,
}
LECTURE_VALUES = [1.2, 0.6, 3.4, 3.0, 0.9, 2.7, -0.2, 2.1]


def lecture_matrix():
    matrix = np.zeros((6, 15), np.float32)
    for position, value in LECTURE.items():
        matrix[position] = value
    return matrix


def entries_of(matrix, policy):
    """Codes, pointers (prefix sums) and values (None: escape) of a matrix stored in one block; it must come
    back.
    """
    data = written({"t": matrix}, policy=policy)
    assert raw(Reader(data).read()["t"]) == raw(matrix)
    file = forge.Opened(data)
    axis, restart, carry, origin, bias, bits, fill = parameters = file.storage()[1]
    block_elements, numbers = file.storage()[3:]
    assert len(numbers) == 4
    length = restart * matrix.shape[1 - axis] or block_elements
    code = gap_model.Code(axis, restart, carry, origin, bias, bits, fill)
    assert code.parameters == parameters
    groups = stored.parse_csr(file.block(), matrix.size, length, numbers[2], code, matrix.itemsize)
    flat = [entry for group in groups for entry in group]
    pointers = [0, *np.cumsum([len(group) for group in groups]).tolist()]
    kept = [v.to_bytes(matrix.itemsize, "little") for _, v in flat if v is not None]
    values = np.frombuffer(b"".join(kept), matrix.dtype).tolist()
    return [c for c, _ in flat], pointers, [round(v, 6) for v in values]


def fillers(values):
    return sum(value == 0 for value in values)


def csr(**request):
    return Policy("csr", GapRequest(fill="filler", **request))


def test_lecture_matrix():
    codes, pointers, values = entries_of(lecture_matrix(), preset("lecture"))
    assert codes == [0, 3, 1, 1, 0, 2, 3, 3]
    assert pointers == [0, 1, 3, 4, 5, 7, 8]
    assert values == LECTURE_VALUES
    assert len(codes) + len(pointers) + len(values) == 23


def test_lecture_matrix_in_the_specs_worked_bytes():
    data = forge.Opened(written({"t": lecture_matrix()}, policy=preset("lecture"))).block()
    assert data[:5] == bytes.fromhex("02 59 06 5C F8")
    assert data[5:] == np.array(LECTURE_VALUES, "<f4").tobytes()
    assert data[5:13] == bytes.fromhex("9A 99 99 3F 9A 99 19 3F")


@pytest.mark.parametrize(
    ("bits", "codes", "filler"),
    [(2, None, 16), (4, [13, 9, 3, 10, 0, 13, 1, 11], 0)],
    ids=["2 bits", "4 bits"],
)
def test_lecture_matrix_with_its_rows_reversed(bits, codes, filler):
    found, _, values = entries_of(lecture_matrix()[::-1].copy(), preset("lecture", bits))
    assert codes is None or found == codes
    assert fillers(values) == filler
    assert len(found) == 8 + filler


@pytest.mark.parametrize(
    ("origin", "bias", "filler", "row_index"),
    [(0, 0, 8, [0, 1, 3, 5, 7, 11, 16]), (-1, 1, 6, [0, 1, 3, 5, 7, 10, 14])],
    ids=["origin 0", "origin -1"],
)
def test_lecture_matrix_restarting_in_every_row(origin, bias, filler, row_index):
    policy = csr(restart_rows=1, origin=origin, bias=bias, bits=2)
    _, pointers, values = entries_of(lecture_matrix(), policy)
    assert pointers == row_index
    assert fillers(values) == filler


@pytest.mark.parametrize(("bits", "filler", "index_bits"), [(3, 8, 48), (4, 3, 44), (5, 0, 40)])
def test_lecture_matrix_as_one_flat_gap_stream(bits, filler, index_bits):
    codes, _, values = entries_of(lecture_matrix(), csr(restart_rows=ALL_ROWS, bits=bits))
    assert fillers(values) == filler
    assert len(codes) * bits == index_bits


def figure():
    """Deep Compression, figure 2: sixteen positions."""
    row = np.zeros((1, 16), np.float32)
    row[0, [1, 4, 15]] = 3.4, 0.9, 1.7
    return row


@pytest.mark.parametrize(
    ("origin", "bias", "codes"),
    [(0, 1, [0, 2, 7, 2]), (-1, 1, [1, 2, 7, 2]), (0, 0, [1, 3, 7, 4])],
    ids=["A, the figure", "B, its authors' decoder", "C, the lecture's rule"],
)
def test_deep_compression_figure_in_three_conventions(origin, bias, codes):
    request = replace(PRESETS["deep-compression"], origin=origin, bias=bias)
    found, _, values = entries_of(figure(), Policy("csr", request))
    assert found == codes
    assert values == [3.4, 0.9, 0.0, 1.7]


def test_deep_compression_figure_prints_its_differences_and_the_filler_at_12():
    codes, _, _ = entries_of(figure(), preset("deep-compression"))
    assert [code + 1 for code in codes] == [1, 3, 8, 3]
    assert sum(code + 1 for code in codes[:3]) == 12


@pytest.mark.parametrize("shape", [(23, 1), (1, 23)], ids=["a column", "as a row"])
def test_eie_column(shape):
    column = np.array([0, 0, 1, 2, *[0] * 18, 3], np.int16).reshape(shape)
    policy = preset("eie") if shape[1] == 1 else csr(restart_rows=1, bits=4)
    codes, pointers, values = entries_of(column, policy)
    assert values == [1, 2, 0, 3]
    assert codes == [2, 0, 15, 2]
    assert pointers == [0, 4]


def test_deep_compression_decoder_rule_of_running_sums():
    """Its authors' positions: cumsum(ind + 1) - 1 over the flattened tensor, four bits, low nibble first."""
    weights = np.zeros((6, 20), np.float32)
    weights.reshape(-1)[[0, 3, 40, 41, 119]] = 1.0
    data = forge.Opened(written({"t": weights}, policy=csr(restart_rows=ALL_ROWS, bits=4))).block()
    entries = forge.Opened(written({"t": weights}, policy=csr(restart_rows=ALL_ROWS, bits=4))).storage()[4][2]
    nibbles = [(byte >> shift) & 15 for byte in data[: (entries - 1) // 2 + 1] for shift in (0, 4)][:entries]
    values = np.frombuffer(data[(entries - 1) // 2 + 1 :], "<f4")
    positions = np.cumsum(np.array(nibbles) + 1) - 1
    assert positions[values != 0].tolist() == [0, 3, 40, 41, 119]


def test_the_presets_are_those_of_the_table():
    """Section 6.4; 5 rows, so that "all rows" has a number."""
    matrix = np.eye(5, dtype=np.float32)
    found = {name: forge.Opened(written({"t": matrix}, policy=preset(name))).storage()[1] for name in PRESETS}
    assert found == {
        "lecture": [0, 1, 1, 0, 0, 2, 0],
        "deep-compression": [0, 5, 0, 0, 1, 3, 0],
        "eie": [1, 1, 0, -1, 1, 4, 0],
    }
