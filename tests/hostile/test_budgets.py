"""What a small file may ask for: SECURITY.md, and each way of loading with budgets of its user."""

import numpy as np
import pytest

import spformat
from spformat.errors import CorruptError, LimitError
from spformat.limits import GIB, Limits
from spformat.reader import Reader
from tests import forge
from tests.helpers import written

U8 = 1
NOTHING = [0, 0, 0, forge.EMPTY_DIGEST]  # a block of gap codes that places nothing takes no bytes
GAPS = [0, 0, 0, -1, 1, 4, 0]


def zeros(elements, blocks, block_elements):
    """A file of some hundred bytes with a tensor of that many zeros."""
    storage = [2, GAPS, [1, 0], block_elements, NOTHING * blocks]
    data = forge.file_of([["t", U8, [elements], 0, storage]])
    assert len(data) < 400
    return data


def test_sixteen_gibibytes_of_zeros_are_refused_by_default():
    with Reader(zeros(2**34, 8, 2**31)) as reader, pytest.raises(LimitError) as caught:
        reader.read()
    assert (caught.value.kind, caught.value.expected, caught.value.found) == ("limits/bytes", GIB, 2**34)


@pytest.mark.parametrize("blocks", [1, 20])
def test_two_to_the_sixty_zeros_need_more_blocks_than_a_small_file_has(blocks):
    with pytest.raises(CorruptError) as caught:
        Reader(zeros(2**60, blocks, 2**31))
    assert caught.value.kind == "storage/blocks"


def test_zeros_within_the_budget_are_read():
    with Reader(zeros(3 * 2**20, 3, 2**20), limits=Limits(max_bytes=3 * 2**20)) as reader:
        assert not reader.read()["t"].any()


@pytest.fixture
def path(tmp_path):
    (tmp_path / "t.spf").write_bytes(written({"t": np.ones(1000, np.uint8)}))
    return tmp_path / "t.spf"


def slices(path, limits):
    with spformat.safe_open(path, "np", limits=limits) as file:
        return file.get_slice("t")[0:1000]


def tensors(path, limits):
    with spformat.safe_open(path, "pt", limits=limits) as file:
        return file.get_tensor("t")


WAYS = {
    "load": lambda path, limits: spformat.load(path.read_bytes(), limits=limits),
    "load_file": lambda path, limits: spformat.load_file(path, limits=limits),
    "torch.load": lambda path, limits: spformat.torch.load(path.read_bytes(), limits=limits),
    "torch.load_file": lambda path, limits: spformat.torch.load_file(path, limits=limits),
    "slices": slices,
    "tensors": tensors,
    "verify": lambda path, limits: spformat.verify(path, deep=True, limits=limits),
}


@pytest.mark.parametrize("load", WAYS.values(), ids=WAYS)
def test_every_way_of_loading_has_budgets(path, load):
    import spformat.torch  # noqa: F401  (an attribute of the package from now on)

    load(path, Limits(max_bytes=1000))
    for limits, kind in [
        (Limits(max_bytes=999), "limits/bytes"),
        (Limits(max_tensors=0), "limits/tensors"),
        (Limits(max_index_bytes=10), "limits/index"),
    ]:
        with pytest.raises(LimitError) as caught:
            load(path, limits)
        assert caught.value.kind == kind


@pytest.mark.parametrize("most", [1e9, float("inf"), 1 << 70, np.int64(2000)])
def test_budgets_of_the_index_may_be_any_number(path, most):
    limits = Limits(max_index_bytes=most, max_tensors=most)
    assert spformat.load_file(path, limits=limits)["t"].all()


@pytest.mark.parametrize("most", [-1, 0, 1.5])
def test_budgets_of_the_index_may_be_too_small_for_any(path, most):
    with pytest.raises(LimitError) as caught:
        spformat.load_file(path, limits=Limits(max_index_bytes=most))
    assert (caught.value.kind, caught.value.expected) == ("limits/index", most)
