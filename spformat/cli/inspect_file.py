"""The table of a whole file, and where its bytes went."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from ..layouts import gaps
from ..sources.wording import human_bytes, plural
from .inspect_pruning import pruning_lines
from .output import percent, printable, shape_text, times
from .table import Column, Table

if TYPE_CHECKING:
    from ..inspection.report import FileReport, QuantizationReport, Report, TensorReport

COLUMNS = (
    Column("tensor", right=False, shrink=True),
    Column("type", right=False, drop=1),
    Column("shape", right=False),
    Column("layout", right=False),
    Column("density"),
    Column("dense", drop=5),
    Column("stored"),
    Column("ratio"),
    Column("bits/nz", drop=3),
    Column("bound", drop=4),
    Column("reached", drop=2),
)
BOUND_COLUMNS = 2

QUANTIZED_COLUMNS = (
    Column("tensor", right=False, shrink=True),
    Column("method", right=False),
    Column("bits"),
    Column("scales", drop=1),
    Column("SNR"),
    Column("largest error"),
)

PARTS = (
    ("index", "where the nonzeros are"),
    ("pointers", "where rows or groups start"),
    ("values", "the numbers themselves"),
    ("overhead", "names, shapes, blocks and digests in the index"),
)


def file_text(path: str, report: Report, width: int | None, some: bool) -> str:
    """Heading, table and bytes. `some`: the report is about some tensors of the file only."""
    rows = [_row(tensor) for tensor in report.tensors]
    bound = any(tensor.bound_bytes is not None for tensor in report.tensors)
    shown = len(COLUMNS) if bound else len(COLUMNS) - BOUND_COLUMNS
    footer = None if some else _footer(report)[:shown]
    table, dropped = Table(COLUMNS[:shown], [row[:shown] for row in rows], footer).render(width)
    lines = [*_heading(path, report.file), "", table, "", *_bytes(report, some)]
    lines += pruning_lines(report.file.metadata)
    quantized = [tensor for tensor in report.tensors if tensor.quantization is not None]
    if quantized:
        table, _ = Table(QUANTIZED_COLUMNS, [_quantized_row(tensor) for tensor in quantized]).render(width)
        lines += ["", "quantized", table]
    if report.file.metadata:
        lines.append(f"metadata: {plural(len(report.file.metadata), 'key')} (--metadata shows them)")
    if dropped:
        lines.append(f"no room here for: {', '.join(dropped)} (a wider terminal, a file or --json shows them)")
    return "\n".join(lines)


def _heading(path: str, file: FileReport) -> Iterator[str]:
    yield f"{printable(path)} (spformat {file.format_version})"
    nonzeros = f"{file.nonzeros:,} of {plural(file.parameters, 'parameter')} nonzero"
    share = percent(file.nonzeros, file.parameters)
    sizes = f"{human_bytes(file.dense_bytes)} -> {human_bytes(file.bytes)} ({times(file.ratio)})"
    yield f"{plural(file.tensors, 'tensor')}, {nonzeros} ({share}), {sizes}"


def layout_text(tensor: TensorReport) -> str:
    """'csr 4b esc': layout, bits of a gap, escapes instead of fillers, gaps along columns; 'bitmask strips+float':
    the entropy coders of its streams."""
    gap, marks = tensor.gap_code, []
    if gap is not None:
        marks = [f"{gap['bits']}b", "esc" * (gap["fill"] == gaps.ESCAPE), "col" * (gap["axis"] == gaps.COLUMN)]
    coded = "+".join(_SHORT[codec] for codec in tensor.codecs if codec in _SHORT)
    return " ".join([tensor.layout, *filter(None, [*marks, coded])])


_SHORT = {"rans": "rans", "strips": "strips", "floatsplit": "float", "codebook": "book", "scaled": "scaled"}


def _row(tensor: TensorReport) -> list[str]:
    other = tensor.tied_to or tensor.copy_of
    name = tensor.name if other is None else f"{tensor.name} = {other}"
    row = [name, tensor.dtype, shape_text(tensor.shape), layout_text(tensor)]
    if other is not None:
        return [*row, "-", "-", _short(tensor.stored_bytes), "-", "-", "-", "-"]
    sizes = [_short(tensor.dense_bytes), _short(tensor.stored_bytes), times(tensor.ratio)]
    return [
        *row,
        percent(tensor.nonzeros, prod(tensor.shape)),
        *sizes,
        *_bits(tensor.bits_per_nonzero),
        *_bound(tensor.bound_bytes, tensor.stored_bytes),
    ]


def _quantized_row(tensor: TensorReport) -> list[str]:
    found = tensor.quantization
    assert found is not None
    scales = f"{found.scales:,}" if found.scales else "-"
    return [tensor.name, found.method, str(found.bits), scales, snr_text(found), error_text(found)]


def snr_text(found: QuantizationReport) -> str:
    """Signal-to-noise ratio: '31.5 dB', 'no loss', or '-' where it is not known."""
    if found.snr_db is not None:
        return f"{found.snr_db:.1f} dB"
    return "no loss" if found.largest_error == 0 else "-"


def error_text(found: QuantizationReport) -> str:
    """The largest error, '-' where it is not known."""
    return "-" if found.largest_error is None else f"{found.largest_error:.3g}"


def _footer(report: Report) -> list[str]:
    file = report.file
    bounds = [tensor.bound_bytes for tensor in report.tensors if tensor.bound_bytes is not None]
    sizes = [_short(file.dense_bytes), _short(file.bytes), times(file.ratio)]
    bits = 8 * file.bytes / file.nonzeros if file.nonzeros else None
    density = percent(file.nonzeros, file.parameters)
    return [
        "all",
        "",
        "",
        "",
        density,
        *sizes,
        *_bits(bits),
        *_bound(sum(bounds) if bounds else None, file.bytes),
    ]


def _bits(bits: float | None) -> list[str]:
    return ["-" if bits is None else f"{bits:.1f}"]


def _bound(bound: int | None, stored: int) -> list[str]:
    """The bound, and how much of it is reached: 100 % would be all."""
    return ["-", "-"] if bound is None else [_short(bound), percent(bound, stored) if bound else "-"]


def _short(count: int) -> str:
    """Bytes in the room of a table: 576 B, 3.1 MB."""
    return f"{count} B" if count < 1000 else human_bytes(count)


def _bytes(report: Report, some: bool) -> list[str]:
    """Where the bytes went, adding up to those of the file, or of some tensors."""
    accounts = [tensor.accounting for tensor in report.tensors]
    sums = (
        sum(account.index_bytes for account in accounts),
        sum(account.pointer_bytes for account in accounts),
        sum(account.value_bytes for account in accounts),
        sum(account.overhead_bytes for account in accounts),
    )
    rows = [(name, count, note) for (name, note), count in zip(PARTS, sums, strict=True)]
    if not some:
        rows.append(("container", report.file.container_bytes, "frame and the rest of the index"))
    total = sum(count for _, count, _ in rows)
    rows.append(("together", total, "these tensors" if some else "the file"))
    digits = max(len(f"{count:,}") for _, count, _ in rows)
    return [
        "bytes",
        *(f"  {name:<9}  {n:>{digits},}  {percent(n, total):>7}  {note}" for name, n, note in rows),
    ]
