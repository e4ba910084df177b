"""Between quantized tensors and what a file holds of them: the dequantized tensor and a record of how it was made.

The only module that knows both spformat.quantization and files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .container.quantization import QuantizationRecord
from .errors import ConfigError, CorruptError, SourceError, SpformatError
from .file_entries import Entry
from .layouts.coding import Scaled
from .limits import MAX_MODULUS
from .quantization import AffineTensor, BinaryTensor, CodebookTensor, Fidelity
from .quantization.affine_blocks import parameter_shape, spread, within_row
from .quantization.affine_tensor import code_range
from .reader import Reader
from .tensor_jobs import Steps
from .writer import Writer

Array: TypeAlias = NDArray[Any]
QuantizedTensor: TypeAlias = CodebookTensor | AffineTensor | BinaryTensor

LARGEST_STEP = 1 << 22  # of an integer that a float32 product of it and its scale gives back


@dataclass(frozen=True, eq=False)
class Quantized:
    """A quantized tensor, and what it lost against the original, where that is known."""

    tensor: QuantizedTensor
    fidelity: Fidelity | None = None


def add_quantized(writer: Writer, name: str, quantized: Quantized) -> QuantizationRecord:
    """Stores a quantized tensor so that loading gives its dequantized values, and its codes can be had back.

    A codebook is stored in its compact form: ascending, without entries that no weight has. Returns what is recorded.
    Raises SourceError for values that are not finite, and for int32 codes beyond LARGEST_STEP from their zero point.
    """
    tensor = quantized.tensor
    if isinstance(tensor, CodebookTensor):
        tensor = tensor.compact(drop_live_zeros=True)
    with np.errstate(over="ignore"):
        array = tensor.dequantize()
    if isinstance(tensor, AffineTensor):
        try:
            check_products(tensor, array)
        except ConfigError as error:
            raise SourceError(f"a quantized tensor: {error}", tensor=name) from None
    record = _with_fidelity(_record(tensor), quantized.fidelity)
    writer.add(name, array, quantization=record, steps=_steps(tensor))
    return record


def get_quantized(reader: Reader, name: str) -> Quantized:
    """The quantized tensor of a file. Raises SpformatError for tensors that are not quantized, CorruptError where
    the record does not fit the elements."""
    entry = reader.entry(name)
    record = entry.quantization
    if record is None or entry.dtype.numpy is None:
        raise SpformatError("the tensor is not quantized", tensor=name)
    array = reader.read([name])[name].view(entry.dtype.numpy)
    try:
        tensor = _restored(record, array, *_scales_and_points(record, entry))
    except ConfigError as error:
        raise _unfit(entry, str(error)) from None
    with np.errstate(over="ignore"):
        again = tensor.dequantize()
    if again.dtype != array.dtype or not np.array_equal(again.view(entry.dtype.bits), array.view(entry.dtype.bits)):
        raise _unfit(entry, "elements that no code gives")
    return Quantized(tensor, _fidelity(record))


def _unfit(entry: Entry, found: str) -> CorruptError:
    return CorruptError(
        "the record of the quantization does not fit the elements",
        kind="quantization/form",
        tensor=entry.name,
        offset=entry.offset,
        expected="codes that give the elements",
        found=found,
    )


def check_products(tensor: AffineTensor, array: Array) -> None:
    """Raises ConfigError unless the dequantized tensor, `array`, is finite and gives its codes back."""
    if not np.isfinite(array).all():
        raise ConfigError("codes times scales beyond float32")
    if tensor.bits <= 8 or not array.size:
        return
    zero_point = spread(tensor.zero_point, tensor.shape, tensor.axis, tensor.group)
    largest = int(np.abs(tensor.codes.astype(np.int64) - zero_point).max())
    if largest > LARGEST_STEP:
        message = "int32 codes that float32 products would not give back"
        raise ConfigError(message, expected=f"at most {LARGEST_STEP}", found=largest)


def _record(tensor: QuantizedTensor) -> QuantizationRecord:
    if isinstance(tensor, CodebookTensor):
        bits = tensor.bits_without_filler if tensor.reserves_zero else tensor.bits
        return QuantizationRecord("codebook", bits, reserves_zero=tensor.reserves_zero)
    scales = np.ascontiguousarray(tensor.scale, "<f4").tobytes()
    if isinstance(tensor, BinaryTensor):
        return QuantizationRecord("binary", 1, axis=0 if tensor.scale.ndim else None, scales=scales)
    points = tensor.zero_point
    same = points.size > 0 and bool((points == points.flat[0]).all())
    record = QuantizationRecord(
        "affine", tensor.bits, signed=tensor.signed, axis=tensor.axis, group=tensor.group, scales=scales
    )
    return replace(record, zero_points=int(points.flat[0]) if same else points.astype(record.point_type).tobytes())


def _with_fidelity(record: QuantizationRecord, fidelity: Fidelity | None) -> QuantizationRecord:
    if fidelity is None:
        return record
    with np.errstate(over="ignore"):
        snr, largest = np.array([fidelity.snr_db, fidelity.largest_error], np.float32)
    if float(largest) < fidelity.largest_error:  # no error is larger than what is recorded
        largest = np.nextafter(largest, np.float32(np.inf))
    return replace(record, loss=(float(snr), float(largest)))


def _fidelity(record: QuantizationRecord) -> Fidelity | None:
    return None if record.loss is None else Fidelity(*record.loss)


def _steps(tensor: QuantizedTensor) -> Steps | None:
    """The tensor as products of few steps and scales; None where its elements are stored themselves."""
    if isinstance(tensor, CodebookTensor) or not prod(tensor.shape):
        return None
    if isinstance(tensor, BinaryTensor):
        signs = np.where(tensor.signs, np.float32(1), np.float32(-1))
        return Steps(signs, tensor.scale.reshape(-1), prod(tensor.shape[1:]))
    zero_point = spread(tensor.zero_point, tensor.shape, tensor.axis, tensor.group)
    steps = tensor.codes.astype(np.int64) - zero_point
    modulus, tops = 0, b""
    if tensor.bits <= 8 and steps.max() - steps.min() >= MAX_MODULUS:  # no scale has more steps, but each has others
        modulus = 1 << tensor.bits
        steps %= modulus
        tops = (code_range(tensor.bits, tensor.signed)[1] - tensor.zero_point).astype(np.uint8).tobytes()
    run, row = _runs(tensor)
    return Steps(steps.astype(np.float32), tensor.scale.reshape(-1), run, row, modulus, tops)


def _runs(tensor: AffineTensor) -> tuple[int, int]:
    """How many elements in a row have one scale, and after how many runs begin anew, if they do."""
    if tensor.axis is not None:
        return prod(tensor.shape[tensor.axis + 1 :]), 0
    if tensor.group is None:
        return 1, 0
    columns, group = prod(tensor.shape[1:]), within_row(tensor.group, tensor.shape)
    return group, columns if columns % group else 0


def _scales_and_points(record: QuantizationRecord, entry: Entry) -> tuple[Array, Array]:
    """The scales, float32, and the zero points, int32, of a record or of the codec, in the shape that the tensor's
    types have them; none for a codebook. Raises ConfigError where there are none."""
    if record.method == "codebook":
        return np.zeros(0, np.float32), np.zeros(0, np.int32)
    shape = parameter_shape(entry.shape, record.axis, record.group)
    codec = entry.storage.coding.value
    numbers = _scale_numbers(record, entry.shape, codec) if isinstance(codec, Scaled) else None
    if record.scales is not None:
        scales = np.frombuffer(record.scales, "<f4").reshape(shape)
    elif isinstance(codec, Scaled):
        scales = np.frombuffer(codec.scales, "<f4")[numbers]
    else:
        raise ConfigError("no scales", expected="those of the record or of the codec scaled", found="none")
    if isinstance(record.zero_points, bytes):
        points = np.frombuffer(record.zero_points, record.point_type).reshape(shape)
    elif record.zero_points is not None:
        points = np.full(shape, record.zero_points)
    elif isinstance(codec, Scaled) and codec.modulus == 1 << record.bits:
        points = code_range(record.bits, record.signed)[1] - np.frombuffer(codec.tops, np.uint8)[numbers].astype(int)
    else:
        raise ConfigError("no zero points", expected="those of the record or of the codec scaled", found="none")
    return np.asarray(scales), np.asarray(points, np.int32)


def _scale_numbers(record: QuantizationRecord, shape: tuple[int, ...], codec: Scaled) -> NDArray[np.int64]:
    """Which of the codec's scales each scale of the record is: that of the first element that has it."""
    first = np.zeros(parameter_shape(shape, record.axis, record.group), np.int64)
    if record.axis is not None:
        first = np.arange(len(first)) * prod(shape[record.axis + 1 :])
    elif record.group is not None:
        first = np.arange(len(first))[:, None] * prod(shape[1:]) + np.arange(first.shape[1]) * within_row(
            record.group, shape
        )
    return np.asarray(codec.scale_numbers(first))


def _restored(record: QuantizationRecord, array: Array, scales: Array, zero_point: Array) -> QuantizedTensor:
    """The tensor whose dequantized values the array should be."""
    if record.method == "codebook":
        return _codebook(array, bool(record.reserves_zero))
    if record.method == "binary":
        return BinaryTensor(~np.signbit(array), scales)
    wide_scale = spread(scales, array.shape, record.axis, record.group).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.nan_to_num(np.rint(array.astype(np.float64) / wide_scale))
    codes = steps + spread(zero_point, array.shape, record.axis, record.group)
    low, high = code_range(record.bits, bool(record.signed))
    dtype = np.int32 if record.bits > 8 else np.int8 if record.signed else np.uint8
    codes = np.clip(codes, low, high).astype(dtype)
    return AffineTensor(codes, scales, zero_point, record.bits, record.axis, record.group)


def _codebook(array: Array, reserves_zero: bool) -> CodebookTensor:
    """Codes are the ranks of the elements' values; a reserved zero is there also when no element has it."""
    patterns, codes = np.unique(array.view(f"u{array.itemsize}"), return_inverse=True)
    values = patterns.view(array.dtype)
    order = np.argsort(values, kind="stable")
    if reserves_zero:
        order = np.concatenate([np.flatnonzero(patterns == 0), order[patterns[order] != 0]])
    missing = reserves_zero and 0 not in patterns
    ranks = np.empty(len(order), np.uint16)
    ranks[order] = np.arange(int(missing), len(order) + missing)
    book = np.concatenate([np.zeros(int(missing), array.dtype), values[order]])
    narrow = np.uint8 if len(book) <= 256 else np.uint16
    return CodebookTensor(ranks[codes].astype(narrow).reshape(array.shape), book, reserves_zero)
