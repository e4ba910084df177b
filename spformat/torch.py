"""The functions of safetensors.torch for .spf files: changing the import is all there is to do.

They differ in what they accept: tensors that share storage (stored once, tied again on load), any strides,
sparse tensors (stored as what they mean, loaded dense) and typed metadata.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from numpy.typing import NDArray

from .dtypes import DType
from .limits import Limits
from .quantization import AffineTensor, BinaryTensor, CodebookTensor
from .quantized import Quantized, QuantizedTensor, add_quantized
from .reader import Reader
from .sources.base import ties_of
from .torch_arrays import to_array, to_tensor, torch
from .torch_densify import SPARSE, densify
from .torch_quantized import from_torch
from .writer import Writer

if TYPE_CHECKING:
    from .planning.policy import Policy

__all__ = ["load", "load_file", "load_model", "save", "save_file", "save_model"]

Path = str | os.PathLike[str]
_OURS = (AffineTensor, BinaryTensor, CodebookTensor)


def save(
    tensors: Mapping[str, torch.Tensor | QuantizedTensor],
    metadata: Mapping[str, Any] | None = None,
    *,
    policy: Policy | None = None,
    threads: int | None = None,
) -> bytes:
    """The bytes of the file that `save_file` writes."""
    buffer = io.BytesIO()
    _write(tensors, buffer, metadata, policy, threads)
    return buffer.getvalue()


def save_file(
    tensors: Mapping[str, torch.Tensor | QuantizedTensor],
    filename: Path,
    metadata: Mapping[str, Any] | None = None,
    *,
    policy: Policy | None = None,
    threads: int | None = None,
) -> None:
    """Write tensors of any device, strides and layout to a file, whole or not at all.

    Quantized tensors, torch's or those of spformat.quantization, are stored as their codes: load gives their
    dequantized values, safe_open(...).get_quantized the codes with scales and zero points. Raises ValueError for values
    that are no tensors, SourceError for nested and meta tensors and for quantized ones that are not affine.
    """
    _write(tensors, filename, metadata, policy, threads)


def load(data: bytes, *, limits: Limits | None = None) -> dict[str, torch.Tensor]:
    """The tensors of a file given as bytes, on the CPU. Raises FormatError or LimitError."""
    with Reader(data, limits=limits) as reader:
        return _tensors(reader, "cpu")


def load_file(
    filename: Path, device: str | int = "cpu", *, limits: Limits | None = None, threads: int | None = None
) -> dict[str, torch.Tensor]:
    """The tensors of a file; those that were saved tied share storage. Raises FormatError or LimitError."""
    with Reader(filename, limits=limits, threads=threads) as reader:
        return _tensors(reader, device)


def save_model(
    model: torch.nn.Module,
    filename: str,
    metadata: Mapping[str, Any] | None = None,
    force_contiguous: bool = True,  # noqa: ARG001  (safetensors needs it; here strides make no difference)
) -> None:
    """Save the state dict of a model; tied weights are stored once."""
    save_file(model.state_dict(), filename, metadata)


def load_model(
    model: torch.nn.Module, filename: Path, strict: bool = True, device: str | int = "cpu"
) -> tuple[list[str], list[str]]:
    """Load a file into a model; returns the names that the file lacks and those that the model lacks, sorted.

    A name that shares its storage with one that was loaded does not count as lacking. Raises RuntimeError
    when `strict` and a name is lacking, or when a shape differs, as torch does.
    """
    lacking, surplus = model.load_state_dict(load_file(filename, device=device), strict=False)
    missing = sorted(set(lacking) - _loaded_with_others(model.state_dict(), set(lacking)))
    unexpected = sorted(surplus)
    if strict and (missing or unexpected):
        text = f"Error(s) in loading state_dict for {type(model).__name__}:"
        for kind, names in (("Missing", missing), ("Unexpected", unexpected)):
            if names:
                text += f"\n    {kind} key(s) in state_dict: " + ", ".join(f'"{name}"' for name in names)
        raise RuntimeError(text)
    return missing, unexpected


def _write(
    tensors: Mapping[str, torch.Tensor | QuantizedTensor],
    target: Path | BinaryIO,
    metadata: Mapping[str, Any] | None,
    policy: Policy | None,
    threads: int | None,
) -> None:
    for name, value in tensors.items():
        if not isinstance(value, (torch.Tensor, *_OURS)):
            raise ValueError(f"Key `{name}` is invalid, expected torch.Tensor but received {type(value)}")
    ordered = {name: tensors[name] for name in sorted(tensors, key=str.encode)}
    ties = _ties((name, value) for name, value in ordered.items() if isinstance(value, torch.Tensor))
    with Writer(target, metadata=metadata, policy=policy, threads=threads, ahead=True) as writer:
        for name, tensor in ordered.items():
            if name in ties:
                writer.tie(name, ties[name])
            elif not isinstance(tensor, torch.Tensor):
                add_quantized(writer, name, Quantized(tensor))
            elif tensor.is_quantized:
                add_quantized(writer, name, Quantized(from_torch(tensor, name)))
            else:
                writer.add(name, *_array(tensor, name))


def _array(tensor: torch.Tensor, name: str) -> tuple[NDArray[Any], DType]:
    return densify(tensor, name) if tensor.layout in SPARSE else to_array(tensor, name)


def _ties(named: Iterable[tuple[str, torch.Tensor]]) -> dict[str, str]:
    """Ties among tensors that are one view of one storage; all others are stored by themselves."""

    def identities() -> Iterator[tuple[str, Any]]:
        for name, tensor in named:
            if tensor.layout != torch.strided or tensor.is_meta or tensor.numel() == 0:
                yield name, id(tensor)
            else:
                place = (tensor.device, tensor.data_ptr(), tensor.is_conj(), tensor.is_neg())
                yield name, (place, tensor.dtype, tuple(tensor.shape), tensor.stride())

    return ties_of(identities())


def _tensors(reader: Reader, device: str | int) -> dict[str, torch.Tensor]:
    """Every tensor on its device; tied names become views of one tensor."""
    found: dict[str, torch.Tensor] = {}
    arrays = reader.read()
    for name, head in reader.heads.items():
        if head.target is None:
            found[name] = to_tensor(arrays[name], head.dtype).to(device)
        else:
            found[name] = found[head.target].detach()
    return found


def _loaded_with_others(state: Mapping[str, torch.Tensor], lacking: set[str]) -> set[str]:
    """Names of `lacking` that are tied in the model to a name that was loaded."""
    tensors = {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}
    ties = _ties(tensors.items())
    loaded = {ties.get(name, name) for name in tensors if name not in lacking}
    return {name for name in lacking if ties.get(name, name) in loaded}
