"""What is in a file: the object behind `spformat inspect`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..container.index import entry_bytes
from ..dtypes import BY_NAME
from ..file_entries import Entry
from ..layouts.coding import Scaled
from ..layouts.table import Csr
from ..limits import Limits
from ..planning.bound import bound_bytes
from ..reader import Reader
from ..tensor_file import PathOrBytes
from .accounting import Accounting, account
from .finite import finite

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class QuantizationReport:
    """How a tensor was quantized before it was packed, and what it lost.

    scales: how many, 0 for a codebook. snr_db: None where it is not known, and where nothing was lost (largest_error
    0). largest_error: absolute; None where it is not known.
    """

    method: str
    bits: int
    scales: int
    snr_db: float | None
    largest_error: float | None


@dataclass(frozen=True)
class TensorReport:
    """One tensor. layout is "tied" for a name that shares another's memory (`tied_to`) and "copy" for one that repeats
    another's bytes (`copy_of`): neither counts stored bytes twice.

    ratio: dense_bytes / stored_bytes. bits_per_nonzero: all stored bits. bound_bytes: the order-0 bound, None when
    it was not asked for. codecs: of its streams, index first.
    gap_code: the parameters of csr.
    """

    name: str
    dtype: str
    shape: list[int]
    layout: str
    nonzeros: int
    density: float
    dense_bytes: int
    stored_bytes: int
    ratio: float
    bits_per_nonzero: float | None
    bound_bytes: int | None
    accounting: Accounting
    blocks: int
    codecs: list[str] = field(default_factory=list)
    gap_code: dict[str, int] | None = None
    tied_to: str | None = None
    copy_of: str | None = None
    quantization: QuantizationReport | None = None


@dataclass(frozen=True)
class FileReport:
    """The whole file. The tensors' stored_bytes and container_bytes (prologue, footer, what the index holds besides
    the entries) add up to `bytes`. dense_bytes, parameters and nonzeros count tied storage once."""

    bytes: int
    format_version: str
    dense_bytes: int
    ratio: float
    tensors: int
    parameters: int
    nonzeros: int
    container_bytes: int
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """`file` and `tensors`, in the order of the file."""

    file: FileReport
    tensors: list[TensorReport]

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as `spformat inspect --json` prints them."""
        return asdict(self)

    def to_json(self) -> str:
        """The same as JSON, in which NaN and infinities of metadata are text."""
        return json.dumps(finite(self.to_dict()), indent=2, allow_nan=False)


def inspect(
    path: PathOrBytes,
    *,
    names: list[str] | None = None,
    bound: bool = True,
    limits: Limits | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Reports on a file, or on some tensors of it (the file's totals are always those of all).

    The order-0 bound needs the decoded tensors; bound=False reads the index only. Raises FormatError when the file
    is damaged, TensorNotFoundError for unknown names. progress(label, done_bytes, total_bytes).
    """
    with Reader(path, limits=limits, threads=threads) as reader:
        wanted = [reader.entry(name) for name in (reader.names if names is None else names)]
        total, done, reports = sum(entry.dense_bytes for entry in wanted), 0, []
        for entry in wanted:
            reports.append(_tensor(reader, entry, bound))
            done += entry.dense_bytes
            if progress is not None:
                progress("inspecting", done, total)
        return Report(_file(reader), reports)


def _tensor(reader: Reader, entry: Entry, bound: bool) -> TensorReport:
    accounting, layout, owns = account(reader, entry), entry.storage.layout, entry.is_stored
    stored = accounting.overhead_bytes + (sum(entry.storage.stored_bytes) if owns else 0)
    nonzeros = sum(entry.storage.nonzeros)
    return TensorReport(
        name=entry.name,
        dtype=entry.dtype.name,
        shape=list(entry.shape),
        layout=layout.name if owns else "copy" if entry.target is None else "tied",
        nonzeros=nonzeros,
        density=nonzeros / entry.elements if entry.elements else 0.0,
        dense_bytes=entry.dense_bytes,
        stored_bytes=stored,
        ratio=entry.dense_bytes / stored,
        bits_per_nonzero=8 * stored / nonzeros if nonzeros else None,
        bound_bytes=_bound(reader, entry) if bound and owns else None,
        accounting=accounting,
        blocks=entry.storage.blocks if owns else 0,
        codecs=entry.storage.coding.names() if owns else [],
        gap_code=asdict(layout.gap) if owns and isinstance(layout, Csr) else None,
        tied_to=entry.target,
        copy_of=entry.copy_of if entry.target is None else None,
        quantization=_quantization(entry),
    )


def _quantization(entry: Entry) -> QuantizationReport | None:
    record = entry.quantization
    if record is None:
        return None
    scales = 0 if record.method == "codebook" else record.scale_count(entry.shape)
    return QuantizationReport(record.method, record.bits, scales, record.snr_db, record.largest_error)


def _bound(reader: Reader, entry: Entry) -> int:
    patterns, codec = reader.read([entry.name])[entry.name], entry.storage.coding.value
    if isinstance(codec, Scaled):
        steps = _steps(patterns, codec)
        codes = steps.astype(np.uint8 if codec.modulus else np.int8)
        are_codes = bool((codes == steps).all())
        patterns = codes.view(np.uint8) if are_codes else steps.view(np.uint32)
        return bound_bytes(patterns, BY_NAME["I8"] if are_codes else entry.dtype) + len(codec.scales) + len(codec.tops)
    return bound_bytes(patterns, entry.dtype)


def _steps(patterns: npt.NDArray[Any], codec: Scaled) -> npt.NDArray[np.float32]:
    """The steps whose products with their scales the elements are."""
    scales = np.frombuffer(codec.scales, "<f4").astype(np.float64)
    scale = scales[codec.scale_numbers(np.arange(patterns.size))].reshape(patterns.shape)
    book = np.unique(np.append(np.frombuffer(codec.steps.patterns, "<f4"), np.float32(0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = np.nan_to_num(patterns.view(np.float32) / scale)
    wanted += codec.modulus * (wanted < -0.5)
    between = (book[1:].astype(np.float64) + book[:-1]) / 2
    return book[np.searchsorted(between, wanted)]


def _file(reader: Reader) -> FileReport:
    entries = list(reader.entries.values())
    owners = [entry for entry in entries if entry.target is None]
    dense = sum(entry.dense_bytes for entry in owners)
    stored = sum(sum(entry.storage.stored_bytes) for entry in reader.stored)
    in_index = sum(entry_bytes(entry.record) for entry in entries)
    return FileReport(
        bytes=reader.file_bytes,
        format_version=reader.version,
        dense_bytes=dense,
        ratio=dense / reader.file_bytes,
        tensors=len(entries),
        parameters=sum(entry.elements for entry in owners),
        nonzeros=sum(sum(entry.storage.nonzeros) for entry in owners),
        container_bytes=reader.file_bytes - stored - in_index,
        metadata=reader.metadata,
    )
