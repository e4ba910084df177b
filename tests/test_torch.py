"""spformat.torch: the verbs of safetensors.torch."""

import inspect

import numpy as np
import pytest

from spformat.errors import FormatError, SourceError

torch = pytest.importorskip("torch")

import spformat.torch as ours  # noqa: E402
from spformat.reader import Reader  # noqa: E402
from spformat.torch_arrays import to_array  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Sparse:UserWarning", "ignore:ComplexHalf:UserWarning")


@pytest.mark.parametrize("verb", ours.__all__)
def test_signatures_begin_as_those_of_safetensors(verb):
    theirs = inspect.signature(getattr(pytest.importorskip("safetensors.torch"), verb)).parameters.values()
    mine = inspect.signature(getattr(ours, verb)).parameters.values()
    positional = [(p.name, p.default) for p in mine if p.kind is not p.KEYWORD_ONLY]
    assert positional == [(p.name, p.default) for p in theirs if p.kind is not p.KEYWORD_ONLY]


def equal(a, b):
    same = (a.dtype, a.shape) == (b.dtype, b.shape)
    return same and to_array(a)[0].tobytes() == to_array(b)[0].tobytes()


STATE = {
    "f32": torch.tensor([[-0.0, 0, float("nan")], [0, 1e-45, 0]]),
    "bf16": torch.arange(100, dtype=torch.bfloat16),
    "fp8": torch.arange(10).to(torch.float8_e4m3fn),
    "c128": torch.tensor([1 + 2j, 0], dtype=torch.complex128),
    "bool": torch.tensor([True, False]),
    "u16": torch.tensor([1, 0, 65535], dtype=torch.uint16),
    "transposed": torch.arange(12.0).reshape(3, 4).t(),
    "parameter": torch.nn.Parameter(torch.ones(3)),
    "none": torch.empty(0, 3),
}


def test_a_file_and_bytes_give_back_every_tensor(tmp_path):
    path = tmp_path / "x.spf"
    ours.save_file(STATE, path, {"epoch": 3})
    data = ours.save(STATE, {"epoch": 3})
    assert path.read_bytes() == data
    for loaded in (ours.load_file(path), ours.load(data)):
        assert sorted(loaded) == sorted(STATE)
        assert all(equal(loaded[name], tensor) for name, tensor in STATE.items())
        assert not any(tensor.requires_grad for tensor in loaded.values())
        loaded["f32"].zero_()  # the memory is the caller's
    with Reader(path) as reader:
        assert reader.metadata == {"epoch": 3}


def test_order_of_the_dict_does_not_matter():
    assert ours.save(STATE) == ours.save(dict(reversed(STATE.items())))


def test_scalars():
    loaded = ours.load(ours.save({"s": torch.tensor(1.5)}))
    assert loaded["s"].shape == ()
    assert loaded["s"].item() == 1.5


def test_sparse_tensors_load_dense():
    dense = torch.tensor([[0.0, -0.0], [2.0, 0.0]])
    coo = torch.sparse_coo_tensor(torch.tensor([[0, 1], [1, 0]]), torch.tensor([-0.0, 2.0]), (2, 2))
    loaded = ours.load(ours.save({"coo": coo, "csr": coo.to_sparse_csr()}))
    assert equal(loaded["coo"], dense)
    assert loaded["csr"].tolist() == dense.tolist()


def test_shared_tensors_are_stored_once_and_come_back_tied():
    weight = torch.randn(100)
    state = {"b": weight, "a": weight.detach(), "part": weight[:50], "equal": weight.clone()}
    data = ours.save(state)
    assert len(data) < 4 * (100 + 50 + 100) + 300
    loaded = ours.load(data)
    loaded["a"][0] = 7
    assert loaded["b"][0] == 7
    assert loaded["part"][0] == loaded["equal"][0] == weight[0]


def test_another_device_keeps_ties(tmp_path):
    """The meta device stands in for an accelerator."""
    weight = torch.ones(4)
    ours.save_file({"a": weight, "b": weight, "c": torch.ones(2)}, tmp_path / "x.spf")
    loaded = ours.load_file(tmp_path / "x.spf", "meta")
    assert all(tensor.device.type == "meta" for tensor in loaded.values())
    assert loaded["a"].untyped_storage()._cdata == loaded["b"].untyped_storage()._cdata


@pytest.mark.parametrize("value", [np.ones(3), [1.0], None, 3])
def test_other_values_are_refused(tmp_path, value):
    with pytest.raises(ValueError, match=r"Key `x` is invalid, expected torch\.Tensor"):
        ours.save_file({"w": torch.ones(2), "x": value}, tmp_path / "x.spf")
    assert list(tmp_path.iterdir()) == []


def test_tensors_without_data_are_refused(tmp_path):
    with pytest.raises(SourceError, match="'m'"):
        ours.save_file({"m": torch.empty(3, device="meta")}, tmp_path / "x.spf")
    assert list(tmp_path.iterdir()) == []


def test_broken_bytes():
    data = ours.save({"a": torch.ones(2)})
    with pytest.raises(FormatError):
        ours.load(data[:-1])
    with pytest.raises(FormatError):
        ours.load(b"")


class Tied(torch.nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self, bias=True):
        super().__init__()
        self.embed = torch.nn.Embedding(5, 3)
        self.head = torch.nn.Linear(3, 5, bias=bias)
        self.head.weight = self.embed.weight
        self.norm = torch.nn.BatchNorm1d(3)


class TestModel:
    def test_round_trip(self, tmp_path):
        first, second = Tied(), Tied()
        ours.save_model(first, str(tmp_path / "x.spf"), {"a": 1})
        assert ours.load_model(second, tmp_path / "x.spf") == ([], [])
        assert all(equal(t, second.state_dict()[name]) for name, t in first.state_dict().items())
        assert second.head.weight is second.embed.weight

    def test_missing_and_unexpected(self, tmp_path):
        ours.save_model(Tied(bias=False), str(tmp_path / "x.spf"))
        with pytest.raises(RuntimeError) as caught:
            ours.load_model(Tied(), tmp_path / "x.spf")
        assert str(caught.value) == (
            'Error(s) in loading state_dict for Tied:\n    Missing key(s) in state_dict: "head.bias"'
        )
        assert ours.load_model(Tied(), tmp_path / "x.spf", strict=False) == (["head.bias"], [])
        ours.save_model(Tied(), str(tmp_path / "x.spf"))
        with pytest.raises(RuntimeError, match=r'Unexpected key\(s\) in state_dict: "head.bias"'):
            ours.load_model(Tied(bias=False), tmp_path / "x.spf")
        assert ours.load_model(Tied(bias=False), tmp_path / "x.spf", False) == ([], ["head.bias"])

    def test_a_file_with_one_name_of_a_tie(self, tmp_path):
        """As safetensors' save_model writes them."""
        state = Tied().state_dict()
        for gone in ("head.weight", "embed.weight"):
            ours.save_file({k: v for k, v in state.items() if k != gone}, tmp_path / "x.spf")
            model = Tied()
            assert ours.load_model(model, tmp_path / "x.spf") == ([], [])
            assert equal(model.head.weight.detach(), state["embed.weight"])

    def test_another_shape(self, tmp_path):
        ours.save_file({"weight": torch.ones(2, 2), "bias": torch.ones(2)}, tmp_path / "x.spf")
        with pytest.raises(RuntimeError, match="size mismatch"):
            ours.load_model(torch.nn.Linear(3, 2), tmp_path / "x.spf")
