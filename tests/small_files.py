"""Small valid files that together use every part of the format, for attacks on all their bytes."""

import numpy as np

from spformat.planning.policy import GapRequest, Policy, preset
from tests.helpers import sparse, written


def _several():
    tensors = {
        "": np.float32(-0.0).reshape(()),
        "bias": np.arange(1, 5, dtype=np.float16),
        "empty": np.zeros((3, 0), np.int64),
        "w": sparse((6, 9), 0.3),
    }
    return written(tensors, metadata={"a": [1, None, {"b": 2.5}], "format": "pt"}, ties=[("tied", "w"), ("again", "")])


def _csr(shape, block_entries=32_768, **request):
    return written({"t": sparse(shape, 0.3, np.uint8)}, policy=Policy("csr", GapRequest(**request), block_entries))


SMALL_FILES = {
    "no tensors": written({}),
    "dense": written({"t": np.arange(7, dtype=np.uint16)}, policy=Policy("dense")),
    "dense, blocks": written({"t": np.arange(7, dtype=np.uint8)}, policy=Policy("dense", block_entries=3)),
    "bitmask": written({"t": sparse((5, 5), 0.5, np.uint8)}, policy=Policy("bitmask")),
    "bitmask, blocks": written({"t": sparse((40,), 0.5, np.uint8)}, policy=Policy("bitmask", block_entries=6)),
    "filler": _csr((3, 13), bits=2, fill="filler"),
    "escape": _csr((3, 13), bits=2, fill="escape"),
    "rows": _csr((4, 8), restart_rows=1, bits=2),
    "rows, blocks": _csr((7, 5), 3, restart_rows=1, bits=3, fill="escape"),
    "columns": _csr((6, 5), 5, axis="column", restart_rows=1, bits=2),
    "lecture": written({"t": sparse((4, 6), 0.4, np.uint8)}, policy=preset("lecture")),
    "complex": written({"t": sparse((20,), 0.2, np.complex128)}, policy=Policy("csr", GapRequest(bits=3))),
    "several": _several(),
}
