"""The AVX2, AVX-512 and VBMI2 loops are twins of the scalar ones: the same bytes, the same arrays, the same errors."""

import io
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spformat import _native
from spformat.dtypes import BY_NAME
from spformat.errors import SpformatError
from spformat.layouts.coding import Codebook, Scaled
from spformat.planning.policy import GapRequest, Policy
from spformat.quantization import AffineScheme, AffineTensor, quantize_affine
from spformat.quantized import Quantized, add_quantized
from spformat.reader import Reader
from spformat.writer import Writer
from tests import forge
from tests.helpers import written
from tests.strategies import policies, shapes, tensors

pytestmark = pytest.mark.skipif(_native.simd_names() == ["scalar"], reason="this processor has no AVX2")
MUTATIONS = 12
KINDS = {BY_NAME[name].itemsize: BY_NAME[name] for name in ("U8", "U16", "F32", "I64", "C128")}


def of_all(action):
    """The results of the action with each variant of the loops, of the scalar one first."""
    results = []
    try:
        for name in _native.simd_names():
            assert _native.select_simd(name)
            results.append(action())
    finally:
        _native.select_simd(_native.simd_names()[-1])
    return results


def the_same(action):
    """The result of the action, which is the same with each variant."""
    first, *others = of_all(action)
    assert all(other == first for other in others)
    return first


def outcome(data):
    """What reading gives: the tensor, and its nonzeros with positions; or the error, word for word."""
    found: list[Any] = []
    with Reader(data, threads=1) as reader:
        for read in (
            lambda: reader.read()["t"],
            lambda: np.concatenate([*map(as_bytes, reader.read_nonzeros("t"))]),
        ):
            try:
                found.append(read().tobytes())
            except SpformatError as error:
                found.append((type(error), str(error)))
    return found


def as_bytes(array):
    return array.reshape(-1).view(np.uint8)


def test_the_loops_in_use_can_be_chosen():
    assert of_all(_native.simd_name) == _native.simd_names()
    assert _native.simd_names()[:2] == ["scalar", "avx2"]
    assert not _native.select_simd("sse9")
    assert _native.simd_name() == _native.simd_names()[-1]


@pytest.mark.parametrize("asked", _native.simd_names())
def test_the_environment_chooses_the_loops(asked):
    """Whatever else it says, the fastest are used."""
    code = "from spformat import _native; print(_native.simd_name())"
    for value, used in ((asked, asked), ("sse9", _native.simd_names()[-1])):
        environment = {**os.environ, "SPFORMAT_SIMD": value}
        found = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        assert found.stdout.strip() == used


@given(tensors(), policies())
def test_all_write_the_same_bytes_and_read_the_same_arrays(tensor, policy):
    data = the_same(lambda: written({"t": tensor}, policy=policy))
    the_same(lambda: outcome(data))


@given(tensors(shape=shapes().filter(lambda s: all(s))), policies(), st.integers(0, 2**32 - 1))
@settings(max_examples=max(100, settings().max_examples // 3))
def test_all_refuse_or_accept_mutated_blocks_alike(tensor, policy, seed):
    """Bytes of a block are changed and the digests made right, so that the loops meet what is wrong."""
    rng = np.random.default_rng(seed)
    whole = forge.Opened(written({"t": tensor}, policy=policy))
    if isinstance(whole.entry()[4], int):
        return  # dense: any bytes are a tensor
    for _ in range(MUTATIONS):
        file = whole.copy()
        block = int(rng.integers(0, len(file.blocks())))
        data = bytearray(file.block(0, block))
        for at in rng.integers(0, max(1, len(data)), rng.integers(1, 4)):
            if data:
                data[at] = int(rng.choice([0, 255, data[at] ^ (1 << rng.integers(0, 8)), rng.integers(0, 256)]))
        file.replace(bytes(data), 0, block)
        forged = file.build()
        the_same(lambda forged=forged: outcome(forged))


@pytest.mark.parametrize("itemsize", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("fill", ["filler", "escape"])
def test_long_blocks_of_every_width_agree(itemsize, fill):
    """Several chunks of codes, with every remainder of eight at their end."""
    rng = np.random.default_rng(itemsize)
    for bits in range(1, 17):
        count = int(rng.integers(500, 900))
        codes = rng.integers(0, min(2**bits - 1, 40), count)
        positions = np.cumsum(codes + 1) - 1
        raw = np.zeros((positions[-1] + 1, itemsize), np.uint8)
        raw[positions] = rng.integers(1, 256, (count, itemsize))
        policy = Policy("csr", GapRequest(bits=bits, fill=fill), block_entries=1 << 20)
        data = written({"t": (raw.reshape(-1).view(KINDS[itemsize].bits), KINDS[itemsize])}, policy=policy)
        assert the_same(lambda data=data: outcome(data))[0] == raw.tobytes()


@pytest.mark.parametrize("least", [-128, -100, -3, 0, 40, -129, 1000])
@pytest.mark.parametrize("count", [3, 17, 33, 100, 128, 129, 256])
def test_steps_of_every_range_agree(least, count):
    """Books of integers that fit a byte, and those that do not; each row has its scale."""
    rng = np.random.default_rng(count)
    steps = rng.integers(least, least + count, (40, 333)) * (rng.random((40, 333)) < 0.6)
    tensor = AffineTensor(steps.astype(np.int32), rng.random(40, np.float32) + 0.5, np.zeros(40, np.int32), 32, axis=0)
    assert isinstance(codec_of(data := quantized(tensor)), Scaled)
    assert the_same(lambda: outcome(data))[0] == tensor.dequantize().tobytes()


@pytest.mark.parametrize("bits", [2, 4, 5, 8])
@pytest.mark.parametrize("density", [0.0, 0.1, 0.6, 1.0])
@pytest.mark.parametrize(("columns", "group"), [(64, None), (77, None), (300, None), (301, 70), (48, 16)])
@pytest.mark.parametrize("symmetric", [True, False])
def test_scaled_rows_and_groups_agree(bits, density, columns, group, symmetric):
    """Dense and masks, of many steps and of few, some of which wrap; runs end anywhere."""
    rng = np.random.default_rng(columns)
    array = rng.normal(0.02, 0.1, (90, columns)) * (rng.random((90, columns)) < density)
    scheme = AffineScheme(bits, symmetric, axis=None if group else 0, group=group)
    tensor = quantize_affine(array.astype(np.float32), scheme)
    data = quantized(tensor)
    assert the_same(lambda: outcome(data))[0] == tensor.dequantize().tobytes()


@pytest.mark.parametrize("itemsize", [1, 2, 4, 8])
@pytest.mark.parametrize("width", range(9))
def test_packed_codes_of_every_width_agree(width, itemsize):
    """As many of a register, and any fewer, are left at the end."""
    rng = np.random.default_rng(width)
    raw = rng.integers(0, 256, (1 << width, itemsize), np.uint8)
    for count in (1 << width + 4, 8000, 8001, 8063, 4096 + 17):
        raw[:, 0] = rng.permutation(1 << width)  # a pattern for each code, zero for one
        values = raw[rng.integers(0, 1 << width, count)].reshape(-1).view(KINDS[itemsize].bits)
        data = written({"t": (values, KINDS[itemsize])})
        assert the_same(lambda data=data: outcome(data))[0] == values.tobytes()
    if 1 <= width <= 4 < 2 * itemsize:
        assert isinstance(codec_of(data), Codebook)


def quantized(tensor, **options):
    """The bytes of a file of a quantized tensor."""
    target = io.BytesIO()
    with Writer(target, threads=1, **options) as writer:
        add_quantized(writer, "t", Quantized(tensor))
    return target.getvalue()


def codec_of(data):
    """Of the values of the only tensor."""
    with Reader(data) as reader:
        return reader.entry("t").storage.coding.value


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(("columns", "group"), [(5000, None), (5000, 700), (4999, 64), (3001, 17)])
def test_blocks_that_start_within_a_run_agree(columns, group, bits, symmetric):
    """Rows that are longer than a block, in gaps, masks and dense; of those with zeros one is all zero."""
    rng = np.random.default_rng(columns)
    layouts = set()
    for density in (0.15, 0.85, 1.0):
        signs = np.where(rng.random((6, columns)) < 0.5, np.float32(-0.1), np.float32(0.1))
        array = signs * rng.uniform(0.3, 1, (6, columns)).astype(np.float32) * (rng.random((6, columns)) < density)
        array[3] *= density == 1
        scheme = AffineScheme(bits, symmetric, axis=None if group else 0, group=group)
        tensor = quantize_affine(array, scheme)
        data = quantized(tensor, policy=Policy(block_entries=int(1100 * density)))
        with Reader(data) as reader:
            storage = reader.entry("t").storage
            assert storage.blocks > 10
            assert isinstance(storage.coding.value, Scaled)
            layouts.add(storage.layout.name)
        assert the_same(lambda data=data: outcome(data))[0] == tensor.dequantize().tobytes()
    assert layouts >= {"bitmask", "dense"}
