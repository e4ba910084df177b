"""z4ai, tensor by tensor: several times faster than its own container, whose loader copies what it decoded.

Its smallest setting that takes no minutes, which is its default, and effort="fast", which leaves rANS out.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import z4ai

from spformat.dtypes import from_numpy
from tools.bench import blobs
from tools.bench.rival import Rival, Tensors

_FLOATS = {"F64": "fp64", "F32": "fp32", "F16": "fp16", "BF16": "bf16"}


def _save(tensors: Tensors, path: Path, threads: int, effort: str | None) -> None:
    coded = (
        z4ai.compress(
            blobs.flat_bytes(array).tobytes(),
            dtype=_FLOATS.get(from_numpy(array.dtype).name),
            threads=threads,
            effort=effort,
        )
        for array in tensors.values()
    )
    blobs.write(path, tensors, coded)


def _load(path: Path, threads: int) -> Tensors:  # noqa: ARG001 - its decoder takes what it finds
    return {
        name: blob.view(np.frombuffer(z4ai.decompress(bytes(blob.data)), np.uint8))
        for name, blob in blobs.read(path).items()
    }


RIVALS = [
    Rival("z4ai", partial(_save, effort=None), _load, "z4ai"),
    Rival("z4ai, fast", partial(_save, effort="fast"), _load, "z4ai"),
]
