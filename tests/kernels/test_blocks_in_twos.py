"""Many blocks are decoded two at a time: the same arrays, and the error of the first bad block."""

import ml_dtypes
import numpy as np
import pytest

from spformat.errors import CorruptError
from spformat.planning.policy import Policy
from spformat.reader import Reader
from tests import forge
from tests.helpers import written

BLOCKS = [15, 16, 17, 33]  # in twos from 16 on, for one thread


def tensor(blocks, density, seed=0):
    """As many blocks of 64 x 64 elements as rows of blocks; some of them have hardly a nonzero."""
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((64 * blocks, 64), dtype=np.float32)
    kept = rng.random(weights.shape) < np.repeat(density * rng.random(blocks), 64)[:, None]
    return np.where(kept, weights, 0).astype(ml_dtypes.bfloat16)


def packed(array, density):
    data = written({"t": array}, policy=Policy(block_entries=max(1, int(64 * 64 * density / 2))))
    return data, forge.Opened(data)


@pytest.mark.parametrize("density", [0.05, 0.6])
@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.usefixtures("simd")
def test_arrays_are_the_same(blocks, density, threads):
    array = tensor(blocks, density)
    data, opened = packed(array, density)
    assert len(opened.blocks()) >= blocks // 2
    with Reader(data, threads=threads) as reader:
        assert reader.read()["t"].tobytes() == array.tobytes()


@pytest.mark.parametrize("bad", [(0,), (1,), (6, 7), (7, 8), (9,)])
@pytest.mark.parametrize("where", ["start", "end"])
@pytest.mark.usefixtures("simd")
def test_the_first_bad_block_is_named(bad, where):
    """Whether it is the first or the second of its two, whether its first bytes are wrong or its last."""
    _, opened = packed(tensor(40, 0.6), 0.6)
    assert len(opened.blocks()) > 16
    for block in bad:
        data = bytearray(opened.block(0, block))
        if where == "start":
            data[2] = 6  # lanes, behind the length of the mask's stream
        else:
            data = data[:-1]
        opened.replace(bytes(data), 0, block)
    with Reader(opened.build(), threads=1) as reader, pytest.raises(CorruptError) as caught:
        reader.read()
    assert (caught.value.tensor, caught.value.block) == ("t", bad[0])
    assert (caught.value.kind == "rans/lanes") == (where == "start")


@pytest.mark.usefixtures("simd")
def test_blocks_of_several_kinds_stand_beside_each_other():
    """Plain, dense, of strips, of gaps, of codes: any two of them may be decoded at once."""
    rng = np.random.default_rng(1)
    tensors = {}
    for number in range(40):
        shape = (int(rng.integers(1, 80)), int(rng.integers(1, 80)))
        weights = rng.standard_normal(shape, dtype=np.float32)
        kinds = [weights, np.round(weights), np.where(rng.random(shape) < 0.1, weights, 0), weights.astype(np.float64)]
        tensors[f"{number}"] = kinds[number % 4]
    data = written(tensors)
    for threads in (1, 2):
        with Reader(data, threads=threads) as reader:
            for name, array in reader.read().items():
                assert array.tobytes() == tensors[name].tobytes()
