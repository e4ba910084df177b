"""What is measured: named sets of tensors, all of them the same in every run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from spformat.numpy import Array
from tools import masks
from tools.bench import vgg16
from tools.magnitude import encoder_matrices, model_tensors
from tools.real_model import is_encoder_matrix

Tensors = dict[str, Array]
DTYPES: dict[str, npt.DTypeLike] = {"f32": np.float32, "bf16": ml_dtypes.bfloat16}


def dense_model(dtype: str) -> Tensors:
    """All tensors of the unpruned model, the floats among them rounded to that type."""
    tensors = model_tensors()
    return {n: t.astype(DTYPES[dtype]) if t.dtype == np.float32 else t for n, t in tensors.items()}


def wanda_matrices(sparsity: float, dtype: str) -> Tensors:
    """The 36 encoder matrices, pruned as Wanda does, then rounded."""
    norms = masks.input_norms()
    return _matrices(lambda name, matrix: masks.wanda(matrix, norms[name], sparsity), dtype)


def n_of_m_matrices(kept: int, group: int, dtype: str) -> Tensors:
    """The 36 encoder matrices, of which `kept` weights in every `group` along a row are left, then rounded."""
    return _matrices(lambda _, matrix: masks.n_of_m(matrix, kept, group), dtype)


def gaussian(rows: int, columns: int, sparsity: float, dtype: str) -> Tensors:
    """One Gaussian matrix, pruned by magnitude: an iid mask."""
    values = np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)
    values *= np.float32(0.05)
    magnitude = np.abs(values)
    cut = round(sparsity * values.size)
    values[magnitude < np.partition(magnitude.reshape(-1), cut)[cut]] = 0
    return {"weight": values.astype(DTYPES[dtype])}


def small_tensors(sparsity: float, dtype: str, count: int = 2000) -> Tensors:
    """Many small tensors, as a checkpoint of adapters or of a small convolutional network has: matrices of 4 to 64 rows
    and columns, pruned by magnitude, and as many dense vectors."""
    rng = np.random.default_rng(1)
    out: Tensors = {}
    for number in range(count):
        rows, columns = rng.integers(4, 65, 2)
        values = rng.standard_normal((rows, columns), dtype=np.float32)
        values[np.abs(values) < np.quantile(np.abs(values), sparsity)] = 0
        out[f"layer.{number}.weight"] = values.astype(DTYPES[dtype])
        out[f"layer.{number}.bias"] = rng.standard_normal(rows, dtype=np.float32).astype(DTYPES[dtype])
    return out


def _matrices(prune: Callable[[str, Array], npt.NDArray[Any]], dtype: str) -> Tensors:
    tensors = model_tensors().items()
    return {n: prune(n, t).astype(DTYPES[dtype]) for n, t in tensors if is_encoder_matrix(n, t.ndim)}


def _inputs() -> dict[str, Callable[[], Tensors]]:
    out: dict[str, Callable[[], Tensors]] = {}
    for dtype in DTYPES:
        for percent in (50, 80, 90, 95):
            out[f"encoder-{dtype}-{percent}"] = partial(encoder_matrices, percent / 100, dtype)
    for dtype in DTYPES:
        for percent in (50, 80, 90):
            out[f"wanda-{dtype}-{percent}"] = partial(wanda_matrices, percent / 100, dtype)
    out["encoder-bf16-2of4"] = partial(n_of_m_matrices, 2, 4, "bf16")
    out["encoder-bf16-4of8"] = partial(n_of_m_matrices, 4, 8, "bf16")
    out["dense-bf16"] = partial(dense_model, "bf16")
    for dtype, rows in (("f32", 8192), ("bf16", 16384)):
        for percent in (50, 90):
            out[f"gaussian-4096-{dtype}-{percent}"] = partial(gaussian, 4096, 4096, percent / 100, dtype)
            out[f"gaussian-256mb-{dtype}-{percent}"] = partial(gaussian, rows, 8192, percent / 100, dtype)
    for dtype in DTYPES:
        out[f"small-{dtype}-90"] = partial(small_tensors, 0.9, dtype)
    out["vgg16"] = lambda: dict(vgg16.tensors())
    for kind in ("conv", "fc7", "fc8"):
        out[f"vgg16-{kind}"] = partial(lambda kind: dict(vgg16.tensors(kind)), kind)
    return out


INPUTS = _inputs()
