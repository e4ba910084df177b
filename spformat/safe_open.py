"""Lazy access to the tensors of a file, in the manner of safetensors.safe_open."""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import sparse
from .errors import SpformatError
from .limits import Limits
from .numpy import with_dtype
from .reader import BitPatterns, Reader
from .slices import TensorSlice

if TYPE_CHECKING:
    from .quantized import QuantizedTensor

_FRAMEWORKS = {"pt": "pt", "torch": "pt", "pytorch": "pt", "np": "np", "numpy": "np"}


class safe_open:  # noqa: N801  (safetensors' name, so that switching is changing an import)
    """Opens a file for reading single tensors and slices.

    framework: "pt" (also "torch", "pytorch") or "np" ("numpy"). device: where torch tensors go. A context manager.
    Raises OSError and FormatError when opened; TensorNotFoundError for unknown names.
    """

    def __init__(
        self,
        filename: str | os.PathLike[str],
        framework: str,
        device: str | int = "cpu",
        *,
        limits: Limits | None = None,
        threads: int | None = None,
    ) -> None:
        if framework not in _FRAMEWORKS:
            raise SpformatError(f"framework must be one of {', '.join(_FRAMEWORKS)}, not {framework!r}")
        self._torch = _FRAMEWORKS[framework] == "pt"
        if not self._torch and device != "cpu":
            raise SpformatError(f"numpy arrays are on the cpu, not on {device!r}")
        self._device = device
        self._reader = Reader(filename, limits=limits, threads=threads)

    def keys(self) -> list[str]:
        """The tensors' names, sorted."""
        return sorted(self._reader.heads)

    def offset_keys(self) -> list[str]:
        """The tensors' names in the order of the file."""
        return self._reader.names

    def metadata(self) -> dict[str, Any] | None:
        """The metadata with their types; None when there are none."""
        return self._reader.metadata or None

    def get_tensor(self, name: str) -> Any:
        """A tensor, decoded."""
        return self._out(self._reader.read([name])[name], name)

    def get_tensors(self, names: list[str]) -> dict[str, Any]:
        """Several tensors, decoded together on all threads."""
        return {name: self._out(bits, name) for name, bits in self._reader.read(names).items()}

    def get_slice(self, name: str) -> TensorSlice:
        """A tensor to be indexed: only the blocks that an index needs are decoded."""
        return TensorSlice(self._reader, name, self._out)

    def get_sparse(self, name: str, layout: str = "csr") -> Any:
        """The nonzeros as a sparse matrix, without a dense detour.

        "np": scipy csr_array (layout "csr") or coo_array ("coo"), rows = shape[0], columns = the rest. "pt": sparse
        CSR tensor (two dimensions), or sparse COO tensor of the tensor's shape. Stored -0.0 stays an entry.
        """
        if layout not in ("csr", "coo"):
            raise SpformatError(f"layout must be csr or coo, not {layout!r}")
        if self._torch:
            return sparse.to_torch(self._reader, name, layout, self._device)
        return sparse.to_scipy(self._reader, name, layout)

    def get_quantized(self, name: str) -> QuantizedTensor:
        """The codes of a quantized tensor with its codebook, or its scales and zero points, as numpy arrays: a
        CodebookTensor, AffineTensor or BinaryTensor of spformat.quantization, whose dequantize() is get_tensor's.

        Raises SpformatError for a tensor that was not quantized.
        """
        from .quantized import get_quantized

        return get_quantized(self._reader, name).tensor

    def __enter__(self) -> safe_open:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._reader.close()

    def _out(self, bits: BitPatterns, name: str) -> Any:
        dtype = self._reader.heads[name].dtype
        if not self._torch:
            return with_dtype(bits, dtype, name)
        from .torch_arrays import to_tensor

        tensor = to_tensor(bits, dtype)
        return tensor if self._device == "cpu" else tensor.to(self._device)
