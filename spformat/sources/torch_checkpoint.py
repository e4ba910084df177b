"""A checkpoint that torch.save wrote (.pt, .pth, .bin, .ckpt).

Loading is always torch's own with weights_only=True: pickled code never runs. What is loaded is only the
skeleton, tensors without data (device meta) that know at which byte of the file their storage starts; the
data is read tensor by tensor, so a checkpoint larger than memory can be packed. Where a file does not allow
that (the format before torch 1.6, quantized or lazily conjugated tensors, a torch that does not tell the
offsets) everything is loaded, mapped if possible.
"""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Hashable
from typing import Any

from numpy.typing import NDArray

from ..dtypes import DType
from ..errors import SourceError
from ..quantized import Quantized
from ..torch_arrays import PLAIN, check_storable, from_torch_dtype, to_array, torch
from ..torch_densify import SPARSE, densify, parts_of
from ..torch_quantized import dequantized, from_torch, is_affine
from . import torch_skeleton
from .base import Source, sort_names, ties_of
from .checkpoint_tree import CheckpointTree
from .torch_zip import TorchZip
from .wording import listing

Array = NDArray[Any]
ADVICE = "save the state dict instead: torch.save(model.state_dict(), path)"


class TorchCheckpoint(Source):
    """The tensors of a checkpoint, or of the part of it that is the model (see checkpoint_tree)."""

    def __init__(self, path: str, key: str | None = None) -> None:
        """Raises SourceError when torch refuses the file, or when it is not clear which tensors are meant."""
        super().__init__()
        self._path = path
        archive = _checked_archive(path) if zipfile.is_zipfile(path) else None
        skeleton = self._skeleton(archive.extents, key) if archive else None
        self._lazy = skeleton is not None
        self._tensors = self._select(_load_all(path, archive), key) if skeleton is None else skeleton
        self._names = sort_names(self._tensors)
        quantized = [name for name in self._names if self._tensors[name].is_quantized]
        self._as_values = [name for name in quantized if not is_affine(self._tensors[name])]
        if self._as_values:
            why = "which no codes and float32 scales give exactly"
            self.notes.append(f"quantized tensors taken as their float32 values, {why}: {listing(self._as_values)}")

    def _skeleton(self, extents: dict[int, int], key: str | None) -> dict[str, torch.Tensor] | None:
        """Tensors without data; None when some of them cannot be read from the file as they lie in it."""
        try:
            root = _load(self._path, "meta")
        except Exception:
            return None  # loading everything will show whether the file is to blame
        tensors = self._select(root, key)
        parts = (part for tensor in tensors.values() for part in _parts(tensor))
        return tensors if all(torch_skeleton.readable(part, extents) for part in parts) else None

    def _select(self, root: object, key: str | None) -> dict[str, torch.Tensor]:
        tree = CheckpointTree(root, _is_tensor, _nbytes)
        try:
            found = tree.select(key)
        except SourceError as error:
            raise SourceError(f"{self._path}: {error}") from None
        for name, tensor in found.items():
            if not tensor.is_quantized:
                check_storable(tensor, name)
        self.notes = tree.notes
        return found

    def names(self) -> list[str]:
        return list(self._names)

    def ties(self) -> dict[str, str]:
        return ties_of((name, self._identity(self._tensors[name])) for name in self._names)

    def _identity(self, tensor: torch.Tensor) -> Hashable:
        if tensor.layout != torch.strided or tensor.is_nested:
            return id(tensor)
        storage = tensor.untyped_storage()
        # Loaded without data, each mention of a storage is an object of its own; the byte of the file tells.
        where = torch_skeleton.storage_start(tensor) if self._lazy else storage._cdata
        return where, tensor.storage_offset(), tensor.dtype, tuple(tensor.shape), tensor.stride()

    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:
        tensor = self._tensors[name]
        dtype = torch.float32 if tensor.is_quantized else tensor.dtype
        return from_torch_dtype(dtype, name), tuple(tensor.shape)

    def read(self, name: str) -> tuple[Array, DType]:
        tensor = self._tensors[name]
        if tensor.is_quantized:
            tensor = dequantized(tensor, name)
        if tensor.layout in SPARSE:
            return densify(tensor, name, self._read_part)
        return self._read_part(tensor, name)

    def read_quantized(self, name: str) -> Quantized | None:
        tensor = self._tensors[name]
        if not tensor.is_quantized or name in self._as_values:
            return None
        return Quantized(from_torch(tensor, name))

    def _read_part(self, tensor: torch.Tensor, name: str | None) -> tuple[Array, DType]:
        if self._lazy:
            return torch_skeleton.read(self._path, tensor, name)
        array, dtype = to_array(tensor, name)
        return array.copy(), dtype


def _checked_archive(path: str) -> TorchZip:
    """The archive's directory. Raises SourceError when it is not one of torch.save, or damaged."""
    archive = TorchZip.read(path)
    if any(name.endswith("/constants.pkl") for name in archive.names):
        raise SourceError(f"{path}: a TorchScript archive, which holds code; {ADVICE}")
    if not any(name.endswith("/data.pkl") for name in archive.names):
        raise SourceError(f"{path}: a zip archive, but not one of torch.save")
    if archive.byte_order != b"little":
        raise SourceError(f"{path}: written on a big-endian machine; load and save it again with torch")
    return archive


def _load(path: str, device: str, mapped: bool = False) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about prototype sparse layouts, nothing that a user can change
        return torch.load(path, map_location=device, weights_only=True, mmap=mapped)


def _load_all(path: str, archive: TorchZip | None) -> object:
    # Of a compressed storage torch would map the compressed bytes, and take them for numbers.
    mapped = archive is not None and not archive.compressed
    try:
        return _load(path, "cpu", mapped)
    except pickle.UnpicklingError as error:
        raise SourceError(f"{path}: {_refusal(str(error))}") from error
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SourceError(f"{path}: not a checkpoint of torch, cut short or damaged ({reason})") from error


def _refusal(message: str) -> str:
    """One line for torch's page of advice, which speaks of switching its safety off."""
    found = re.search(r"GLOBAL ([\w.]+)", message)
    if found is None:
        return f"not a checkpoint of torch, or one of more than tensors and plain containers; {ADVICE}"
    advice = f"of each tensor {PLAIN}" if found[1].startswith("torchao.") else ADVICE
    return f"holds a pickled object ({found[1]}), which is never loaded because that could run code; {advice}"


def _is_tensor(node: object) -> bool:
    return isinstance(node, torch.Tensor)


def _nbytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _parts(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return parts_of(tensor) if tensor.layout in SPARSE else (tensor,)
