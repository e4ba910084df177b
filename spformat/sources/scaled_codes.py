"""Integer codes and their scales, stored as plain tensors under the names of other libraries, as quantized tensors.

torchao (its state dicts flattened for safetensors): P._X_qdata, P._X_scale, and P._X_zero_point where there is one, are
P.X, with the bits of the target_dtype that the file's metadata name, 8 where they do not. compressed-tensors (format
int-quantized): X, X_scale, and X_zero_point where there is one, are X; its bits are in another file.

Elsewhere names do not tell how codes are laid out, and all stay as they are: weights packed to four bits in an int32,
and those of torchao in uint8, which may be two in a byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dtypes import BY_NAME, DType
from ..errors import ConfigError, SourceError
from ..quantization import AffineTensor
from ..quantization.affine_tensor import code_range
from ..quantized import Quantized
from .base import Source
from .folded import Folded
from .wording import plural

CODES = ("I8", "U8")
PLAIN_CODES = ("I8",)  # of torchao, which packs 4 bits into uint8
SCALES = ("F32", "F16", "BF16")
POINTS = ("I8", "U8", "I32")
_TORCHAO = re.compile(r"(.*\.)?_([^.]+)_qdata")

Array = NDArray[Any]


class ScaledCodes(Folded):
    """A source whose codes and scales appear as one affine tensor: float32 products (q - Z) S, and the codes."""

    @classmethod
    def around(cls, source: Source) -> Source:
        """The source itself when it has none. Raises SourceError for scales that do not fit the codes of their name."""
        folded = dict(_groups(source))
        if not folded:
            return source
        note = f"took {plural(len(folded), 'tensor')} of codes with scales as quantized"
        return cls(source, folded, [note])

    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:
        if name not in self._folded:
            return self._inner.spec(name)
        return BY_NAME["F32"], self._inner.spec(self._folded[name][0])[1]

    def read(self, name: str) -> tuple[Array, DType]:
        found = self.read_quantized(name) if name in self._folded else None
        return self._inner.read(name) if found is None else (found.tensor.dequantize(), BY_NAME["F32"])

    def read_quantized(self, name: str) -> Quantized | None:
        if name not in self._folded:
            return self._inner.read_quantized(name)
        codes, scale, *points = (self._numbers(part) for part in self._folded[name])
        axis, group = _blocks(codes.shape, scale.shape, name)
        form: tuple[int, ...] = scale.shape if group else (codes.shape[0],) if axis is not None else ()
        zero_point = points[0].astype(np.int32) if points else np.zeros(form, np.int32)
        try:
            scales = scale.astype(np.float32).reshape(form)
            bits = _bits(self.metadata, name, codes, zero_point)
            return Quantized(AffineTensor(codes, scales, zero_point.reshape(form), bits, axis, group))
        except ConfigError as error:
            raise SourceError(f"codes with scales: {error}", tensor=name) from None

    def _numbers(self, part: str) -> Array:
        array, dtype = self._inner.read(part)
        assert dtype.numpy is not None
        contiguous = np.ascontiguousarray(array).reshape(array.shape)
        return contiguous if array.dtype == dtype.numpy else contiguous.view(dtype.numpy)


def _bits(metadata: Mapping[str, Any], name: str, *codes: Array) -> int:
    """What torchao says of codes and zero points in int8; 8 where it says nothing, or what is not so."""
    try:
        said = json.loads(metadata.get(name, "{}"))
    except (TypeError, ValueError, RecursionError):
        return 8
    match said:
        case {"_type": "IntxUnpackedToInt8Tensor", "_data": {"target_dtype": {"_data": str(target)}}}:
            bits = int(target[3:]) if re.fullmatch("int[2-8]", target) else 8
        case _:
            return 8
    low, high = code_range(bits, signed=True)
    return bits if all(low <= each.min(initial=0) and each.max(initial=0) <= high for each in codes) else 8


def _groups(source: Source) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(name, parts): codes, scale, and the zero point where there is one."""
    names = set(source.names())
    for codes in source.names():
        torchao = _TORCHAO.fullmatch(codes)
        stem = codes.removesuffix("_qdata") if torchao else codes
        name = f"{torchao[1] or ''}{torchao[2]}" if torchao else codes
        scale, point = f"{stem}_scale", f"{stem}_zero_point"
        reordered = f"{stem}_g_idx" in names  # columns belong to groups in an order of their own
        if scale not in names or reordered or source.spec(codes)[0].name not in (PLAIN_CODES if torchao else CODES):
            continue
        if torchao and name in names:
            raise SourceError(f"{name!r} stands beside {codes!r}", tensor=name)
        parts = (codes, scale, point) if point in names else (codes, scale)
        _check(source, name, parts)
        yield name, parts


def _check(source: Source, name: str, parts: tuple[str, ...]) -> None:
    """Raises SourceError for scales and zero points that codes of this shape cannot have."""
    shape, scale = source.spec(parts[0])[1], source.spec(parts[1])[1]
    _blocks(shape, scale, name)
    for part, allowed in zip(parts[1:], (SCALES, POINTS), strict=False):
        dtype, found = source.spec(part)
        if dtype.name not in allowed:
            raise SourceError(f"{part!r} of codes", tensor=name, expected=" or ".join(allowed), found=dtype.name)
        if found != scale:
            raise SourceError(f"{part!r} has another shape than the scales", tensor=name, expected=scale, found=found)


def _blocks(shape: tuple[int, ...], scale: tuple[int, ...], name: str) -> tuple[int | None, int | None]:
    """(axis, group) of an affine tensor: one scale, one for each index of dimension 0, or groups of a row."""
    if scale in ((), (1,)):
        return None, None
    rows, columns = (shape[0] if shape else 0), (shape[1] if len(shape) == 2 else 0)
    if scale == (rows,) or scale == (rows, *[1] * (len(shape) - 1)):
        return 0, None
    if len(scale) == 2 and len(shape) == 2 and scale[0] == rows and scale[1] and columns % scale[1] == 0:
        return None, columns // scale[1]
    wanted = f"one, ({rows},), or for a matrix {rows} rows of groups"
    raise SourceError("scales that do not fit the codes", tensor=name, expected=wanted, found=scale)
