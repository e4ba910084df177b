"""What is measured: named sets of tensors."""

from __future__ import annotations

import ml_dtypes
import numpy as np

from spformat.numpy import Array
from tools.magnitude import encoder_matrices, pruned


def gaussian(side: int, sparsity: float, dtype: str) -> dict[str, Array]:
    """A square Gaussian matrix, magnitude pruned (an iid mask)."""
    as_type = {"f32": np.float32, "bf16": ml_dtypes.bfloat16}[dtype]
    values = np.random.default_rng(0).standard_normal((side, side), dtype=np.float32) * np.float32(0.05)
    return {"weight": pruned(values, sparsity).astype(as_type)}


def tensors(name: str) -> dict[str, Array]:
    """The tensors of an input: "encoder-f32-90", "gaussian-f32-90" (256 MB in f32), "gaussian-small-bf16-50"..."""
    kind, dtype, percent = name.rsplit("-", 2)
    sparsity = int(percent) / 100
    if kind == "encoder":
        return encoder_matrices(sparsity, dtype)
    side = {"gaussian": 8192, "gaussian-small": 4096}[kind]
    return gaussian(side, sparsity, dtype)
