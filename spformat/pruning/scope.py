"""Which tensors are pruned: by rank and by patterns of names.

Biases and the parameters of normalization have rank 1 and are left alone, as in every paper, unless `min_rank`
is lowered. Embeddings and output layers are left alone by default, found by the names that models commonly give
them (OFTEN_SPARED); naming them in `include` takes them in.

A pattern is a shell glob. One without a dot is compared with each part of a dotted name ("fc*" with the "fc1"
of "net.fc1.weight"), one with a dot with the whole name ("net.fc1.*").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from ..errors import PruningError

OFTEN_SPARED = (
    "*embed*",  # embeddings.word_embeddings, embed_tokens, patch_embed, pos_embedding
    "wte",
    "wpe",
    "shared",  # the embeddings of T5
    "lm_head",
    "embed_out",
    "output_projection",
    "classifier",
    "score",
    "head",
    "*logits*",
    "weight_g",  # weight normalization's magnitudes, of rank 2 or more: old style
    "original0",  # and new
)


@dataclass(frozen=True)
class Scope:
    """Names of tensors that are pruned.

    include: patterns, of which one must match; none means all. exclude: patterns, of which none may match.
    spared: the same, but overruled by `include`; OFTEN_SPARED by default. min_rank: the least rank.

    >>> scope = Scope(exclude=("conv1",))
    >>> [scope.takes(name, rank) for name, rank in [("fc.weight", 2), ("fc.bias", 1), ("conv1.weight", 4)]]
    [True, False, False]
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    spared: Sequence[str] = OFTEN_SPARED
    min_rank: int = 2

    def __post_init__(self) -> None:
        for name in ("include", "exclude", "spared"):
            if isinstance(getattr(self, name), str):
                raise PruningError(f"{name} is a sequence of patterns, not the text {getattr(self, name)!r}")

    def takes(self, name: str, rank: int) -> bool:
        """Whether a tensor of that name and rank is pruned."""
        if rank < self.min_rank or matches(name, self.exclude):
            return False
        if self.include:
            return matches(name, self.include)
        return not matches(name, self.spared)

    def spares(self, name: str, rank: int) -> bool:
        """Whether a tensor would be pruned if its name were not among `spared`."""
        return not self.takes(name, rank) and replace(self, spared=()).takes(name, rank)

    def unused(self, names: Iterable[str]) -> list[str]:
        """The patterns of include and exclude that match no name: very likely typing errors."""
        every = list(names)
        return [p for p in (*self.include, *self.exclude) if not any(matches(name, (p,)) for name in every)]


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns matches the dotted name, or a part of it."""
    parts = name.split(".")
    return any(
        fnmatchcase(name, pattern) if "." in pattern else any(fnmatchcase(part, pattern) for part in parts)
        for pattern in patterns
    )
