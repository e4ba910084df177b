"""The tensors of the ledger.

Made of random integers by exact arithmetic alone (no logarithm or cosine, whose last bit differs between processors),
so that they are the same everywhere.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from spformat.numpy import Array
from tools.magnitude import pruned
from tools.masks import n_of_m

_SHAPE = (192, 384)
_UNIFORMS = 12  # whose sum has a variance of 1
_RANGE = 1 << 40

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


def bell(shape: tuple[int, ...], seed: int) -> Numbers:
    """Nearly Gaussian weights of standard deviation 1/16."""
    summed: Integers = np.random.default_rng(seed).integers(0, _RANGE, (_UNIFORMS, *shape)).sum(axis=0)
    return (summed - _UNIFORMS * _RANGE // 2) / (16 * _RANGE)


def heavy(shape: tuple[int, ...], seed: int) -> Numbers:
    """Weights with a sharp peak and heavy tails: products of two nearly Gaussian ones."""
    return bell(shape, seed) * bell(shape, seed + 1000) * 16


def tensors() -> dict[str, Array]:
    """The tensors that are stored one to a file, by what they are."""
    return {
        **_by_sparsity(),
        **_by_type(),
        **_by_structure(),
        **_with_few_values(),
        **_dense(),
        **_small(),
    }


def files() -> dict[str, dict[str, Array]]:
    """Sets of tensors that are stored together, which may share tables."""
    rng = np.random.default_rng(50)
    kept = pruned(bell((96, 96), 51), 0.5).astype(np.float32)
    return {
        "12 alike, f32, 90 %": {f"{i}.weight": _float(_SHAPE, 52 + i, 0.9, np.float32) for i in range(12)},
        "500 small, bf16, 80 %": {
            f"layer.{i}": _float((int(rng.integers(1, 40)), int(rng.integers(1, 40))), 100 + i, 0.8, ml_dtypes.bfloat16)
            for i in range(500)
        },
        "tied and equal": {"first": kept, "tied": kept, "equal": kept.copy()},
        "nothing": {},
    }


def _float(shape: tuple[int, ...], seed: int, sparsity: float, dtype: npt.DTypeLike) -> Array:
    return pruned(bell(shape, seed), sparsity).astype(dtype)


def _by_sparsity() -> dict[str, Array]:
    named = {"f32": np.float32, "bf16": ml_dtypes.bfloat16}
    found: dict[str, Array] = {
        f"magnitude {percent} %, {name}": _float(_SHAPE, 1, percent / 100, dtype)
        for name, dtype in named.items()
        for percent in (20, 50, 80, 90, 95, 99)
    }
    for name, dtype in named.items():
        found[f"heavy tails 90 %, {name}"] = pruned(heavy(_SHAPE, 2), 0.9).astype(dtype)
    found["vector 99.9 %, f32"] = _float((100_000,), 3, 0.999, np.float32)
    return found


def _by_type() -> dict[str, Array]:
    floats = [np.float64, np.float16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2]
    found: dict[str, Array] = {f"magnitude 80 %, {np.dtype(t).name}": _float(_SHAPE, 4, 0.8, t) for t in floats}
    found["quantized 80 %, int8"] = np.rint(_float(_SHAPE, 5, 0.8, np.float64) * 400).astype(np.int8)
    found["mask 90 %, bool"] = _float(_SHAPE, 6, 0.9, np.float64) != 0
    found["indices, int64"] = np.arange(4096)
    found["counts 95 %, int32"] = (_float(_SHAPE, 7, 0.95, np.float64) * 1e6).astype(np.int32)
    parts = [_float(_SHAPE, seed, 0.9, np.float32) for seed in (8, 8)]
    found["complex 90 %, complex64"] = (parts[0] + 1j * parts[1]).astype(np.complex64)
    return found


def _by_structure() -> dict[str, Array]:
    weights, f32 = bell(_SHAPE, 10), np.float32
    powers = 2.0 ** -np.random.default_rng(11).integers(0, 5, max(_SHAPE))
    rows, columns = weights * powers[: _SHAPE[0], None], weights * powers[: _SHAPE[1]]
    bordered = pruned(weights, 0.8)
    bordered[:, :40] = bordered[:, -40:] = 0
    bf16 = ml_dtypes.bfloat16
    return {
        "rows of five scales 90 %, f32": pruned(rows, 0.9).astype(f32),
        "columns of five scales 80 %, f32": pruned(columns, 0.8).astype(f32),
        "columns without weights 80 %, f32": bordered.astype(f32),
        "rows without weights, f32": np.where(np.arange(_SHAPE[0])[:, None] % 3, 0, weights).astype(f32),
        "2:4, bf16": n_of_m(weights, 2, 4).astype(bf16),
        "4:8, bf16": n_of_m(weights, 4, 8).astype(bf16),
        "1:4, f32": n_of_m(weights, 1, 4).astype(f32),
        "convolution 70 %, f32": _float((64, 48, 3, 3), 12, 0.7, f32),
        "filters pruned whole, f32": np.where(
            np.arange(64)[:, None, None, None] % 2, bell((64, 48, 3, 3), 13), 0
        ).astype(f32),
    }


def _with_few_values() -> dict[str, Array]:
    weights = bell(_SHAPE, 20)
    coarse = np.rint(pruned(weights, 0.9) * 100) / 128
    signs = np.sign(weights) * 0.03125
    return {
        "16 levels 90 %, f32": coarse.astype(np.float32),
        "ternary 50 %, bf16": np.where(pruned(weights, 0.5) != 0, signs, 0).astype(ml_dtypes.bfloat16),
        "binary, f32": signs.astype(np.float32),
        "one value 90 %, f32": np.where(pruned(weights, 0.9) != 0, 0.5, 0).astype(np.float32),
        "bf16 in f32, 80 %": _float(_SHAPE, 21, 0.8, ml_dtypes.bfloat16).astype(np.float32),
    }


def _dense() -> dict[str, Array]:
    named = {"f32": np.float32, "bf16": ml_dtypes.bfloat16, "f16": np.float16, "f8": ml_dtypes.float8_e4m3fn}
    found: dict[str, Array] = {f"dense, {name}": bell(_SHAPE, 30).astype(dtype) for name, dtype in named.items()}
    found["dense heavy tails, bf16"] = heavy(_SHAPE, 31).astype(ml_dtypes.bfloat16)
    found["all zeros, f32"] = np.zeros(_SHAPE, np.float32)
    found["all ones, bf16"] = np.ones(_SHAPE, ml_dtypes.bfloat16)
    found["all -0.0, f32"] = np.full(_SHAPE, -0.0, np.float32)
    return found


def _small() -> dict[str, Array]:
    found: dict[str, Any] = {f"bias of {size}, f32": bell((size,), 40).astype(np.float32) for size in (1, 10, 384)}
    found["scalar, f32"] = np.array(0.5, np.float32)
    found["empty, f32"] = np.zeros((0, 3), np.float32)
    found["matrix 12x12 80 %, f32"] = _float((12, 12), 41, 0.8, np.float32)
    found["matrix 40x40 90 %, bf16"] = _float((40, 40), 42, 0.9, ml_dtypes.bfloat16)
    return found
