"""Sparse torch tensors to dense arrays: stored values are put in place bit for bit."""

import numpy as np
import pytest

from spformat.errors import SourceError

torch = pytest.importorskip("torch")

from spformat.torch_densify import densify  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Sparse CSR:UserWarning", "ignore:Sparse:UserWarning")

ODD = np.array([0x80000000, 0x7FC00123, 0x00000001, 0xFF800000], np.uint32)  # -0.0, a NaN payload, a subnormal, -inf


def odd_values():
    return torch.from_numpy(ODD.view(np.float32).copy())


def expected(places, shape):
    dense = np.zeros(shape, np.uint32)
    for place, bits in zip(places, ODD, strict=True):
        dense[place] = bits
    return dense


def test_coo_keeps_every_bit_in_any_order():
    places = [(2, 1), (0, 3), (1, 0), (0, 1)]
    tensor = torch.sparse_coo_tensor(torch.tensor(places).t(), odd_values(), (3, 4))
    dense, dtype = densify(tensor)
    assert dtype.name == "F32"
    assert (dense.view(np.uint32) == expected(places, (3, 4))).all()


def test_csr_and_csc_keep_every_bit():
    compressed, plain = torch.tensor([0, 1, 3, 4]), torch.tensor([2, 0, 3, 1])
    csr = torch.sparse_csr_tensor(compressed, plain, odd_values(), (3, 4))
    places = [(0, 2), (1, 0), (1, 3), (2, 1)]
    assert (densify(csr)[0].view(np.uint32) == expected(places, (3, 4))).all()
    csc = torch.sparse_csc_tensor(compressed, plain, odd_values(), (4, 3))
    transposed = [(column, row) for row, column in places]
    assert (densify(csc)[0].view(np.uint32) == expected(transposed, (4, 3))).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8, torch.complex64, torch.bool])
@pytest.mark.parametrize(
    "convert",
    [
        lambda t: t.to_sparse(),
        lambda t: t.to_sparse(1),
        lambda t: t.to_sparse_csr(),
        lambda t: t.to_sparse_csc(),
        lambda t: t.to_sparse_bsr((2, 3)),
        lambda t: t.to_sparse_bsc((2, 3)),
    ],
    ids=["coo", "hybrid coo", "csr", "csc", "bsr", "bsc"],
)
def test_every_layout_gives_what_torch_gives(convert, dtype):
    dense = (torch.arange(48).reshape(8, 6) % 5 == 0).to(dtype)
    array, _ = densify(convert(dense))
    assert np.asarray(array, np.complex64).tolist() == dense.to(torch.complex64).tolist()


def test_batched_and_hybrid_compressed():
    dense = (torch.arange(48).reshape(2, 4, 6) % 3 == 0).float()
    assert densify(dense.to_sparse_csr())[0].tolist() == dense.tolist()
    deep = (torch.arange(12).reshape(3, 4) % 3 == 0).float()[..., None].repeat(1, 1, 2)
    assert densify(deep.to_sparse_csr(dense_dim=1))[0].tolist() == deep.tolist()


@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (3, 4)])
def test_nothing_stored(shape):
    assert densify(torch.zeros(shape).to_sparse())[0].tolist() == np.zeros(shape).tolist()
    assert densify(torch.zeros(shape).to_sparse_csr())[0].tolist() == np.zeros(shape).tolist()


def test_elements_stored_twice_are_added():
    tensor = torch.sparse_coo_tensor(torch.tensor([[1, 1, 0]]), torch.tensor([2.0, 3.0, 7.0]), (3,))
    assert densify(tensor)[0].tolist() == [7.0, 5.0, 0.0]


def test_elements_stored_twice_that_torch_cannot_add():
    values = torch.zeros(2, dtype=torch.uint8).view(torch.float8_e4m3fn)
    with pytest.raises(SourceError, match="not sound"):
        densify(torch.sparse_coo_tensor(torch.tensor([[1, 1]]), values, (3,)))


@pytest.mark.parametrize(
    ("compressed", "plain"),
    [
        ([0, 1, 2], [0, 9]),
        ([0, 1, 2], [0, -1]),
        ([0, 1, 1], [0, 1]),
        ([0, 2, 2], [1, 1]),
        ([0, 3, 2], [0, 1]),
    ],
    ids=["beyond", "negative", "pointers too short", "twice", "pointers descend"],
)
def test_unsound_indices_are_refused(compressed, plain):
    tensor = torch.sparse_csr_tensor(
        torch.tensor(compressed), torch.tensor(plain), torch.ones(2), (2, 3), check_invariants=False
    )
    with pytest.raises(SourceError, match=r"not sound.*'w'"):
        densify(tensor, "w")
