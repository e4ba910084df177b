"""spformat inspect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

import spformat

from . import options
from .exits import about
from .output import say, say_json, screen_width
from .progress import progress

if TYPE_CHECKING:
    from ..inspection.report import Report
    from ..limits import Limits

SORTS = ("order", "name", "size", "ratio")


@click.command("inspect", short_help="Show what is in a file, and where its bytes went.")
@click.argument("file", type=click.Path())
@click.option("--tensor", "names", multiple=True, metavar="NAME", help="Show this tensor only (may be repeated).")
@click.option("--entries", is_flag=True, help="Print the stored arrays of the one --tensor.")
@click.option("--explain", metavar="NAME", help="Weigh every way to store this tensor, and print the sizes.")
@click.option("--no-bound", is_flag=True, help="Leave out the order-0 bound: only the index is read then.")
@click.option("--metadata", is_flag=True, help="Print the file's metadata too.")
@click.option("--sort", type=click.Choice(SORTS), default="order", help="By name, or largest first [default: order].")
@options.threads
@options.max_bytes
@options.as_json
def command(
    file: str,
    names: Sequence[str],
    entries: bool,
    explain: str | None,
    no_bound: bool,
    metadata: bool,
    sort: str,
    threads: int | None,
    max_bytes: int | None,
    as_json: bool,
) -> None:
    """Show the tensors of FILE, how each is stored, and what every part of it weighs.

    The bound is what an ideal order-0 code would need for positions and values; beside it stands how much of
    that is reached.
    """
    limits = options.limits(max_bytes)
    if explain is not None:
        _show_explanation(file, explain, limits, threads, as_json)
        return
    if entries:
        if len(names) != 1:
            raise click.UsageError("--entries needs one --tensor.")
        _show_entries(file, names[0], limits, threads, as_json)
        return
    wanted = list(dict.fromkeys(names)) or None
    with about(file), progress(not no_bound) as callback:
        report = spformat.inspect(
            file, names=wanted, bound=not no_bound, limits=limits, threads=threads, progress=callback
        )
    report = _sorted(report, sort)
    if as_json:
        say_json(report.to_dict())  # as Report.to_json writes it
        return
    from .inspect_file import file_text
    from .inspect_tensor import tensor_text

    if len(report.tensors) == 1 and wanted:
        say(tensor_text(report.tensors[0], screen_width()))
    else:
        say(file_text(file, report, screen_width(), some=wanted is not None))
    if metadata:
        say_json(report.file.metadata)


def _sorted(report: Report, sort: str) -> Report:
    keys = {"size": lambda tensor: -tensor.stored_bytes, "ratio": lambda tensor: -tensor.ratio}
    if sort == "order":
        return report
    return replace(report, tensors=sorted(report.tensors, key=keys.get(sort, lambda tensor: tensor.name.encode())))


def _show_explanation(file: str, name: str, limits: Limits | None, threads: int | None, as_json: bool) -> None:
    from ..inspection.explain import explain
    from .inspect_explain import explain_text

    with about(file):
        found = explain(file, name, limits=limits, threads=threads)
    if as_json:
        say_json(found.to_dict())
    else:
        say(explain_text(found, screen_width()))


def _show_entries(file: str, name: str, limits: Limits | None, threads: int | None, as_json: bool) -> None:
    from ..inspection.entries import entries
    from ..reader import Reader
    from .inspect_tensor import entries_text

    with about(file), Reader(file, limits=limits, threads=threads) as reader:
        found = entries(reader, name)
    if as_json:
        say_json(asdict(found))
    else:
        say(entries_text(found, screen_width()))
