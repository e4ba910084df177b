"""Both decoders behind one function: bytes of a file -> its tensors, or the rule that it breaks and where."""

import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spformat.errors import FormatError, LimitError
from spformat.reader import Reader
from tests.helpers import raw, read_everything

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "spec" / "vectors"
DECODER = ROOT / "spec" / "decoder" / "spf_decode.py"


def _module():
    """The educational decoder, which is a file and no package."""
    found = importlib.util.spec_from_file_location("spf_decode", DECODER)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["spf_decode"] = module
    found.loader.exec_module(module)
    return module


spf_decode = _module()


@dataclass(frozen=True)
class Outcome:
    """Tensors in order (name, dtype, shape, bytes, name that it is tied to, if a copy), or what was refused."""

    tensors: list[Any] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    refused: tuple[Any, ...] | None = None  # rule, tensor, block


def educational(data, prove=True):
    """`prove`: whether the digests of decoded bytes are compared, too."""
    try:
        file = spf_decode.SpfFile(data)
        tensors = [
            (t.name, spf_decode.DTYPES[t.dtype][0], t.shape, spf_decode.decode_tensor(t, prove), t.tied_to, t.is_copy)
            for t in file.tensors
        ]
        return Outcome(tensors, file.metadata)
    except spf_decode.Refused as error:
        return Outcome(refused=(error.rule, error.tensor, error.block))


def spformat(data, prove=True):
    try:
        with Reader(data, threads=1) as reader:
            arrays = read_everything(reader, prove)
            tensors = [
                (name, entry.dtype.name, list(entry.shape), raw(arrays[name]), entry.target, entry.record.copied)
                for name, entry in reader.entries.items()
            ]
            return Outcome(tensors, reader.metadata)
    except (FormatError, LimitError) as error:
        return Outcome(refused=(error.kind, error.tensor, error.block))


BOTH = {"educational": educational, "spformat": spformat}
