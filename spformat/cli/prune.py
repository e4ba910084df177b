"""spformat prune."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

import spformat

from . import options
from .output import percent, printable, say, say_json, say_notes, screen_width, shape_text, times
from .progress import progress
from .table import Column, Table

if TYPE_CHECKING:
    from ..prune import PruneReport
    from ..pruning.methods import Method

METHODS = ("magnitude", "random", "rows", "threshold", "n:m")
COLUMNS = (
    Column("tensor", right=False, shrink=True),
    Column("shape", right=False, drop=1),
    Column("weights"),
    Column("kept"),
    Column("sparsity"),
)


@click.command("prune", short_help="Prune the tensors of a checkpoint.")
@click.argument("src", type=click.Path())
@click.argument("dst", type=click.Path())
@click.option("--sparsity", type=options.share, metavar="S", help="Share of zeros, 0 to 1, such as 0.9.")
@click.option("--size", type=options.size, metavar="SIZE", help="Instead: just so far that the .spf file fits SIZE.")
@click.option("--scope", type=click.Choice(["layer", "global"]), default="layer", help="Each tensor, or all as one.")
@click.option("--method", type=click.Choice(METHODS), default="magnitude", help="What goes first.")
@click.option("--norm", type=click.Choice(["1", "2"]), default="2", help="Of rows, for --method rows.")
@click.option("--quality", type=click.FloatRange(0), metavar="Q", help="For threshold: |w| < Q * std(w) goes.")
@click.option("--keep", type=options.n_of_m, metavar="N:M", help="For n:m: N of every M in a row stay, such as 2:4.")
@click.option("--seed", type=int, default=0, help="For --method random.")
@click.option("--include", multiple=True, metavar="PATTERN", help="Prune only tensors named like this.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave tensors named like this alone.")
@click.option("--min-rank", type=click.IntRange(0), default=2, metavar="N", help="1 takes biases and norms in, too.")
@options.key
@click.option("--metadata", type=options.pair, multiple=True, metavar="KEY=VALUE", help="Add metadata; JSON or text.")
@click.option("--no-verify", is_flag=True, help="Do not decode the new .spf file and compare.")
@options.threads
@options.as_json
@options.quiet
def command(
    src: str,
    dst: str,
    sparsity: float | None,
    size: int | None,
    scope: str,
    include: Sequence[str],
    exclude: Sequence[str],
    min_rank: int,
    key: str | None,
    metadata: Sequence[tuple[str, Any]],
    no_verify: bool,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    **method: Any,
) -> None:
    """Prune the tensors of SRC, at once and without retraining, and write them to DST.

    SRC is any file that pack reads; DST is .spf, .pt, .pth, .bin, .safetensors or .npz. Tensors of rank 2 or
    more are pruned, but for embeddings and output layers, by the names that these usually have; --include takes
    them in. A PATTERN is a shell glob, compared with each part of a dotted name or, if it has a dot, with the whole.
    """
    if sparsity is not None and size is not None:
        raise click.UsageError("Either --sparsity or --size, not both.")
    chosen = _method(method, sparsity is not None or size is not None)
    from ..pruning.scope import Scope

    with progress(not quiet) as callback:
        report = spformat.prune(
            src,
            dst,
            sparsity,
            max_bytes=size,
            method=chosen,
            scope=scope,
            names=Scope(include, exclude, min_rank=min_rank),
            key=key,
            metadata=dict(metadata),
            verify=not no_verify,
            threads=threads,
            progress=callback,
        )
    if as_json:
        say_json(_as_dict(report))
    elif not quiet:
        say_notes(report.notes)
        say(_table(report))
        say(f"{printable(dst)}: {_summary(report)}")


def _method(given: dict[str, Any], amount: bool) -> Method:
    """The method that the options name. Raises UsageError where they do not fit together."""
    name, quality, keep = given["method"], given["quality"], given["keep"]
    for option, value, owner in (("--quality", quality, "threshold"), ("--keep", keep, "n:m")):
        if (value is None) == (name == owner):
            raise click.UsageError(f"{option} and --method {owner} need each other.")
    if amount == (name in ("threshold", "n:m")):
        verb = "takes no" if amount else "needs a"
        raise click.UsageError(f"--method {name} {verb} --sparsity or --size.")
    from ..pruning import methods

    made: dict[str, Any] = {
        "magnitude": methods.Magnitude,
        "random": lambda: methods.Random(given["seed"]),
        "rows": lambda: methods.Rows(int(given["norm"])),
        "threshold": lambda: methods.Threshold(quality),
        "n:m": lambda: methods.NofM(*keep),
    }
    try:
        found: Method = made[name]()
    except spformat.SpformatError as error:
        raise click.UsageError(f"{error}.") from None
    return found


def _as_dict(report: PruneReport) -> dict[str, Any]:
    layers = [{**asdict(layer), "sparsity": layer.sparsity} for layer in report.layers]
    return {**asdict(report), "sparsity": report.sparsity, "layers": layers}


def _table(report: PruneReport) -> str:
    rows = [[layer.name, shape_text(layer.shape), *_counts(layer.weights, layer.kept)] for layer in report.layers]
    footer = ["all", "", *_counts(report.weights, report.kept)]
    return Table(COLUMNS, rows, footer).render(screen_width())[0] + "\n"


def _counts(weights: int, kept: int) -> list[str]:
    return [f"{weights:,}", f"{kept:,}", percent(weights - kept, weights)]


def _summary(report: PruneReport) -> str:
    from ..sources.wording import human_bytes

    count = f"{len(report.layers):,} of {report.tensors:,} tensors pruned"
    sizes = f"{human_bytes(report.dense_bytes)} -> {human_bytes(report.written_bytes)}"
    ratio = times(report.dense_bytes / report.written_bytes)
    end = f"{report.seconds:.1f} s" + (", verified bit for bit" if report.verified else "")
    return f"{count}, {sizes} ({ratio}), {end}"
