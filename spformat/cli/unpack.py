"""spformat unpack."""

from __future__ import annotations

from dataclasses import asdict

import click

import spformat

from . import options
from .exits import about
from .output import printable, say, say_json, say_notes
from .progress import progress


@click.command("unpack", short_help="Unpack an .spf file to dense tensors.")
@click.argument("src", type=click.Path())
@click.argument("dst", type=click.Path())
@options.threads
@options.max_bytes
@options.as_json
@options.quiet
def command(src: str, dst: str, threads: int | None, max_bytes: int | None, as_json: bool, quiet: bool) -> None:
    """Write the tensors of the .spf file SRC to DST, dense, bit for bit as they were packed.

    The name of DST says what it becomes: .pt, .pth, .bin, .safetensors or .npz. It is replaced if it is
    there.
    """
    with about(src), progress(not quiet) as callback:
        report = spformat.unpack(src, dst, threads=threads, limits=options.limits(max_bytes), progress=callback)
    if as_json:
        say_json(asdict(report))
    elif not quiet:
        from ..sources.wording import human_bytes, plural

        say_notes(report.notes)
        tensors, size = plural(report.tensors, "tensor"), human_bytes(report.written_bytes)
        say(f"{printable(dst)}: {tensors}, {size}, {report.seconds:.1f} s")
