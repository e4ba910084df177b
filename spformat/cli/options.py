"""Options and kinds of values that several commands share."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..limits import Limits

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
UNITS |= {"ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40}


class Size(click.ParamType[int]):
    """A number of bytes: 1000000, 64MB, 2GiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) *([kmgt]i?)?b?", str(value).strip().lower(), re.ASCII)
        if found is None:
            self.fail(f"{value!r} is not a number of bytes, such as 500000, 64MB or 2GiB.", param, ctx)
        return int(float(found[1]) * UNITS[found[2] or ""]) if "." in found[1] else int(found[1]) * UNITS[found[2] or ""]


class Rows(click.ParamType[int]):
    """A number of rows, or all of them."""

    name = "rows"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from ..planning.policy import ALL_ROWS

        if value == "all":
            return ALL_ROWS
        if not re.fullmatch("[1-9][0-9]{0,17}", str(value)):
            self.fail(f"{value!r} is neither a number of rows, 1 or more, nor 'all'.", param, ctx)
        return int(value)


class Pair(click.ParamType[tuple[str, Any]]):
    """KEY=VALUE; the value as JSON where it is JSON, else as text."""

    name = "key=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        key, equals, text = str(value).partition("=")
        if not equals or not key:
            self.fail(f"{value!r} is not KEY=VALUE.", param, ctx)
        try:
            return key, json.loads(text, parse_constant=_not_json)
        except (ValueError, RecursionError):
            return key, text


def _not_json(text: str) -> None:
    """NaN and Infinity, which Python would take."""
    raise ValueError(text)


def limits(max_bytes: int | None) -> Limits | None:
    """The library's limits for --max-bytes; None for its own."""
    from ..limits import Limits

    return None if max_bytes is None else Limits(max_bytes=max_bytes)


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")
quiet = click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
threads = click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Use at most N threads.")
max_bytes = click.option(
    "--max-bytes",
    type=Size(),
    metavar="SIZE",
    help="Refuse to decode more than SIZE, such as 8GB [default: 1 GiB or 1000 times the file, whichever is more].",
)
key = click.option("--key", metavar="PATH", help="Which part of a nested checkpoint, such as ema.params; '.' for all.")
keep_masks = click.option(
    "--keep-masks", is_flag=True, help="Leave pairs of weight_orig and weight_mask as they are."
)
