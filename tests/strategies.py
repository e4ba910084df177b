"""Hypothesis strategies: tensors of every data type, policies, metadata."""

import numpy as np
from hypothesis import strategies as st

from spformat.dtypes import DTYPES
from spformat.planning.policy import ALL_ROWS, PRESETS, GapRequest, Policy, preset

SIZES = (1, 2, 4, 8, 16)


def shapes(max_side=9, max_flat=3000):
    """Rank 0 to 4, empty ones among them, and now and then a long vector or a long or wide matrix."""
    small = st.lists(st.integers(0, max_side), max_size=4).map(tuple)
    full = st.lists(st.integers(1, max_side), max_size=4).map(tuple)
    long = st.integers(1, max_flat)
    return st.one_of(small, full, long.map(lambda n: (n,)), long.map(lambda n: (2, n)), long.map(lambda n: (n, 3)))


def _special_bytes(itemsize):
    """Bit patterns that arithmetic might change: -0.0, NaN payloads, subnormals, the largest integers."""
    bits = 8 * itemsize
    chosen = [
        1,
        1 << (bits - 1),
        (1 << bits) - 1,
        (1 << (bits - 1)) - 1,
        (1 << (bits - 1)) | 1,
        0x7F,
        1 << (bits // 2),
    ]
    if itemsize >= 2:
        chosen += [0x7C01, 0x7F81, 0xFF81, 0x00FF]
    if itemsize >= 4:
        chosen += [0x7F800001, 0x7FC00001, 0xFFA00000]
    if itemsize >= 8:
        chosen += [0x7FF0000000000001, 0xFFF8000000000001, 1 << 63]
    return [pattern.to_bytes(itemsize, "little") for pattern in chosen]


SPECIAL = {size: np.frombuffer(b"".join(_special_bytes(size)), np.uint8).reshape(-1, size) for size in SIZES}


def _values(rng, kind, count, itemsize):
    """`count` bit patterns, shape (count, itemsize); random ones may be zero now and then."""
    if kind == "special":
        return SPECIAL[itemsize][rng.integers(0, len(SPECIAL[itemsize]), count)]
    if kind == "ones":
        return np.eye(1, itemsize, dtype=np.uint8).repeat(count, axis=0)
    return rng.integers(0, 256, (count, itemsize), np.uint8)


def _mask(rng, kind, density, count):
    if kind == "first":
        return np.arange(count) == 0
    if kind == "last":
        return np.arange(count) == count - 1
    if kind == "banded":
        return (np.arange(count) // max(1, count // 7)) % 3 == 0
    return rng.random(count) < density


@st.composite
def tensors(draw, shape=None, dtypes=DTYPES):
    """(bit patterns, DType): any data type, shape, density, pattern."""
    dtype = draw(st.sampled_from(dtypes))
    shape = draw(shapes() if shape is None else shape)
    count = int(np.prod(shape, dtype=np.int64))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.one_of(st.sampled_from([0.0, 0.01, 0.1, 0.5, 0.9, 1.0]), st.floats(0, 1)))
    values = _values(rng, draw(st.sampled_from(["random", "special", "ones"])), count, dtype.itemsize)
    mask = _mask(rng, draw(st.sampled_from(["iid", "iid", "first", "last", "banded"])), density, count)
    masked = np.where(mask[:, None], values, 0).astype(np.uint8)
    return masked.reshape(-1).view(dtype.bits).reshape(shape), dtype


def gap_requests():
    """Every parameter of the gap code, valid or without a largest step (which the writer refuses)."""
    return st.builds(
        GapRequest,
        axis=st.sampled_from(["row", "column"]),
        restart_rows=st.one_of(st.none(), st.just(ALL_ROWS), st.integers(1, 12)),
        carry=st.booleans(),
        origin=st.one_of(st.sampled_from([-1, 0, 1]), st.integers(-1, 40), st.integers(0, 2**31 - 1)),
        bias=st.sampled_from([0, 1]),
        bits=st.one_of(st.none(), st.integers(0, 16)),
        fill=st.sampled_from([None, "filler", "escape"]),
    ).filter(has_step)


def has_step(request):
    """Whether some width and fill that the request leaves open gives a step of at least 1."""
    bits = 16 if request.bits is None else request.bits
    return 2**bits - 1 + request.bias - (request.fill == "escape") >= 1


def policies():
    """Every layout and preset, with small and large blocks."""
    entries = st.one_of(st.just(32_768), st.integers(1, 300))
    plain = st.builds(Policy, layout=st.sampled_from(["auto", "dense", "bitmask"]), block_entries=entries)
    gaps = st.builds(Policy, layout=st.just("csr"), gap=gap_requests(), block_entries=entries)
    presets = st.builds(preset, st.sampled_from(sorted(PRESETS)), st.one_of(st.none(), st.integers(2, 16)))
    return st.one_of(st.just(Policy()), plain, gaps, presets)


def names():
    """Any name: empty, long, odd; no surrogates, which have no UTF-8 form."""
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def metadata():
    """A user's metadata."""
    leaves = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), names())
    values = st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names(), inner, max_size=4)),
    )
    return st.dictionaries(names(), values, max_size=4)
