"""Hypothesis strategies: weights of any shape, with zeros, repeated values and a wide range of magnitudes."""

import ml_dtypes
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

# A fifth of the examples of the profile: these properties are many, and each example takes milliseconds.
few = settings(max_examples=max(1, settings().max_examples // 5))

FLOATS = [np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)]
SPECIAL = np.array([0.0, -0.0, 0.5, -1.0, 1.0, 0.25, 1e-30, 1e-40, 60_000.0, -60_000.0])


def _drawn(rng, kind, size):
    if kind == "normal":
        return rng.normal(size=size)
    if kind == "few":
        return rng.integers(-2, 3, size) / 4
    if kind == "wide":
        return rng.normal(size=size) * 10.0 ** rng.integers(-6, 4, size)
    return rng.choice(SPECIAL, size)


@st.composite
def weights(draw, dtypes=FLOATS, min_dims=0, min_side=0, max_side=5):
    """A float array of rank 0 to 3 with at most some hundred entries, pruned or not."""
    shape = draw(st.lists(st.integers(min_side, max_side), min_size=min_dims, max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = _drawn(rng, draw(st.sampled_from(["normal", "few", "wide", "special"])), shape)
    alive = rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    return np.where(alive, values, 0.0).astype(draw(st.sampled_from(dtypes)))
