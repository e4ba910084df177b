"""What the mutated files are made from: the valid conformance vectors, and what is in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests import forge

from .content import Content, content_of

VECTORS = Path(__file__).parents[2] / "spec" / "vectors" / "valid"


@dataclass(frozen=True)
class Seed:
    """A valid file and all that a user gets from it."""

    name: str
    data: bytes
    content: Content

    def opened(self) -> Any:
        """The file taken apart, to be changed and built again with the right digests."""
        return forge.Opened(self.data)

    @cached_property
    def sections(self) -> list[bytes]:
        """The stored bytes of every block, to be put where they do not belong."""
        opened = self.opened()
        spans = [span for number in range(len(opened.index["tensors"])) for span in opened.blocks(number)]
        return [bytes(opened.body[start : start + length]) for start, length in spans]


def seeds(folder: Path = VECTORS) -> list[Seed]:
    """All vectors in the order of their names. Raises ValueError where one is not what its JSON says."""
    found = []
    for path in sorted(folder.rglob("*.spf")):
        data = path.read_bytes()
        seed = Seed(path.relative_to(folder).as_posix(), data, content_of(data))
        wanted = [tensor["digest"] for tensor in json.loads(path.with_suffix(".json").read_text())["tensors"]]
        if [f"{forge.digest(tensor.data):016x}" for tensor in seed.content.tensors.values()] != wanted:
            raise ValueError(f"{path}: the reader does not give what its JSON says")
        found.append(seed)
    return found
