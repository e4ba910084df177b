"""Options and kinds of values that several commands share."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..limits import Limits

Value = TypeVar("Value")

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
UNITS |= {"ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40}


def size(text: str) -> int:
    """A number of bytes: 1000000, 64MB, 2GiB."""
    found = re.fullmatch(r"([0-9]{1,18})(\.[0-9]+)? *([kmgt]i?)?b?", text.strip().lower(), re.ASCII)
    if found is None:
        raise click.BadParameter(f"{text!r} is not a number of bytes, such as 500000, 64MB or 2GiB.")
    unit = UNITS[found[3] or ""]
    return int(found[1]) * unit + int(float(found[2] or 0) * unit)


def rows(text: str) -> int:
    """A number of rows, or all of them."""
    from ..planning.policy import ALL_ROWS

    if text != "all" and not re.fullmatch("[1-9][0-9]{0,17}", text):
        raise click.BadParameter(f"{text!r} is neither a number of rows, 1 or more, nor 'all'.")
    return ALL_ROWS if text == "all" else int(text)


def n_of_m(text: str) -> tuple[int, int]:
    """N:M, as in 2:4."""
    found = re.fullmatch("([0-9]{1,9}):([0-9]{1,9})", text, re.ASCII)
    if found is None:
        raise click.BadParameter(f"{text!r} is not N:M, such as 2:4.")
    return int(found[1]), int(found[2])


def pair(text: str) -> tuple[str, Any]:
    """KEY=VALUE; the value as JSON where it is JSON, else as text."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.BadParameter(f"{text!r} is not KEY=VALUE.")
    try:
        return key, json.loads(value, parse_constant=_not_json)
    except (ValueError, RecursionError):
        return key, value


def rule(text: str) -> tuple[str, str | None]:
    """[PATTERN=]HOW to quantize; HOW is none for tensors that are left alone."""
    from ..errors import ConfigError
    from ..quantize import Quantizer

    pattern, equals, how = ("*", "=", text) if _is_how(text) else text.partition("=")
    wanted = None if how == "none" else how if equals else text
    try:
        Quantizer.of({pattern: wanted})
    except ConfigError as error:
        raise click.BadParameter(f"{error}.") from None
    return pattern, wanted


def share(text: str) -> tuple[str, float]:
    """[PATTERN=]S, a share from 0 to 1."""
    from ..errors import ConfigError
    from ..patterns import check

    pattern, _, number = text.rpartition("=")
    found = re.fullmatch(r"[0-9]*\.?[0-9]+(e-?[0-9]{1,3})?|[0-9]+\.", number.strip().lower(), re.ASCII)
    if found is None or not 0 <= float(number) <= 1:
        raise click.BadParameter(f"{number!r} is not a number from 0 to 1, such as 0.9.")
    try:
        check(pattern)
    except ConfigError as error:
        raise click.BadParameter(f"{error}.") from None
    return pattern or "*", float(number)


def by_pattern(given: Sequence[tuple[str, Value]], option: str) -> dict[str, Value]:
    """The values of an option by their patterns, in order. Raises UsageError for a pattern that comes twice."""
    found = dict(given)
    if len(found) < len(given):
        patterns = [pattern for pattern, _ in given]
        twice = next(pattern for pattern in patterns if patterns.count(pattern) > 1)
        raise click.UsageError(f"{option} is given twice for {twice!r}.")
    return found


def picture(text: str) -> str:
    """The name of a picture."""
    from ..size_ledger import PICTURES

    if not text.lower().endswith(PICTURES):
        raise click.BadParameter(f"{text!r} does not end in {', '.join(PICTURES)}.")
    return text


def _is_how(text: str) -> bool:
    """Whether there is no pattern: 'int4:group=64' has an equals sign, too."""
    return re.match(r"codebook:|int[0-9]+:|[^=]*$", text) is not None


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
    type=size,
    metavar="SIZE",
    help="Refuse to decode more than SIZE, such as 8GB [default: the more of 1 GiB and 1000 times the file].",
)
quantize = click.option(
    "--quantize",
    type=rule,
    multiple=True,
    metavar="[PATTERN=]HOW",
    help="Quantize tensors of rank 2 or more, which loses precision: codebook:5, int8, int4:group=64, binary and more "
    "(docs/quantization.md). With a PATTERN (a shell glob for names, or @conv, @matrix, @vector) only those it fits; "
    "the first that fits counts.",
)
metadata = click.option("--metadata", type=pair, multiple=True, metavar="KEY=VALUE", help="Add metadata; JSON or text.")
no_verify = click.option("--no-verify", is_flag=True, help="Do not decode the new .spf file and compare.")
key = click.option("--key", metavar="PATH", help="Which part of a nested checkpoint, such as ema.params; '.' for all.")
keep_masks = click.option("--keep-masks", is_flag=True, help="Leave pairs of weight_orig and weight_mask as they are.")
