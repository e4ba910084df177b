"""One tensor: its accounting in words, and its stored arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import TYPE_CHECKING, Any

from ..layouts import gaps
from ..sources.wording import human_bytes, plural
from .inspect_file import error_text, layout_text, snr_text
from .output import percent, printable, shape_text, times

if TYPE_CHECKING:
    from ..inspection.accounting import Accounting
    from ..inspection.entries import Entries
    from ..inspection.report import TensorReport

ARRAYS = ("value", "col_index", "row_index", "position")


def tensor_text(tensor: TensorReport, width: int | None) -> str:  # noqa: ARG001
    """What `inspect --tensor NAME` prints."""
    account = tensor.accounting
    lines = [printable(tensor.name), *_shape(tensor), *_quantization(tensor)]
    for what, other in (("tied to", tensor.tied_to), ("copy of", tensor.copy_of)):
        if other is not None:
            stored_there = f"  {what}   {printable(other)}, which is stored"
            return "\n".join([*lines, stored_there, *_bytes(tensor.stored_bytes, account)])
    lines += _stored(tensor)
    if tensor.gap_code is not None:
        lines += [*_gap_code(tensor.gap_code), *_numbers(account, tensor.nonzeros, _fill(tensor.gap_code))]
    return "\n".join([*lines, *_bytes(tensor.stored_bytes, account)])


def entries_text(entries: Entries, width: int | None) -> str:
    """The stored arrays as a lecture would write them down."""
    lines: list[str] = []
    for name in ARRAYS:
        array = getattr(entries, name)
        if array is not None:
            lines += _array(name, map(_number, array), width)
    if entries.filler is not None:
        fillers = [str(number) for number, filler in enumerate(entries.filler) if filler]
        lines += _array("fillers", fillers, width) if fillers else ["fillers    none"]
    if entries.mask is not None:
        lines += _array("mask", map(str, entries.mask), width)
    return "\n".join(lines)


def _shape(tensor: TensorReport) -> Iterator[str]:
    elements = prod(tensor.shape)
    share = percent(tensor.nonzeros, elements)
    counts = f"{plural(elements, 'element')}, {tensor.nonzeros:,} nonzero ({share})"
    yield f"  shape     {tensor.dtype} {shape_text(tensor.shape)}: {counts}"


def _quantization(tensor: TensorReport) -> Iterator[str]:
    found = tensor.quantization
    if found is not None:
        scales = f", {plural(found.scales, 'scale')}" if found.scales else ""
        losses = f"SNR {snr_text(found)}, largest error {error_text(found)}"
        yield f"  quantized {found.method}, {plural(found.bits, 'bit')}{scales}: {losses}"


def _stored(tensor: TensorReport) -> Iterator[str]:
    sizes = f"{human_bytes(tensor.dense_bytes)} -> {human_bytes(tensor.stored_bytes)} ({times(tensor.ratio)})"
    bits = "" if tensor.bits_per_nonzero is None else f", {tensor.bits_per_nonzero:.2f} bits per nonzero"
    yield f"  stored    {layout_text(tensor)} in {plural(tensor.blocks, 'block')}: {sizes}{bits}"
    if tensor.bound_bytes is not None:
        reached = percent(tensor.bound_bytes, tensor.stored_bytes) if tensor.bound_bytes else "-"
        yield f"  bound     {human_bytes(tensor.bound_bytes)} for an ideal order-0 code, reached: {reached}"


def _fill(gap: dict[str, int]) -> str:
    return "escapes" if gap["fill"] == gaps.ESCAPE else "filler zeros"


def _gap_code(gap: dict[str, int]) -> Iterator[str]:
    axis = "columns" if gap["axis"] == gaps.COLUMN else "rows"
    start = f"origin {gap['origin']}, bias {gap['bias']}, {'carry' if gap['carry'] else 'no carry'}"
    yield f"  gap code  {plural(gap['bits'], 'bit')} along {axis}, {_fill(gap)}, {start}"


def _numbers(account: Accounting, nonzeros: int, fill: str) -> Iterator[str]:
    rows = account.restart_rows
    every = "row" if rows == 1 else f"{rows:,} rows" if isinstance(rows, int) else f"{rows:,.2f} rows"
    yield f"  numbers   2a + n + 1 = {account.numbers:,}"
    yield f"            a = {account.a:,}: {nonzeros:,} nonzeros and {account.fillers:,} {fill}"
    yield f"            n = {account.n:,}: " + (f"one pointer for every {every}" if account.n != 1 else "no restart")
    absolute = f"a column number takes {account.index_bits_absolute}"
    yield f"  index     {plural(account.index_bits, 'bit')} a position; {absolute}"


def _bytes(stored: int, account: Accounting) -> Iterator[str]:
    parts = [
        f"index {account.index_bytes:,}",
        f"pointers {account.pointer_bytes:,}",
        f"values {account.value_bytes:,}",
        f"overhead {account.overhead_bytes:,}",
    ]
    yield f"  bytes     {' + '.join(parts)} = {stored:,}"


def _number(value: Any) -> str:
    """A value as text: '-' for an escape, which has none; complex numbers with their i."""
    if value is None:
        return "-"
    if isinstance(value, list):
        return f"{value[0]}{'' if str(value[1]).startswith('-') else '+'}{value[1]}i"
    return str(value)


def _array(name: str, texts: Iterable[str], width: int | None) -> Iterator[str]:
    """[1 2 3] after its name, in lines of at most `width`."""
    line, room = f"{name:<9}  [", (width or 100) - 1
    for number, text in enumerate(texts):
        if number and len(line) + 1 + len(text) > room:
            yield line
            line = " " * 12 + text
        else:
            line += (" " if number else "") + text
    yield line + "]"
