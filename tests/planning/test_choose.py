"""The planner takes the smallest by exact size; what a policy leaves open is chosen in the same way."""

import numpy as np
import pytest

from spformat.container.index import entry_bytes
from spformat.dtypes import from_numpy
from spformat.errors import SourceError, SpformatError
from spformat.planning.choose import candidates, choose
from spformat.planning.policy import ALL_ROWS, PRESETS, GapRequest, Policy, preset
from spformat.planning.pool import TablePool
from spformat.planning.survey import survey
from spformat.reader import Reader
from tests import forge
from tests.helpers import sparse, written

FAST = Policy(fast=True)  # plain streams, of which sizes are exact, and codebooks of packed codes


def bits(array):
    return array.view(from_numpy(array.dtype).bits)


def surveyed(array, policy):
    return survey("t", bits(array), from_numpy(array.dtype), policy, 1)


def chosen(array, policy=None):
    return choose("t", surveyed(array, policy or FAST), TablePool())


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("shape", [(), (1,), (10,), (64, 64), (300, 784)], ids=str)
def test_dense_wins_where_nothing_is_zero(shape, dtype):
    assert chosen(np.ones(shape, dtype)).label.removesuffix(" + codebook") == "dense"


@pytest.mark.parametrize("elements", range(1, 17))
def test_dense_wins_for_tiny_tensors_even_of_zeros(elements):
    assert chosen(np.zeros(elements, np.uint8)).label == "dense"


def test_a_bias_of_ten_numbers_costs_tens_of_bytes():
    with_bias = written({"w": sparse((64, 64)), "layer.0.bias": np.arange(1, 11, dtype=np.float32)})
    assert len(with_bias) - len(written({"w": sparse((64, 64))})) < 40 + 40


@pytest.mark.parametrize(
    ("density", "label"),
    [(0.9, "bitmask"), (0.5, "bitmask"), (0.1, "csr 4 bits escape"), (0.01, "csr 8 bits filler")],
)
def test_density_decides(density, label):
    rng = np.random.default_rng(5)
    array = np.where(rng.random((256, 256)) < density, 1 + rng.random((256, 256), np.float32), np.float32(0))
    assert chosen(array).label.split()[0] == label.split()[0]
    if density == 0.1:
        assert chosen(array).label == label


def test_the_smallest_candidate_is_chosen_and_the_faster_one_of_equals():
    for seed, density in enumerate((0.0, 0.02, 0.1, 0.4, 0.8, 0.99)):
        array = sparse((50, 60), density, np.float16, seed)
        all_of_them = candidates("t", surveyed(array, FAST), TablePool())
        least = min(candidate.bytes for candidate in all_of_them)
        first = next(candidate for candidate in all_of_them if candidate.bytes == least)
        assert (chosen(array).label, chosen(array).bytes) == (first.label, first.bytes)


def test_a_tensor_a_few_bytes_from_the_border_is_stored_in_the_smaller_way():
    """Each digest of a block takes nine bytes in the index, which matters for tensors of this size."""
    for zeros in range(200):
        array = np.ones(200, np.uint8)
        array[:zeros] = 0
        sizes = {layout: len(written({"t": array}, policy=Policy(layout))) for layout in ("dense", "bitmask", "csr")}
        assert len(written({"t": array}, policy=FAST)) == min(sizes.values()), (zeros, sizes)


def test_codes_for_every_zero_must_save_something():
    """Of independent masks they save some bytes, and decode several times as slowly. What small tensors save counts."""
    rng = np.random.default_rng(7)
    codes = rng.integers(1, 4, (512, 512)).astype(np.float32)
    sparse_codes = np.where(rng.random((512, 512)) < 0.1, codes, np.float32(0))
    best = chosen(sparse_codes, Policy())
    dense = next(each for each in _weighed(sparse_codes) if each.label == "dense + codebook rans")
    assert not best.label.startswith("dense")
    assert dense.bytes < best.bytes < dense.bytes * (1 + 1 / 100)
    few_zeros = np.where(rng.random((512, 512)) < 0.9, codes, np.float32(0))
    for array in (sparse_codes[:128, :128], few_zeros):
        assert chosen(array, Policy()).bytes == min(each.bytes for each in _weighed(array))


def _weighed(array):
    return candidates("t", surveyed(array, Policy()), TablePool())


def test_few_values_are_packed_codes_also_without_entropy_coding():
    rng = np.random.default_rng(6)
    array = np.where(rng.random((256, 256)) < 0.1, rng.integers(1, 33, (256, 256)), 0).astype(np.float32)
    assert chosen(array).label == "csr 4 bits escape + codebook"
    size = len(written({"t": array}, policy=FAST))
    codes = -(-5 * np.count_nonzero(array) // 8) + 4 * 32
    assert codes < size < codes + len(written({"t": array != 0}, policy=FAST)) + 100
    with Reader(written({"t": array}, policy=FAST)) as reader:
        assert (reader.read()["t"].view(np.float32) == array).all()
        entry = reader.entry("t")
        assert chosen(array).bytes == sum(entry.storage.stored_bytes) + entry_bytes(entry.record)


@pytest.mark.parametrize("density", [0.0, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("layout", ["dense", "bitmask", "csr"])
def test_a_forced_layout_is_taken_even_where_it_is_larger(layout, density):
    with Reader(written({"t": sparse((40, 40), density)}, policy=Policy(layout))) as reader:
        assert reader.entry("t").storage.layout.name == layout


@pytest.mark.parametrize("layout", ["auto", "dense", "bitmask", "csr"])
def test_tensors_of_no_elements_have_the_short_form_whatever_is_asked(layout):
    file = forge.Opened(written({"t": np.zeros((3, 0, 2))}, policy=Policy(layout)))
    assert file.entry()[4] == 0


@pytest.mark.parametrize("axis", ["row", "column"])
@pytest.mark.parametrize("restart_rows", [None, 1, ALL_ROWS])
@pytest.mark.parametrize("density", [0.01, 0.1, 0.6])
def test_bits_and_fill_left_open_are_the_best_ones(axis, restart_rows, density):
    array = sparse((40, 50), density)
    fixed = [
        chosen(array, Policy("csr", GapRequest(axis, restart_rows, bits=bits, fill=fill))).bytes
        for fill in ("filler", "escape")
        for bits in range(1, 17)
    ]
    assert chosen(array, Policy("csr", GapRequest(axis, restart_rows))).bytes == min(fixed)


@pytest.mark.parametrize(("bits", "bias", "fill"), [(0, 0, None), (0, 1, "escape"), (1, 0, "escape")])
def test_a_request_without_a_step_is_refused(bits, bias, fill):
    with pytest.raises(SourceError, match="largest step") as caught:
        chosen(sparse((5, 5)), Policy("csr", GapRequest(bits=bits, bias=bias, fill=fill)))
    assert caught.value.tensor == "t"


WRONG_GAPS = [
    {"axis": "rows"},
    {"fill": "zero"},
    {"bias": 2},
    {"bits": 17},
    {"bits": -1},
    {"restart_rows": 0},
]
WRONG_GAPS += [{"restart_rows": -2}, {"origin": -2}, {"origin": 2**31}]


@pytest.mark.parametrize("request_", WRONG_GAPS, ids=repr)
def test_gap_requests_outside_of_the_table_are_refused_by_name(request_):
    with pytest.raises(SpformatError, match=next(iter(request_))):
        Policy("csr", GapRequest(**request_))


@pytest.mark.parametrize("policy", [{"layout": "sparse"}, {"block_entries": 0}, {"block_entries": 2**20 + 1}], ids=repr)
def test_policies_outside_of_the_table_are_refused_by_name(policy):
    with pytest.raises(SpformatError, match=next(iter(policy))):
        Policy(**policy)


def test_presets():
    assert sorted(PRESETS) == ["deep-compression", "eie", "lecture"]
    assert preset("eie", bits=5).gap.bits == 5
    with pytest.raises(SpformatError, match="deep-compression, eie"):
        preset("EIE")


def test_gaps_run_down_the_columns_where_that_is_cheaper():
    """Nonzeros that come in vertical runs: a gap of one down a column, many sizes of gaps along the rows."""
    rng = np.random.default_rng(5)
    weights = np.zeros((600, 500), np.float32)
    for column in range(500):
        start = rng.integers(0, 560)
        weights[start : start + 25, column] = rng.standard_normal(25)
    taken = chosen(weights, Policy())
    assert taken.label.startswith("csr columns 8 bits escape + rans")
    with Reader(written({"t": weights})) as reader:
        assert reader.entry("t").storage.layout.gap.axis == 1
        assert reader.read()["t"].tobytes() == weights.tobytes()
