"""Mutated files. Number and seed say which one: the same two give the same file, so that a run can be repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from .forgery import footer, index_bytes, index_values, sections
from .seeds import Seed


@dataclass(frozen=True)
class Mutant:
    """A file that may be broken. `parents`: what it was made from; `forged`: digests were computed anew."""

    number: int
    kind: str
    data: bytes
    parents: tuple[Seed, ...]
    forged: bool


def mutant(seeds: list[Seed], seed: int, number: int) -> Mutant:
    """Mutant `number` of the run with that seed."""
    rng = Random(seed << 48 | number)
    parents = (rng.choice(seeds), rng.choice(seeds))
    forged = rng.random() < 0.6
    kind, mutate = rng.choice(FORGERIES if forged else DAMAGES)
    return Mutant(number, kind, mutate(rng, *parents), parents, forged)


def flips(rng: Random, one: Seed, _other: Seed) -> bytes:
    """Some bits change."""
    data = bytearray(one.data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def truncation(rng: Random, one: Seed, _other: Seed) -> bytes:
    """The end, the start or a piece of the middle is missing, twice there, or zero."""
    data = one.data
    start, stop = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    cuts = (
        data[:start],
        data[start:],
        data[:start] + data[stop:],
        data[:stop] + data[start:],
        data[:start] + bytes(stop - start) + data[stop:],
        data + data[start:stop],
    )
    return rng.choice(cuts)


def splice(rng: Random, one: Seed, other: Seed) -> bytes:
    """Pieces of two files."""
    at, start = rng.randrange(len(one.data) + 1), rng.randrange(len(other.data) + 1)
    size = min(rng.choice((8, 48, 200, 10_000)), len(other.data) - start)
    piece = other.data[start : start + size]
    keeps_length = one.data[:at] + piece[: len(one.data) - at] + one.data[at + size :]
    return rng.choice((one.data[:at] + other.data[start:], keeps_length, one.data[:at] + piece + one.data[at:]))


Mutation = Callable[[Random, Seed, Seed], bytes]
DAMAGES: list[tuple[str, Mutation]] = [("bit flips", flips), ("truncations", truncation), ("splices", splice)]
FORGERIES: list[tuple[str, Mutation]] = [
    ("forged sections", sections),
    ("forged sections", sections),
    ("rewritten indexes", index_values),
    ("rewritten indexes", index_values),
    ("bytes of indexes", index_bytes),
    ("forged footers", footer),
]
KINDS = list(dict.fromkeys(kind for kind, _ in DAMAGES + FORGERIES))
