"""Which tensors a rule is for: by their names, or by their kind."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TypeVar

from .errors import ConfigError

KINDS = {"@conv": (3, 5), "@matrix": (2, 2), "@vector": (1, 1)}  # least and largest rank
VECTOR = "@vector"

Rule = TypeVar("Rule")


def check(pattern: str) -> str:
    """The pattern. Raises ConfigError for a kind that there is not."""
    if pattern.startswith("@") and pattern not in KINDS:
        raise ConfigError("no kind of tensor", expected=", ".join(KINDS), found=repr(pattern))
    return pattern


def fits(pattern: str, name: str, rank: int) -> bool:
    """Whether a pattern is for a tensor of that name and rank.

    A kind goes by the rank: "@conv" 3 to 5, as kernels of convolutions have, "@matrix" 2, "@vector" 1. Other patterns
    are shell globs, with capitals told from small letters, for the whole name; those without a dot also for one of its
    dotted parts.

    >>> [fits(pattern, "net.conv1.weight", 4) for pattern in ("@conv", "conv*", "net.*", "*.bias", "fc*")]
    [True, True, True, False, False]
    """
    if pattern in KINDS:
        least, most = KINDS[pattern]
        return least <= rank <= most
    return fnmatchcase(name, pattern) or ("." not in pattern and any(fnmatchcase(p, pattern) for p in name.split(".")))


def first_that_fits(rules: Iterable[tuple[str, Rule]], name: str, rank: int) -> Rule | None:
    """What the first rule says whose pattern fits; None where none does."""
    return next((rule for pattern, rule in rules if fits(pattern, name, rank)), None)
