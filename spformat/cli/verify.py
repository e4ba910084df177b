"""spformat verify."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

import spformat

from . import options
from .exits import Failure, about, describe
from .output import printable, say, say_json
from .progress import progress

if TYPE_CHECKING:
    from ..verify import VerifyReport

FIELDS = ("message", "kind", "tensor", "block", "offset", "expected", "found")


@click.command("verify", short_help="Check that a file is whole and undamaged.")
@click.argument("file", type=click.Path())
@click.option("--deep", is_flag=True, help="Decode every tensor too, and compare with the digest of the original.")
@options.threads
@options.max_bytes
@options.as_json
@options.quiet
def command(file: str, deep: bool, threads: int | None, max_bytes: int | None, as_json: bool, quiet: bool) -> None:
    """Check frame, index and the checksum of every block of FILE.

    Ends with 1 at the first thing that is wrong, and says where it is: tensor, block, byte of the file.
    """
    try:
        with about(file), progress(not quiet) as callback:
            limits = options.limits(max_bytes)
            report = spformat.verify(file, deep, limits=limits, threads=threads, progress=callback)
    except (Failure, spformat.SpformatError, OSError) as failure:
        if as_json:
            say_json({"ok": False, "error": _error(failure.__cause__ or failure)})
        raise
    if as_json:
        say_json({"ok": True, **asdict(report)})
    elif not quiet:
        say(f"{printable(file)}: ok, {_summary(report)}")


def _error(error: BaseException) -> dict[str, Any]:
    """What is wrong and where, with null for what does not apply."""
    found = {name: getattr(error, name, None) for name in FIELDS}
    return {"type": type(error).__name__, **found, "message": found["message"] or describe(error)}


def _summary(report: VerifyReport) -> str:
    from ..sources.wording import human_bytes, plural

    size = f"{human_bytes(report.bytes)}, {plural(report.tensors, 'tensor')}, {plural(report.blocks, 'block')}"
    checked = "frame, index and the checksum of every block"
    return f"{size}: {checked}" + (", and every tensor is the one that was packed" if report.deep else "")
