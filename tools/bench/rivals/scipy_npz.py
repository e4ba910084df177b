"""scipy's save_npz, compressed: CSR, one file for each tensor. Bit patterns are stored, so that -0.0 comes back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import scipy.sparse

from spformat.dtypes import BY_NAME, from_numpy
from tools.bench.blobs import flat_patterns
from tools.bench.rival import Rival, Tensors

_SHAPES = "shapes.json"


def _save(tensors: Tensors, path: Path, threads: int) -> None:  # noqa: ARG001 - zlib as numpy calls it has no threads
    path.mkdir(exist_ok=True)
    described = {name: [from_numpy(array.dtype).name, array.shape] for name, array in tensors.items()}
    (path / _SHAPES).write_text(json.dumps(described))
    for number, array in enumerate(tensors.values()):
        rows = array.shape[0] if array.ndim > 1 else 1
        matrix = flat_patterns(array).reshape(rows, -1) if array.size else np.zeros((0, 0), np.uint8)
        scipy.sparse.save_npz(path / f"{number}.npz", scipy.sparse.csr_array(matrix), compressed=True)


def _load(path: Path, threads: int) -> Tensors:  # noqa: ARG001
    tensors = {}
    for number, (name, (dtype, shape)) in enumerate(json.loads((path / _SHAPES).read_text()).items()):
        patterns = scipy.sparse.load_npz(path / f"{number}.npz").toarray()
        numpy_type = BY_NAME[dtype].numpy
        tensors[name] = patterns.reshape(-1).view(numpy_type).reshape(shape)
    return tensors


RIVALS = [Rival("scipy npz", _save, _load, "scipy")]
