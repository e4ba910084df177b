"""spformat pack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

import spformat

from . import options
from .losses import losses
from .output import printable, say, say_json, say_notes, times
from .progress import progress

if TYPE_CHECKING:
    from ..pack import PackReport
    from ..planning.policy import Policy

LAYOUTS = ("auto", "dense", "bitmask", "csr")
PRESETS = ("lecture", "deep-compression", "eie")


@click.command("pack", short_help="Pack a checkpoint into an .spf file.")
@click.argument("src", type=click.Path())
@click.argument("dst", type=click.Path())
@click.option("--layout", type=click.Choice(LAYOUTS), help="How tensors are stored [default: auto, the smallest].")
@click.option("--fast", is_flag=True, help="No entropy coding: larger, and quicker to pack.")
@click.option("--preset", type=click.Choice(PRESETS), help="The gap code of a paper; --bits may change its width.")
@click.option("--axis", type=click.Choice(["row", "column"]), help="Gaps run along rows or columns.")
@click.option("--restart-rows", type=options.rows, metavar="N|all", help="Rows (of the axis) to a pointer.")
@click.option("--carry/--no-carry", default=None, help="Gaps run on across restarts.")
@click.option("--origin", type=click.IntRange(-1, (1 << 31) - 1), metavar="N", help="Where the first gap starts.")
@click.option("--bias", type=click.Choice(["0", "1"]), help="What is taken off a gap before it is stored.")
@click.option("--bits", type=click.IntRange(0, 16), metavar="N", help="Bits of a stored gap, 0 to 16.")
@click.option("--fill", type=click.Choice(["filler", "escape"]), help="What bridges a gap too large for the bits.")
@options.quantize
@click.option("--include", multiple=True, metavar="PATTERN", help="Quantize only what this fits, of any rank.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Do not quantize what this fits.")
@options.key
@options.keep_masks
@click.option("--fold-scales", is_flag=True, help="Take codes with scales (torchao, compressed-tensors) as quantized.")
@options.metadata
@options.no_verify
@options.threads
@options.as_json
@options.quiet
def command(
    src: str,
    dst: str,
    layout: str | None,
    fast: bool,
    preset: str | None,
    quantize: Sequence[tuple[str, str | None]],
    include: Sequence[str],
    exclude: Sequence[str],
    key: str | None,
    keep_masks: bool,
    fold_scales: bool,
    metadata: Sequence[tuple[str, Any]],
    no_verify: bool,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    **gap: Any,
) -> None:
    """Pack the tensors of SRC into the .spf file DST, which is replaced if it is there.

    SRC is a checkpoint of torch (.pt, .pth, .bin, .ckpt; pickled code never runs), .safetensors, .npz or .npy
    of numpy, a sparse .npz of scipy, or .spf.

    The options --axis to --fill set the gap code of the layout csr (spec/format.md, section 6); what is not
    given is chosen for each tensor or keeps its default.
    """
    policy = _policy(layout, fast, preset, {name: value for name, value in gap.items() if value is not None})
    with progress(not quiet) as callback:
        report = spformat.pack(
            src,
            dst,
            policy=policy,
            quantize=options.by_pattern(quantize, "--quantize") or None,
            include=include,
            exclude=exclude,
            metadata=dict(metadata),
            key=key,
            keep_masks=keep_masks,
            fold_scales=fold_scales,
            verify=not no_verify,
            threads=threads,
            progress=callback,
        )
    if as_json:
        say_json({**asdict(report), "ratio": report.ratio})
    elif not quiet:
        say_notes(report.notes)
        if report.quantized:
            say(losses(report.quantized))
        say(f"{printable(dst)}: {_summary(report)}")


def _policy(layout: str | None, fast: bool, preset: str | None, gap: dict[str, Any]) -> Policy:
    """What the options ask for. Raises UsageError where they contradict each other."""
    flags = ", ".join("--" + name.replace("_", "-") for name in gap if preset is None or name != "bits")
    if preset is not None and (flags or layout not in (None, "csr")):
        raise click.UsageError(f"--preset {preset} cannot be used with {flags or f'--layout {layout}'}.")
    if flags and layout not in (None, "csr"):
        raise click.UsageError(f"--layout {layout} cannot be used with {flags}, which ask for the layout csr.")
    if "bias" in gap:
        gap["bias"] = int(gap["bias"])
    try:
        if preset is not None:
            return spformat.preset(preset, **gap)
        return spformat.Policy("csr" if gap else layout or "auto", spformat.GapRequest(**gap), fast=fast)
    except spformat.SpformatError as error:
        raise click.UsageError(f"{error}.") from None


def _summary(report: PackReport) -> str:
    from ..sources.wording import human_bytes, plural

    sizes = f"{human_bytes(report.dense_bytes)} -> {human_bytes(report.stored_bytes)}"
    end = f"{report.seconds:.1f} s, {'verified bit for bit' if report.verified else 'not verified'}"
    return f"{plural(report.tensors, 'tensor')}, {sizes} ({times(report.ratio)}), {end}"
