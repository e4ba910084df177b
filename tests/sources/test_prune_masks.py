"""Pairs of torch.nn.utils.prune, folded to the pruned weight."""

from typing import Any

import numpy as np
import pytest

from spformat.errors import SourceError
from spformat.sources import open_source, prune_masks


def opened(tmp_path, keep_masks=False, **arrays):
    path = tmp_path / "x.npz"
    np.savez(path, **{name.replace("__", "."): array for name, array in arrays.items()})
    return open_source(path, keep_masks=keep_masks)


ODD = np.array([0x80000000, 0x7FC00123, 0x00000001, 0xBF800000], np.uint32).view(np.float32)


@pytest.mark.parametrize("kind", [np.float32, np.bool_, np.int64, np.uint8])
def test_kept_bits_survive_and_pruned_ones_are_zero(tmp_path, kind):
    for mask in ([1, 1, 1, 0], [0, 0, 0, 1]):
        with opened(tmp_path, fc__weight_orig=ODD, fc__weight_mask=np.array(mask, kind)) as source:
            assert source.names() == ["fc.weight"]
            array, dtype = source.read("fc.weight")
            assert source.spec("fc.weight") == (dtype, (4,))
            assert (array.view(np.uint32) == np.where(mask, ODD.view(np.uint32), 0)).all()


def test_notes_count_pairs_by_parameter(tmp_path):
    one = np.ones(2)
    arrays = {f"{n}__weight_{part}": one for n in "ab" for part in ("orig", "mask")}
    with opened(tmp_path, **arrays, a__bias_orig=one, a__bias_mask=one, c=one) as source:
        assert source.names() == ["a.bias", "a.weight", "b.weight", "c"]
        assert source.notes == [
            "folded 1 pair of bias_orig * bias_mask into bias",
            "folded 2 pairs of weight_orig * weight_mask into weight",
        ]
        assert source.read("c")[0].tolist() == [1, 1]


def test_masks_can_be_kept(tmp_path):
    with opened(tmp_path, keep_masks=True, w_orig=ODD, w_mask=np.full(4, 7)) as source:
        assert source.names() == ["w_mask", "w_orig"]
        assert source.notes == []


def test_what_is_no_pair_stays(tmp_path):
    names: dict[str, Any] = {
        "a_orig": ODD,
        "b_mask": ODD,
        "_orig": ODD,
        "_mask": ODD,
        "c._orig": ODD,
        "c._mask": ODD,
    }
    np.savez(tmp_path / "x.npz", **names)
    with open_source(tmp_path / "x.npz") as source:
        assert source.names() == sorted(names)


@pytest.mark.parametrize("value", [0.5, 2.0, -1.0, np.nan])
def test_other_values_are_refused(tmp_path, value):
    mask = np.array([1, 0, value, 1])
    with (
        opened(tmp_path, w_orig=ODD, w_mask=mask) as source,
        pytest.raises(SourceError, match=rf"holds {value}, not only 0 and 1.*--keep-masks"),
    ):
        source.read("w")


def test_other_shapes_and_names_are_refused(tmp_path):
    with pytest.raises(SourceError, match=r"another shape.*--keep-masks.*\(4,\).*\(2, 2\)"):
        opened(tmp_path, w_orig=ODD, w_mask=np.ones((2, 2)))
    with pytest.raises(SourceError, match=r"'w' stands beside 'w_orig'"):
        opened(tmp_path, w_orig=ODD, w_mask=np.ones(4), w=ODD)


@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (3, 7), (16,), (33,)], ids=str)
def test_pieces_fit_together(tmp_path, monkeypatch, shape):
    monkeypatch.setattr(prune_masks, "CHUNK", 16)
    rng = np.random.default_rng(1)
    orig, mask = rng.normal(size=shape), rng.integers(0, 2, shape)
    for same in (np.ascontiguousarray(orig), np.asfortranarray(orig)):
        with opened(tmp_path, w_orig=same.reshape(shape), w_mask=mask) as source:
            array, _ = source.read("w")
            assert array.shape == shape
            assert (array == orig * mask).all()


class TestTorch:
    @pytest.fixture
    def torch(self):
        return pytest.importorskip("torch")

    def test_a_pruned_module(self, torch, tmp_path):
        layer = torch.nn.Linear(8, 4)
        prune = pytest.importorskip("torch.nn.utils.prune")
        prune.l1_unstructured(layer, "weight", 0.5)
        torch.save(layer.state_dict(), tmp_path / "x.pt")
        with open_source(tmp_path / "x.pt") as source:
            assert source.names() == ["bias", "weight"]
            array, dtype = source.read("weight")
            assert dtype.name == "F32"
            assert (array == layer.weight.detach().numpy()).all()
            assert not np.signbit(array[array == 0]).any()  # weight_orig * weight_mask has -0.0 here

    def test_every_dtype_and_stride(self, torch, tmp_path):
        orig = torch.arange(12.0).reshape(3, 4)
        for kind in (torch.bfloat16, torch.float8_e4m3fn, torch.complex128, torch.int8):
            state = {"w_orig": orig.to(kind).t(), "w_mask": (orig > 5).t()}
            torch.save(state, tmp_path / "x.pt")
            with open_source(tmp_path / "x.pt") as source:
                array, dtype = source.read("w")
                expected = torch.where(orig > 5, orig, 0.0).t().contiguous().to(kind)
                assert np.ascontiguousarray(array).tobytes() == bytes(expected.view(torch.uint8).numpy()), dtype

    def test_ties_hold_when_both_halves_are_tied(self, torch, tmp_path):
        orig, mask = torch.ones(3), torch.tensor([1.0, 0, 1])
        state = {
            "a.w_orig": orig,
            "a.w_mask": mask,
            "b.w_orig": orig,
            "b.w_mask": mask,
            "c.w_orig": orig,
            "c.w_mask": mask.clone(),
            "d": orig,
            "e": orig,
        }
        torch.save(state, tmp_path / "x.pt")
        with open_source(tmp_path / "x.pt") as source:
            assert source.ties() == {"b.w": "a.w", "e": "d"}
