"""Why a tensor is stored as it is: every candidate that the planner weighs, with its size, beside the bound."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..container.index import entry_bytes
from ..limits import Limits
from ..planning.bound import bound_bytes
from ..planning.choose import candidates
from ..planning.policy import Policy
from ..planning.pool import TablePool
from ..planning.survey import survey
from ..reader import Reader
from ..tensor_file import PathOrBytes


@dataclass(frozen=True)
class Weighed:
    """A way to store the tensor. bytes: blocks, entry in the index and its own tables; exact without entropy coding,
    else what the tables give, to some bytes a block."""

    label: str
    bytes: int


@dataclass(frozen=True)
class Explanation:
    """A tensor's candidates, the smallest first; of equals the one that decodes faster.

    They are weighed as if the tensor were alone in its file: in a file of several, tables that another tensor has
    brought cost nothing. stored_bytes: what it takes in this file, tables apart, which all tensors share.
    """

    name: str
    dense_bytes: int
    bound_bytes: int
    stored_bytes: int
    stored_as: str
    candidates: list[Weighed]

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as `spformat inspect --explain NAME --json` prints them."""
        return asdict(self)


def explain(
    path: PathOrBytes,
    name: str,
    *,
    policy: Policy | None = None,
    limits: Limits | None = None,
    threads: int | None = None,
) -> Explanation:
    """Weighs the ways to store a tensor of a file; `policy` as for packing.

    Raises FormatError when the file is damaged, TensorNotFoundError when it has no such tensor.
    """
    with Reader(path, limits=limits, threads=threads) as reader:
        entry = reader.entry(name)
        stored = reader.entry(entry.target or entry.copy_of or name)
        bits = reader.read([name])[name]
        weighed = candidates(name, survey(name, bits, entry.dtype, policy or Policy(), threads), TablePool())
        return Explanation(
            name=name,
            dense_bytes=entry.dense_bytes,
            bound_bytes=bound_bytes(bits, entry.dtype),
            stored_bytes=sum(stored.storage.stored_bytes) + entry_bytes(stored.record),
            stored_as=" + ".join([stored.storage.layout.name, *stored.storage.coding.names()]),
            candidates=sorted((Weighed(each.label, each.bytes) for each in weighed), key=lambda each: each.bytes),
        )
