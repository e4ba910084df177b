"""Values that are products of steps and scales (spec/format.md, section 7.7)."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat import tensor_jobs
from spformat.codecs import table as codecs
from spformat.dtypes import BY_NAME
from spformat.layouts.coding import Scaled
from spformat.layouts.coding_wire import value_codec
from spformat.planning import choose as choosing
from spformat.planning.policy import GapRequest, Policy, preset
from spformat.reader import Reader
from spformat.tensor_jobs import Steps
from spformat.writer import Writer
from tests.conformance.decoders import VECTORS, educational
from tests.helpers import raw, read_everything, weighed


def file_of(steps, scales, run, policy=None):
    """A file of one tensor, and its elements."""
    number = np.arange(steps.size) // run % len(scales)
    with np.errstate(over="ignore", under="ignore"):
        array = steps * scales[number].reshape(steps.shape)
    target = io.BytesIO()
    with Writer(target, policy=policy, threads=1) as writer:
        writer.add("t", array, steps=Steps(steps, scales, run))
    return target.getvalue(), array


def few_steps(shape, density, seed=0):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < density, rng.integers(-7, 8, shape), 0).astype(np.float32)


def some_scales(count, seed=0):
    return np.abs(np.random.default_rng(seed).normal(size=count)).astype(np.float32)


def codec_of(data):
    with Reader(data) as reader:
        return reader.entry("t").storage.coding.names()[-1]


SHAPES = [((40, 30), 30, 40), ((40, 30), 1, 30), ((40, 30), 10, 120), ((9, 11, 13), 13, 11), ((2000,), 7, 3)]


@pytest.mark.parametrize(("shape", "run", "count"), SHAPES)
@pytest.mark.parametrize("density", [0.02, 0.3, 1.0])
@pytest.mark.parametrize("block_entries", [64, 65_536])
def test_both_decoders_give_the_products(shape, run, count, density, block_entries):
    data, array = file_of(few_steps(shape, density), some_scales(count), run, Policy(block_entries=block_entries))
    assert codec_of(data) == "scaled"
    with Reader(data, threads=2) as reader:
        assert raw(read_everything(reader)["t"]) == raw(array)
    assert educational(data).tensors[0][3] == raw(array)


def test_every_candidate_of_the_planner_can_be_scaled(monkeypatch):
    steps, scales, policy = few_steps((50, 40), 0.2), some_scales(50), Policy(block_entries=100)
    found = weighed(steps.view(np.uint32), BY_NAME["F32"], policy)
    labels = [candidate.label for candidate in found if "codebook" in candidate.label]
    assert len(labels) > 10
    for label in labels:

        def chosen(*arguments, label=label):
            return next(c for c in choosing.candidates(*arguments) if c.label == label)

        monkeypatch.setattr(tensor_jobs, "choose", chosen)
        data, array = file_of(steps, scales, 40, policy)
        assert codec_of(data) == "scaled"
        assert raw(Reader(data).read()["t"]) == raw(array), label
        assert educational(data).tensors[0][3] == raw(array), label


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_rows_slices_and_nonzeros_are_scaled_too(rows, columns, data):
    run, count = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    steps = few_steps((rows, columns), data.draw(st.sampled_from([0.05, 0.5, 1.0])), rows)
    stored, array = file_of(steps, some_scales(count), run, Policy(block_entries=50))
    start = data.draw(st.integers(0, rows))
    stop = data.draw(st.integers(start, rows))
    with Reader(stored, threads=1) as reader:
        assert raw(reader.read_rows("t", start, stop)) == raw(array[start:stop])
        positions, values = reader.read_nonzeros("t")
        if not reader.entry("t").storage.layout.view(array.shape).column:
            assert positions.tolist() == np.flatnonzero(array).tolist()
            assert raw(values) == raw(array[array != 0])


def test_nonzeros_along_columns():
    """Gaps along columns: positions are those of the transposed view, scales those of the tensor."""
    with Reader((VECTORS / "valid" / "scaled" / "layouts.spf").read_bytes()) as reader:
        names = [name for name in reader.names if name.startswith("axis column")]
        assert len(names) > 3
        for name in names:
            array = reader.read([name])[name]
            across = np.ascontiguousarray(array.reshape(len(array), -1).T).reshape(-1)
            positions, values = reader.read_nonzeros(name)
            assert positions.tolist() == np.flatnonzero(across).tolist()
            assert raw(values) == raw(across[across != 0])


@pytest.mark.parametrize(
    "policy", [preset("eie"), preset("lecture"), Policy("csr", GapRequest(bits=4)), Policy("dense")]
)
def test_a_layout_that_has_no_codebook_stores_the_products(policy):
    data, array = file_of(few_steps((30, 20), 0.2), some_scales(30), 20, policy)
    assert codec_of(data) == "raw"
    assert raw(Reader(data).read()["t"]) == raw(array)


def test_products_round_once_and_may_be_subnormal_infinite_or_zero():
    steps = np.array([1, -1, 3, -127, 0] * 64, np.float32).reshape(64, 5)
    tiny = np.finfo(np.float32)
    scales = np.array([tiny.smallest_subnormal, tiny.max, 0, 1 / 3] * 16, np.float32)
    data, array = file_of(steps, scales, 5)
    assert np.isinf(array).any()
    assert codec_of(data) == "scaled"
    assert raw(Reader(data).read()["t"]) == raw(array)
    assert educational(data).tensors[0][3] == raw(array)


def test_fast_packs_the_steps():
    data, array = file_of(few_steps((60, 50), 0.4), some_scales(60), 50, Policy(fast=True))
    assert codec_of(data) == "scaled"
    with Reader(data) as reader:
        assert reader.entry("t").storage.coding.tables() == []
        assert raw(reader.read()["t"]) == raw(array)
    assert educational(data).tensors[0][3] == raw(array)


ONE = bytes.fromhex("0000803F")


@pytest.mark.parametrize(
    ("wire", "dtype"),
    [
        ([6, 1, ONE, ONE, 1], "I32"),
        ([6, 1, ONE, ONE, 1], "F16"),
        ([6, 0, ONE, ONE, 1], "F32"),
        ([6, 2**62 + 1, ONE, ONE, 1], "F32"),
        ([6, 1.0, ONE, ONE, 1], "F32"),
        ([6, 1, b"", ONE, 1], "F32"),
        ([6, 1, ONE[:3], ONE, 1], "F32"),
        ([6, 1, [1], ONE, 1], "F32"),
        ([6, 1, ONE, bytes.fromhex("0000807F"), 1], "F32"),
        ([6, 1, bytes.fromhex("0000C07F"), ONE, 1], "F32"),
        ([6, 1, bytes.fromhex("000080BF"), ONE, 1], "F32"),
        ([6, 1, ONE, ONE, 0], "F32"),
        ([6, 1, ONE, ONE], "F32"),
    ],
)
def test_parameters_that_break_a_rule(wire, dtype):
    assert value_codec(wire, BY_NAME[dtype]) is None


def test_its_place_in_the_index():
    codec = value_codec([6, 3, ONE * 2, ONE, 1], BY_NAME["F32"])
    assert isinstance(codec, Scaled)
    assert codec.to_wire() == [6, 3, ONE * 2, [1, b"\1"], 1]
    assert value_codec(codec.to_wire(), BY_NAME["F32"]) == codec
    assert codec.number == codecs.SCALED
