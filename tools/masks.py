"""Masks other than those of magnitude pruning: Wanda's, and N:M patterns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# The L2 norm of each input of the 36 encoder matrices, by matrix name: float32, shape (columns,). Measured by running
# all-MiniLM-L6-v2 on English text.
INPUT_NORMS = Path(__file__).parent / "bench" / "data" / "minilm_input_norms.npz"

Matrix = npt.NDArray[Any]


def wanda(matrix: Matrix, norms: Matrix, sparsity: float) -> Matrix:
    """A copy in which, in each output row, the round(sparsity * columns) entries of least |weight| * norm of its input
    are zero (Sun et al., "A Simple and Effective Pruning Approach for Large Language Models", arXiv 2306.11695,
    equation 1).

    matrix: shape (rows, columns). norms: shape (columns,).
    """
    return _without_least(matrix, np.abs(matrix.astype(np.float32)) * norms, round(sparsity * matrix.shape[1]))


def n_of_m(matrix: Matrix, kept: int, group: int) -> Matrix:
    """A copy in which only the `kept` entries of greatest magnitude of every `group` along a row are left: 2:4, 4:8.

    matrix: shape (rows, columns), columns a multiple of the group.
    """
    groups: Matrix = matrix.reshape(-1, group)
    return _without_least(groups, np.abs(groups.astype(np.float32)), group - kept).reshape(matrix.shape)


def input_norms() -> dict[str, Matrix]:
    """The norms by matrix name."""
    with np.load(INPUT_NORMS) as file:
        return {name: file[name] for name in file.files}


def _without_least(rows: Matrix, score: Matrix, count: int) -> Matrix:
    """A copy in which the `count` entries of least score of each row are zero; ties keep the lower index."""
    order = np.argsort(-score, axis=1, kind="stable")
    out: Matrix = rows.copy()
    np.put_along_axis(out, order[:, rows.shape[1] - count :], 0, axis=1)
    return out
