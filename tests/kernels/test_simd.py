"""The AVX2 loops and the scalar ones are twins: the same bytes, the same arrays, the same errors."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spformat import _native
from spformat.dtypes import BY_NAME
from spformat.errors import SpformatError
from spformat.planning.policy import GapRequest, Policy
from spformat.reader import Reader
from tests import forge
from tests.helpers import written
from tests.strategies import policies, shapes, tensors

pytestmark = pytest.mark.skipif(not _native.select_simd(True), reason="this processor has no AVX2")
MUTATIONS = 12
KINDS = {BY_NAME[name].itemsize: BY_NAME[name] for name in ("U8", "U16", "F32", "I64", "C128")}


def both(action):
    """The results of the action with the scalar loops and with the AVX2 loops."""
    try:
        _native.select_simd(False)
        scalar = action()
    finally:
        _native.select_simd(True)
    return scalar, action()


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
    assert both(_native.simd_name) == ("scalar", "avx2")
    assert not _native.select_simd(False)
    assert _native.select_simd(True)


@given(tensors(), policies())
def test_both_write_the_same_bytes_and_read_the_same_arrays(tensor, policy):
    scalar, avx2 = both(lambda: written({"t": tensor}, policy=policy))
    assert scalar == avx2
    scalar, avx2 = both(lambda: outcome(scalar))
    assert scalar == avx2


@given(tensors(shape=shapes().filter(lambda s: all(s))), policies(), st.integers(0, 2**32 - 1))
@settings(max_examples=max(100, settings().max_examples // 3))
def test_both_refuse_or_accept_mutated_blocks_alike(tensor, policy, seed):
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
        scalar, avx2 = both(lambda forged=forged: outcome(forged))
        assert scalar == avx2


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
        scalar, avx2 = both(lambda data=data: outcome(data))
        assert scalar == avx2
        assert scalar[0] == raw.tobytes()
