"""Words and numbers for people and programs."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable

import click

from ..inspection.finite import finite


def say(text: str) -> None:
    """A line, or several, on stdout."""
    encoding = sys.stdout.encoding or "ascii"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def say_json(value: object) -> None:
    """A value as JSON on stdout; what JSON does not have becomes text."""
    say(json.dumps(finite(value), indent=2, allow_nan=False, default=str))


def say_notes(notes: Iterable[str]) -> None:
    """Notes of the library, for people: on stderr, so that they are seen where stdout goes to a file."""
    for note in notes:
        click.echo(f"spformat: note: {printable(note)}", err=True)


def printable(text: str) -> str:
    """The text on one line, with escapes for what would move the cursor, hide, or is no character at all."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def screen_width() -> int | None:
    """Columns that a line may have; None when stdout is a file or a pipe and $COLUMNS does not say."""
    if os.environ.get("COLUMNS", "").isdigit() or sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    return None


def glyph(fancy: str, plain: str) -> str:
    """The first where stdout can show it, else the second."""
    try:
        fancy.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return plain
    return fancy


def percent(part: float, whole: float) -> str:
    """'12.3 %', '-' of nothing; 0 and 100 only where they are exact."""
    if not whole:
        return "-"
    value = 100 * part / whole
    if 0 < value < 0.05:
        return "<0.1 %"
    if 99.95 <= value < 100:
        return ">99.9 %"
    return f"{value:.1f} %"


def times(ratio: float) -> str:
    """'8.41x', with as many digits as say something."""
    return f"{ratio:.2f}x" if ratio < 100 else f"{ratio:,.0f}x"


def shape_text(shape: Iterable[int]) -> str:
    """'384x384', 'scalar' for a tensor of rank 0."""
    return "x".join(str(length) for length in shape) or "scalar"


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
