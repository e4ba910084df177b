"""spformat prune."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

import spformat

from . import options
from .losses import losses
from .output import percent, printable, say, say_json, say_notes, screen_width, shape_text, times
from .progress import progress
from .table import Column, Table

if TYPE_CHECKING:
    from ..prune import PruneReport
    from ..pruning.methods import Method
    from ..size_ledger import SizeLedger

METHODS = ("magnitude", "random", "rows", "threshold", "n:m")
COLUMNS = (
    Column("tensor", right=False, shrink=True),
    Column("shape", right=False, drop=1),
    Column("weights"),
    Column("kept"),
    Column("sparsity"),
)

STAGES = (Column("stage", right=False), Column("bytes"), Column("of dense"), Column("ratio"))


@click.command("prune", short_help="Prune the tensors of a checkpoint.")
@click.argument("src", type=click.Path())
@click.argument("dst", type=click.Path())
@click.option(
    "--sparsity",
    type=options.share,
    multiple=True,
    metavar="[PATTERN=]S",
    help="Share of zeros, 0 to 1, such as 0.9; with a PATTERN, as --quantize has it, of what it fits.",
)
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
@options.quantize
@click.option("--ledger", is_flag=True, help="Also measure the file after each stage: P, P+Q, P+Q+H.")
@click.option("--picture", type=options.picture, metavar="FILE", help="Draw the ledger: .svg, .png or .pdf.")
@options.key
@options.metadata
@options.no_verify
@options.threads
@options.as_json
@options.quiet
def command(
    src: str,
    dst: str,
    sparsity: Sequence[tuple[str, float]],
    size: int | None,
    scope: str,
    include: Sequence[str],
    exclude: Sequence[str],
    min_rank: int,
    quantize: Sequence[tuple[str, str | None]],
    ledger: bool,
    picture: str | None,
    key: str | None,
    metadata: Sequence[tuple[str, Any]],
    no_verify: bool,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    **method: Any,
) -> None:
    """Prune the tensors of SRC, at once and without retraining, and write them to DST, quantized if asked for.

    SRC is any file that pack reads; DST is .spf, .pt, .pth, .bin, .safetensors or .npz. Tensors of rank 2 or
    more are pruned, but for embeddings and output layers, by the names that these usually have; --include takes
    them in. A PATTERN is a shell glob, compared with each part of a dotted name or, if it has a dot, with the whole.
    """
    if sparsity and size is not None:
        raise click.UsageError("Either --sparsity or --size, not both.")
    chosen = _method(method, bool(sparsity) or size is not None)
    if picture:
        from ..size_ledger import check_picture

        check_picture(picture)
    from ..pruning.scope import Scope

    with progress(not quiet) as callback:
        report = spformat.prune(
            src,
            dst,
            _sparsity(sparsity),
            max_bytes=size,
            method=chosen,
            scope=scope,
            names=Scope(include, exclude, min_rank=min_rank),
            quantize=options.by_pattern(quantize, "--quantize") or None,
            ledger=ledger or picture is not None,
            key=key,
            metadata=dict(metadata),
            verify=not no_verify,
            threads=threads,
            progress=callback,
        )
    if picture and report.ledger:
        report.ledger.draw(picture)
    if as_json:
        say_json(_as_dict(report))
    elif not quiet:
        _say(report, dst)


def _say(report: PruneReport, dst: str) -> None:
    say_notes(report.notes)
    say(_table(report))
    if report.quantized:
        say(losses(report.quantized))
    if report.ledger:
        say(f"\n{_stages(report.ledger)}\n")
    say(f"{printable(dst)}: {_summary(report)}")


def _sparsity(given: Sequence[tuple[str, float]]) -> float | dict[str, float] | None:
    """One for all tensors, or by pattern."""
    if not given:
        return None
    return given[0][1] if given[0][0] == "*" else options.by_pattern(given, "--sparsity")


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
    found = {**asdict(report), "sparsity": report.sparsity, "layers": layers}
    if report.ledger:
        found["ledger"]["ratios"] = report.ledger.ratios()
    return found


def _table(report: PruneReport) -> str:
    rows = [[layer.name, shape_text(layer.shape), *_counts(layer.weights, layer.kept)] for layer in report.layers]
    footer = ["all", "", *_counts(report.weights, report.kept)]
    return Table(COLUMNS, rows, footer).render(screen_width())[0] + "\n"


def _stages(ledger: SizeLedger) -> str:
    sizes = {"dense": ledger.dense_bytes, **ledger.stages}
    dense = ledger.dense_bytes
    rows = [
        [stage, f"{size:,}", percent(size, dense), times(dense / size) if dense else "-"]
        for stage, size in sizes.items()
    ]
    return Table(STAGES, rows).render(screen_width())[0]


def _counts(weights: int, kept: int) -> list[str]:
    return [f"{weights:,}", f"{kept:,}", percent(weights - kept, weights)]


def _summary(report: PruneReport) -> str:
    from ..sources.wording import human_bytes

    count = f"{len(report.layers):,} of {report.tensors:,} tensors pruned"
    sizes = f"{human_bytes(report.dense_bytes)} -> {human_bytes(report.written_bytes)}"
    ratio = times(report.dense_bytes / report.written_bytes)
    end = f"{report.seconds:.1f} s" + (", verified bit for bit" if report.verified else "")
    return f"{count}, {sizes} ({ratio}), {end}"
