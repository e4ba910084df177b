"""spformat diff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

import spformat

from . import options
from .exits import DIFFERENT
from .output import percent, printable, say, say_json, say_notes, screen_width, shape_text
from .table import Column, Table

if TYPE_CHECKING:
    from ..diff import Change, DiffReport

COLUMNS = (
    Column("tensor", right=False, shrink=True),
    Column("type", right=False),
    Column("shape", right=False),
    Column("differ"),
    Column("of", drop=2),
    Column("%"),
    Column("max |a-b|", drop=1),
)


@click.command("diff", short_help="Compare the tensors of two files, bit for bit.")
@click.argument("a", type=click.Path())
@click.argument("b", type=click.Path())
@options.key
@options.keep_masks
@options.as_json
@options.quiet
@click.pass_context
def command(ctx: click.Context, a: str, b: str, key: str | None, keep_masks: bool, as_json: bool, quiet: bool) -> None:
    """Compare the tensors of A and B, in any formats that can be packed; exit with 1 when they differ."""
    report = spformat.diff(a, b, key=key, keep_masks=keep_masks)
    if as_json:
        say_json({"same": report.same, **asdict(report)})
    elif not quiet:
        say_notes(report.notes)
        say(_text(report, a, b))
    if not report.same:
        ctx.exit(DIFFERENT)


def _text(report: DiffReport, a: str, b: str) -> str:
    from ..sources.wording import plural

    if report.same:
        return f"the same: {plural(len(report.identical), 'tensor')}, bit for bit"
    parts = []
    if report.changed:
        table = Table(COLUMNS, [_row(change) for change in report.changed])
        parts.append(table.render(screen_width())[0])
    parts += _only(a, report.only_a) + _only(b, report.only_b)
    missing = len(report.only_a) + len(report.only_b)
    counts = [
        f"{len(report.changed):,} differ",
        f"{missing:,} only in one",
        f"{len(report.identical):,} the same",
    ]
    return "\n".join([*parts, ", ".join(counts)])


def _row(change: Change) -> list[str]:
    types, shapes = list(change.dtypes), [shape_text(shape) for shape in change.shapes]
    row = [change.name, _pair(types), _pair(shapes)]
    if change.differing is None:
        return [*row, "-", "-", "-", "-"]
    share = percent(change.differing, change.elements)
    distance = "-" if change.max_abs is None else f"{change.max_abs:.3g}"
    return [*row, f"{change.differing:,}", f"{change.elements:,}", share.removesuffix(" %"), distance]


def _pair(texts: Sequence[str]) -> str:
    return texts[0] if texts[0] == texts[1] else f"{texts[0]} -> {texts[1]}"


def _only(path: str, names: list[str]) -> list[str]:
    return [f"only in {printable(path)}: {printable(name)}" for name in names]
