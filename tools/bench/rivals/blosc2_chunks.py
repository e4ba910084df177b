"""Blosc2, a chunk for each tensor, decoded into its memory, in blocks by all threads.

Without its shuffle filters for sparse tensors, where they cost both size and speed (the zeros of a value stand apart
then); with shuffle for dense ones, its default. lz4 is its fastest codec, zstd its smallest.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import blosc2
import numpy as np

from tools.bench import blobs
from tools.bench.rival import Rival, Tensors

_SPARSE = 0.75  # density above which a tensor is taken for dense


def _save(tensors: Tensors, path: Path, threads: int, codec: blosc2.Codec, level: int) -> None:
    def encode(patterns: np.typing.NDArray[np.generic]) -> bytes:
        sparse = np.count_nonzero(patterns) <= _SPARSE * patterns.size
        coded = blosc2.compress2(
            patterns,
            typesize=patterns.itemsize,
            codec=codec,
            clevel=level,
            filters=[blosc2.Filter.NOFILTER if sparse else blosc2.Filter.SHUFFLE],
            nthreads=threads,
        )
        return bytes(coded)

    blobs.write(
        path, tensors, (encode(blobs.flat_patterns(array)) if array.size else b"" for array in tensors.values())
    )


def _load(path: Path, threads: int) -> Tensors:
    tensors = {}
    for name, blob in blobs.read(path).items():
        out = blob.empty()
        if out.size:
            blosc2.decompress2(blob.data, dst=out, nthreads=threads)
        tensors[name] = blob.view(out)
    return tensors


RIVALS = [
    Rival("blosc2 lz4", partial(_save, codec=blosc2.Codec.LZ4, level=9), _load, "blosc2"),
    Rival("blosc2 zstd", partial(_save, codec=blosc2.Codec.ZSTD, level=5), _load, "blosc2"),
]
