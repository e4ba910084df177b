"""Magnitude pruning of the real model's matrices, for demonstrations, benchmarks and tests."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from spformat.numpy import Array
from spformat.sources import open_source
from tools.real_model import fetch, is_encoder_matrix


def pruned(matrix: npt.NDArray[Any], sparsity: float) -> npt.NDArray[Any]:
    """A copy in which the round(sparsity * size) entries of least magnitude are zero; ties keep the lower index."""
    order = np.argsort(-np.abs(matrix.astype(np.float32)).reshape(-1), kind="stable")
    keep = matrix.size - round(sparsity * matrix.size)
    out = np.zeros_like(matrix).reshape(-1)
    out[order[:keep]] = matrix.reshape(-1)[order[:keep]]
    return out.reshape(matrix.shape)


def model_tensors() -> dict[str, Array]:
    """All tensors of the real model, float32 and one int64."""
    with open_source(fetch()) as source:
        return {name: source.read(name)[0] for name in source.names()}


def encoder_matrices(sparsity: float, dtype: str = "f32") -> dict[str, Array]:
    """The 36 encoder matrices, each pruned in float32 and then rounded to f32 or bf16."""
    as_type = {"f32": np.float32, "bf16": ml_dtypes.bfloat16}[dtype]
    tensors = model_tensors().items()
    return {name: pruned(t, sparsity).astype(as_type) for name, t in tensors if is_encoder_matrix(name, t.ndim)}
