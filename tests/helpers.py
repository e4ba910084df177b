"""What many tests do with the core: write to memory, read back, refuse."""

import io

import numpy as np
import pytest

from spformat.codecs.frequencies import LEVELS, Table, chance_of
from spformat.errors import SpformatError
from spformat.planning.choose import candidates
from spformat.planning.policy import Policy
from spformat.planning.pool import TablePool
from spformat.planning.survey import survey
from spformat.reader import Reader
from spformat.writer import Writer


def written(tensors, *, metadata=None, policy=None, threads=1, ties=()):
    """The bytes of a file. tensors: name -> array or (bit patterns, DType); ties: (name, target)."""
    file = io.BytesIO()
    with Writer(file, metadata=metadata, policy=policy, threads=threads) as writer:
        for name, tensor in tensors.items():
            array, dtype = tensor if isinstance(tensor, tuple) else (tensor, None)
            writer.add(name, array, dtype)
        for name, target in ties:
            writer.tie(name, target)
    return file.getvalue()


def raw(array):
    """The bytes of an array in C order, little-endian."""
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return np.ascontiguousarray(array).tobytes()


def read_everything(reader, prove=True):
    """Every way of reading a file, and all its checks (but for the digests of decoded bytes, if told not to prove)."""
    arrays = reader.read()
    for name in reader.names:
        reader.read_nonzeros(name)
    reader.check_blocks()
    if prove:
        list(reader.check_tensors())
    return arrays


def refused(data, error=SpformatError, kind=None, match=None):
    """Asserts that opening and reading raises exactly this error, with the identifier of the broken rule."""
    with pytest.raises(error, match=match) as caught, Reader(data, threads=1) as reader:
        read_everything(reader)
    if kind is not None:
        assert caught.value.kind == kind, caught.value
    return caught.value


def sparse(shape, density=0.2, dtype=np.float32, seed=0):
    """A small matrix with that share of nonzeros."""
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 100, shape)
    return np.where(rng.random(shape) < density, values, 0).astype(dtype)


def binomial(density):
    """The table of eight independent bits whose density is nearest."""
    return Table(bytes([2, min(range(LEVELS), key=lambda level: abs(np.log(chance_of(level) / density)))]))


def weighed(array, dtype, policy=None):
    """All candidates of the planner for bit patterns, as if they were alone in a file."""
    return candidates("t", survey("t", array, dtype, policy or Policy(), 1), TablePool())
