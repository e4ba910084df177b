"""Reading what torch.save wrote, whatever it is, without running any of it."""

from collections import OrderedDict

import numpy as np
import pytest

from spformat.dtypes import DTYPES
from spformat.errors import SourceError
from spformat.sources import open_source

torch = pytest.importorskip("torch")

from spformat.torch_arrays import to_array, to_tensor, to_torch_dtype  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Sparse:UserWarning")


def raw_bytes(tensor):
    return np.ascontiguousarray(to_array(tensor)[0]).tobytes()


def save(tmp_path, value, **options):
    path = tmp_path / "x.pt"
    torch.save(value, path, **options)
    return path


def is_lazy(source):
    """Whether tensors are read from the file one by one, which is what bounds memory."""
    return source._lazy


BASE = torch.arange(1000, dtype=torch.float32)
STATE = {
    **{
        d.name: to_tensor(np.arange(6 * d.itemsize, dtype=np.uint8).view(d.bits).reshape(2, 3), d)
        for d in DTYPES
        if d.name != "BOOL"
    },
    "BOOL": torch.tensor([[True, False]]),
    "slice": BASE[10:20],
    "thin": BASE[5:500:3],
    "transposed": BASE[:100].view(10, 10).t(),
    "expanded": torch.tensor([[1.0], [2.0]]).expand(2, 5),
    "scalar": torch.tensor(3.5),
    "none": torch.empty(0, 3),
    "none too": torch.empty(5, 0),
    "parameter": torch.nn.Parameter(torch.tensor([-0.0, float("nan"), 1e-45])),
    "channels last": torch.arange(48.0).reshape(1, 3, 4, 4).to(memory_format=torch.channels_last),
}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_every_tensor_is_read_bit_for_bit(tmp_path, zipped):
    # Torch's own loader does not know the newer data types in the format before 1.6.
    state = STATE if zipped else {k: t for k, t in STATE.items() if t.dtype not in torch.storage._new_dtypes()}
    path = save(tmp_path, state, _use_new_zipfile_serialization=zipped)
    with open_source(path) as source:
        assert is_lazy(source) == zipped
        assert source.names() == sorted(state)
        for name, tensor in state.items():
            array, dtype = source.read(name)
            assert source.spec(name) == (dtype, tuple(tensor.shape))
            assert to_torch_dtype(dtype) == tensor.dtype
            assert array.shape == tuple(tensor.shape)
            assert np.ascontiguousarray(array).tobytes() == raw_bytes(tensor)


def test_each_read_gives_memory_of_its_own(tmp_path):
    for zipped in (True, False):
        path = save(tmp_path, {"a": torch.ones(3)}, _use_new_zipfile_serialization=zipped)
        with open_source(path) as source:
            source.read("a")[0][:] = 0
            assert source.read("a")[0].tolist() == [1, 1, 1]


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_ties_are_the_same_view_of_the_same_storage(tmp_path, zipped):
    weight = torch.nn.Parameter(torch.randn(4, 4))
    sparse = torch.eye(2).to_sparse()
    state = {
        "embedding": weight,
        "decoder": weight,
        "detached": weight.detach(),
        "transposed": weight.detach().t(),
        "part": weight.detach()[:2],
        "equal": weight.detach().clone(),
        "sparse a": sparse,
        "sparse b": sparse,
    }
    with open_source(save(tmp_path, state, _use_new_zipfile_serialization=zipped)) as source:
        assert source.ties() == {"detached": "decoder", "embedding": "decoder", "sparse b": "sparse a"}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_sparse_tensors_become_dense_bit_for_bit(tmp_path, zipped):
    values = torch.tensor([0x80000000, 0x7FC00123], dtype=torch.uint32).view(torch.float32)
    indices = torch.tensor([[1, 0], [2, 1]])
    compressed = torch.tensor([0, 1, 2]), torch.tensor([1, 2]), values.flip(0)
    state = {
        "coo": torch.sparse_coo_tensor(indices, values, (2, 3)),
        "csr": torch.sparse_csr_tensor(*compressed, (2, 3)),
        "csc": torch.sparse_csc_tensor(*compressed, (3, 2)),
        "dense": torch.ones(2),
    }
    dense = np.zeros((2, 3), np.uint32)
    dense[1, 2], dense[0, 1] = 0x80000000, 0x7FC00123
    with open_source(save(tmp_path, state, _use_new_zipfile_serialization=zipped)) as source:
        assert is_lazy(source) == zipped
        for name, expected in (("coo", dense), ("csr", dense), ("csc", dense.T)):
            array, dtype = source.read(name)
            assert source.spec(name) == (dtype, expected.shape)
            assert (array.view(np.uint32) == expected).all()


def test_lazily_conjugated_and_negated_tensors(tmp_path):
    values = torch.tensor([1 + 2j, 3 - 4j])
    for tensor, expected in ((values.conj(), [1 - 2j, 3 + 4j]), (values.conj().imag, [-2, 4])):
        with open_source(save(tmp_path, {"a": tensor})) as source:
            assert source.read("a")[0].tolist() == expected


def test_nested_checkpoints(tmp_path):
    state = OrderedDict(w=torch.ones(3), b=torch.zeros(1))
    root = {"state_dict": state, "optimizer": {"state": {0: {"exp_avg": torch.ones(250)}}}, "epoch": 7}
    path = save(tmp_path, root)
    with open_source(path) as source:
        assert source.names() == ["b", "w"]
        assert source.notes == ["left out: optimizer (1 tensor, 1.0 kB)", "left out, not tensors: epoch"]
    with open_source(path, key="optimizer.state") as source:
        assert source.names() == ["0.exp_avg"]
    with open_source(path, key=".") as source:
        assert source.names() == ["optimizer.state.0.exp_avg", "state_dict.b", "state_dict.w"]
    with pytest.raises(SourceError, match=r"x\.pt: has no 'nothing'"):
        open_source(path, key="nothing")


def test_a_bare_tensor(tmp_path):
    with open_source(save(tmp_path, torch.ones(3))) as source:
        assert source.names() == ["tensor"]
