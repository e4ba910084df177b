"""From any file of tensors to an .spf file."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from .errors import ConfigError, SourceError
from .limits import MAX_DECODED_BYTES, Limits
from .reader import Reader
from .sources import Source, open_source
from .writer import Writer

if TYPE_CHECKING:
    from .planning.policy import Policy
    from .quantize import Quantizer

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class QuantizedReport:
    """A tensor that was stored quantized: method, bits of a code, and its losses (None: not known, or none)."""

    name: str
    method: str
    bits: int
    snr_db: float | None
    largest_error: float | None


@dataclass(frozen=True)
class PackReport:
    """What was packed. tensors: names, tied ones included; dense_bytes: without tied ones; stored_bytes: the
    file; quantized: the tensors that are stored quantized.
    """

    tensors: int
    dense_bytes: int
    stored_bytes: int
    notes: list[str]
    seconds: float
    verified: bool
    quantized: list[QuantizedReport] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Dense bytes per byte of the file."""
        return self.dense_bytes / self.stored_bytes


def pack(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    policy: Policy | None = None,
    quantize: str | Mapping[str, str | None] | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
    key: str | None = None,
    keep_masks: bool = False,
    fold_scales: bool = False,
    verify: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PackReport:
    """Pack the tensors of `src` (see sources.open_source for formats, `key`, `keep_masks` and `fold_scales`) into
    the file `dst`.

    quantize: how to quantize floating tensors of two dimensions or more (quantize.Recipe: "codebook:5", "int8",
    "int4:group=64", "binary"), or a mapping from patterns (patterns.fits) to that, of which the first that fits counts
    (None: leave alone), such as {"@conv": "codebook:8", "*": "codebook:5"}; biases by "@vector" or `include` only.
    include: patterns of which one must fit a tensor, to be quantized (whatever its rank); exclude: of which none may.
    What is quantized, and what that loses, is recorded in the file. Tensors that the source has quantized already are
    stored as they are.

    One tensor is in memory at a time. `metadata` adds to that of the source and wins over it. With `verify`
    the written file is decoded and compared before it takes its name. progress(label, done_bytes,
    total_bytes) is called after each tensor. Raises ConfigError for another `quantize`, SourceError,
    MissingExtraError, OSError; `dst` is then as it was before.
    """
    quantizer = quantizer_of(quantize, include, exclude)
    refuse_same_file(src, dst)
    with open_source(src, key=key, keep_masks=keep_masks, fold_scales=fold_scales) as source:
        return pack_source(source, dst, policy, metadata, verify, threads, progress, quantizer)


def pack_source(
    source: Source,
    dst: str | os.PathLike[str],
    policy: Policy | None = None,
    metadata: Mapping[str, Any] | None = None,
    verify: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
    quantizer: Quantizer | None = None,
) -> PackReport:
    """The same from a source that is open."""
    started = time.perf_counter()
    with Writer(
        os.fspath(dst), metadata=_merged(source, metadata), policy=policy, threads=threads, ahead=True
    ) as writer:
        quantized, kept, total = _copy(source, writer, quantizer, progress)
        writer.annotate(_merged(source, metadata))  # a source may learn what to say while it is read
        if verify:
            _verify(writer, progress, total)
    return PackReport(
        tensors=len(source.names()),
        dense_bytes=total,
        stored_bytes=os.path.getsize(dst),
        notes=[*source.notes, *_unused(source, quantizer), *_kept(kept), *_widened(source, quantized)],
        seconds=time.perf_counter() - started,
        verified=verify,
        quantized=quantized,
    )


def packed_bytes(
    source: Source,
    policy: Policy | None = None,
    metadata: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    quantizer: Quantizer | None = None,
) -> int:
    """How large the file would be, at most: equal tensors are not found. Nothing is written."""
    with Writer(cast(BinaryIO, _Nowhere()), policy=policy, threads=threads, ahead=True) as writer:
        _copy(source, writer, quantizer, progress)
        writer.annotate(_merged(source, metadata))
    return writer.stored_bytes


class _Nowhere(io.RawIOBase):
    """Takes bytes and forgets them."""

    def write(self, data: Any, /) -> int:
        return len(data)


def _merged(source: Source, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    return {**source.metadata, **(metadata or {})}


def quantizer_of(
    asked: str | Mapping[str, str | None] | None, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Quantizer | None:
    """What `pack` is asked for with these arguments. Raises ConfigError."""
    if asked is None:
        if include or exclude:
            raise ConfigError("include and exclude say what to quantize", expected="quantize", found="none")
        return None
    from .quantize import Quantizer

    return Quantizer.of(asked, include, exclude)


def _copy(
    source: Source, writer: Writer, quantizer: Quantizer | None, progress: Progress | None
) -> tuple[list[QuantizedReport], list[str], int]:
    """Hand every tensor to the writer, in the order of names; returns those that are quantized, the names of those that
    were to be quantized and are so already, and the dense bytes of those that are not tied.
    """
    quantized: list[QuantizedReport] = []
    kept: list[str] = []
    names, ties = source.names(), source.ties()
    sizes = {name: _nbytes(source, name) for name in names if name not in ties}
    done, total = 0, sum(sizes.values())
    for name in names:
        if name in ties:
            writer.tie(name, ties[name])
            continue
        # Nothing here may hold on to an array: the next one is read while no other is in memory.
        report, is_kept = _add(source, name, writer, quantizer)
        quantized += [] if report is None else [report]
        kept += [name] * is_kept
        done += sizes[name]
        report_progress(progress, "packing", done, total)
    return quantized, kept, total


def _add(source: Source, name: str, writer: Writer, quantizer: Quantizer | None) -> tuple[QuantizedReport | None, bool]:
    """Hand one tensor to the writer, quantized where the source has it so or where that is asked for; returns what it
    was quantized to, and whether it was asked for what the source has quantized already."""
    made = source.read_quantized(name)
    is_kept = made is not None and quantizer is not None and quantizer.recipe(name, *source.spec(name)) is not None
    if made is None:
        array, dtype = source.read(name)
        made = quantizer.apply(name, array, dtype) if quantizer else None
        if made is None:
            writer.add(name, array, dtype)
            return None, False
        del array
    from .quantized import add_quantized

    record = add_quantized(writer, name, made)
    return QuantizedReport(name, record.method, record.bits, record.snr_db, record.largest_error), is_kept


def _kept(names: list[str]) -> list[str]:
    """A note on tensors that stay as the source has quantized them: to do it again would lose more."""
    return [f"quantized already, stored as they were: {', '.join(names)}"] if names else []


def _unused(source: Source, quantizer: Quantizer | None) -> list[str]:
    """A note on what was asked for and fits no tensor that can be quantized."""
    ties = source.ties()
    specs = {name: source.spec(name) for name in source.names() if name not in ties}
    unused = [] if quantizer is None else quantizer.unused(specs)
    return [f"no tensor was quantized by {', '.join(map(repr, unused))}"] if unused else []


def _widened(source: Source, quantized: list[QuantizedReport]) -> list[str]:
    """A note on tensors whose data type is not what it was."""
    found = [
        entry.name for entry in quantized if entry.method != "codebook" and source.spec(entry.name)[0].name != "F32"
    ]
    return [f"quantized to products of float32: {', '.join(found)}"] if found else []


def _verify(writer: Writer, progress: Progress | None, total: int) -> None:
    """Decode what was written, before it takes its name, and compare digests. Raises ChecksumError."""
    writer.finish()
    done = 0
    # The limits guard against strangers' files; this one is ours, and may well be a huge tensor of zeros.
    with Reader(writer.written_path, limits=Limits(max_bytes=MAX_DECODED_BYTES)) as reader:
        for entry in reader.check_tensors():
            done += entry.dense_bytes
            report_progress(progress, "verifying", done, total)


def _nbytes(source: Source, name: str) -> int:
    dtype, shape = source.spec(name)
    return prod(shape) * dtype.itemsize


def report_progress(progress: Progress | None, label: str, done: int, total: int) -> None:
    """Tell the caller, if it asked to be told."""
    if progress is not None:
        progress(label, done, total)


def refuse_same_file(src: str | os.PathLike[str], dst: str | os.PathLike[str]) -> None:
    """Raises SourceError when both names lead to one file."""
    if os.path.exists(src) and os.path.exists(dst) and os.path.samefile(src, dst):
        raise SourceError(f"{os.fspath(dst)}: source and destination are the same file")
