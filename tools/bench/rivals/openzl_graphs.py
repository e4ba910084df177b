"""OpenZL, tensor by tensor, as numbers: its generic graph, and graphs made for sparse floats out of its nodes.

sparse_num parts positions from nonzeros, the float nodes part exponents from the rest; gaps and exponents are entropy
coded. Sign and fraction are stored (quick to decode), or split into bytes and entropy coded (smaller). Its Python
binding decodes one tensor at a time, on one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import openzl.ext as zl

from spformat.dtypes import from_numpy
from spformat.numpy import Array
from tools.bench import blobs
from tools.bench.rival import Rival, Tensors

_SPARSE = 0.75  # density above which positions are not worth parting from the values
_FLOATS = {
    "F32": zl.nodes.Float32Deconstruct,
    "BF16": zl.nodes.BFloat16Deconstruct,
    "F16": zl.nodes.Float16Deconstruct,
}
Graph = Callable[[zl.Compressor, str, bool], zl.GraphID]


def _generic(compressor: zl.Compressor, dtype: str, sparse: bool) -> zl.GraphID:  # noqa: ARG001
    return zl.graphs.Compress()(compressor)


def _floats(compressor: zl.Compressor, dtype: str, sparse: bool, fractions: Graph) -> zl.GraphID:
    if dtype not in _FLOATS:
        return _generic(compressor, dtype, sparse)
    entropy = zl.graphs.Entropy()(compressor)
    values = _FLOATS[dtype]()(compressor, fractions(compressor, dtype, sparse), entropy)
    if not sparse:
        return values
    return compressor.build_static_graph(compressor.get_node("zl.sparse_num"), [entropy, values])


def _stored(compressor: zl.Compressor, dtype: str, sparse: bool) -> zl.GraphID:  # noqa: ARG001
    return zl.graphs.Store()(compressor)


def _bytes_coded(compressor: zl.Compressor, dtype: str, sparse: bool) -> zl.GraphID:  # noqa: ARG001
    return zl.nodes.TransposeSplit()(compressor, zl.graphs.Entropy()(compressor))


def _save(tensors: Tensors, path: Path, threads: int, graph: Graph) -> None:  # noqa: ARG001
    blobs.write(path, tensors, (_encoded(array, graph) for array in tensors.values()))


def _encoded(array: Array, graph: Graph) -> bytes:
    patterns = blobs.flat_patterns(array)
    if not patterns.size:
        return b""
    compressor, context = zl.Compressor(), zl.CCtx()
    sparse = bool(np.count_nonzero(patterns) <= _SPARSE * patterns.size)
    compressor.select_starting_graph(graph(compressor, from_numpy(array.dtype).name, sparse))
    context.ref_compressor(compressor)
    context.set_parameter(zl.CParam.FormatVersion, zl.MAX_FORMAT_VERSION)
    return bytes(context.compress([zl.Input(zl.Type.Numeric, patterns)]))


def _load(path: Path, threads: int) -> Tensors:  # noqa: ARG001
    tensors = {}
    for name, blob in blobs.read(path).items():
        flat = blob.empty() if not blob.data else zl.DCtx().decompress(bytes(blob.data))[0].content.as_nparray()
        tensors[name] = blob.view(flat)
    return tensors


RIVALS = [
    Rival("openzl, generic", partial(_save, graph=_generic), _load, "openzl"),
    Rival("openzl, sparse floats", partial(_save, graph=partial(_floats, fractions=_stored)), _load, "openzl"),
    Rival(
        "openzl, sparse floats, smallest",
        partial(_save, graph=partial(_floats, fractions=_bytes_coded)),
        _load,
        "openzl",
    ),
]
