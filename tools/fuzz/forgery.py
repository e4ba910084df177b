"""What an attacker does: the file is changed and its digests are computed anew, so that the rules are reached.

Digests of tensors stay as they are, but for dense tensors in one block, where it is the block's digest too.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

import msgpack

from tests import forge

from .seeds import Seed

NUMBERS = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 4095, 4096, 65_535, 65_536]
NUMBERS += [2**power + off for power in (24, 30, 31, 32, 40, 53, 62, 63) for off in (-1, 0, 1)] + [2**64 - 1]
NUMBERS += [-1, -2, -(2**31), -(2**63)]
OTHERS: list[Any] = [
    None,
    True,
    False,
    0.5,
    float("nan"),
    "",
    "t",
    "\0",
    "x" * 300,
    b"",
    b"\0\1",
    [],
    [[]],
    {},
    {"": 0},
]


def sections(rng: Random, one: Seed, other: Seed) -> bytes:
    """One to three blocks get other bytes, sometimes other counts; lengths and digests of blocks follow."""
    opened = one.opened()
    stored = [(n, block) for n in range(len(opened.index["tensors"])) for block in range(len(opened.blocks(n)))]
    for number, block in rng.sample(stored, min(len(stored), rng.choice((1, 1, 2, 3)))):
        data = _damaged(rng, opened.block(number, block), other.sections)
        if isinstance(opened.entry(number)[4], int):
            _replace_plain(opened, number, data)
            continue
        counts = {}
        if rng.random() < 0.2:
            layout, *_, numbers = opened.storage(number)
            each = 3 + (layout == forge.CSR)
            at = rng.randrange(1, each - 1)
            name = ("nonzeros", "entries")[at - 1]
            counts[name] = max(0, numbers[each * block + at] + rng.choice((-2, -1, 1, 2, 100)))
        opened.replace(data, number, block, **counts)
    return bytes(opened.build())


def _replace_plain(opened: Any, number: int, data: bytes) -> None:
    """A dense tensor in one block keeps its length, which its shape gives."""
    ((start, length),) = opened.blocks(number)
    data = data[:length].ljust(length, b"\0")
    opened.body[start : start + length] = data
    opened.entry(number)[3] = forge.digest(data)


def _damaged(rng: Random, data: bytes, others: list[bytes]) -> bytes:
    """A block's bytes with one thing wrong."""
    at = rng.randrange(len(data) + 1)
    kind = rng.randrange(7)
    if kind == 0:
        return data[:at] + rng.randbytes(rng.choice((1, 2, 4))) + data[at:]
    if kind == 1:
        return data[:at] + data[at + rng.choice((1, 2, 4, 100)) :]
    if kind == 2 and others:
        return rng.choice((data[:at], b"")) + rng.choice(others)
    if kind == 3:
        return data[:at] + rng.choice((b"\0", b"\xff", b"\x80", b"\xff\xff\xff\xff")) + data[at + 1 :]
    changed = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 1, 2, 4))):
        changed[rng.choice((rng.randrange(len(changed)), rng.randrange(min(8, len(changed)))))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def index_values(rng: Random, one: Seed, other: Seed) -> bytes:
    """Values of the index change: numbers, types, lengths of lists, whole entries."""
    opened, donor = one.opened(), other.opened()
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if places := [*_places(opened.index)]:
            _change(rng, *rng.choice(places), donor.index)
    index = dict(sorted(opened.index.items())) if rng.random() < 0.95 else opened.index
    return bytes(forge.file_of(None, bytes(opened.body), version=opened.version, index=_packed(index)))


def _packed(value: Any) -> bytes:
    try:
        return bytes(msgpack.packb(value))
    except (OverflowError, ValueError):
        return b"\x80"


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(list or map, index or key) of everything below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, held in items:
        yield value, key
        if isinstance(held, (dict, list)):
            yield from _places(held)


def _change(rng: Random, holder: Any, key: Any, donor: Any) -> None:
    """One value is replaced, removed, or (in a list) there twice or elsewhere."""
    value, kind = holder[key], rng.randrange(10)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.insert(key, value)
    elif kind == 2 and isinstance(holder, list):
        rng.shuffle(holder)
    elif kind == 3:
        place, at = rng.choice([*_places(donor)])
        holder[key] = deepcopy(place[at])
    elif kind == 4:
        holder[key] = deepcopy(rng.choice(OTHERS))
    elif isinstance(value, bytes):
        holder[key] = _damaged(rng, value, [])
    elif type(value) is int and kind < 8:
        holder[key] = value + rng.choice((-2, -1, 1, 2, value, 256))
    else:
        holder[key] = rng.choice(NUMBERS)


def index_bytes(rng: Random, one: Seed, _other: Seed) -> bytes:
    """Bytes of the index change: msgpack that is not canonical, or none at all."""
    opened = one.opened()
    packed = _damaged(rng, _packed(opened.index), [_packed(opened.index)])
    return bytes(forge.file_of(None, bytes(opened.body), version=opened.version, index=packed))


def footer(rng: Random, one: Seed, _other: Seed) -> bytes:
    """A field of the footer or of the version is another one, and its digest fits."""
    opened = one.opened()
    if rng.random() < 0.3:
        version = bytearray(opened.version)
        version[rng.randrange(8)] ^= 1 << rng.randrange(8)
        return bytes(forge.file_of(None, bytes(opened.body), version=bytes(version), index=opened.index))
    name = rng.choice(("index_offset", "index_bytes", "file_bytes"))
    return bytes(opened.build(**{name: rng.choice(NUMBERS) % 2**64}))
