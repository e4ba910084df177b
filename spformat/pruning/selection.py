"""Exactly the k largest of a set of scores, with ties to the lower index, one tensor in memory at a time.

A nonnegative float orders as the integer of the same bits. So the k-th largest score is found digit by digit,
from the top, by counting; each round looks at every tensor once. Sorting would need all scores at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..errors import PruningError
from ..torch_arrays import torch

DIGIT_BITS = 16
PIECE = 1 << 22  # scores looked at in one step, so that temporaries stay small beside a large tensor
DEAD = -1.0  # the score of what was pruned before; it never survives

Scores = Callable[[], Iterable[torch.Tensor]]  # called once a round, gives the same tensors each time


@dataclass(frozen=True)
class Cut:
    """Where the line is drawn: scores above `key` survive, and of those equal to it the first `ties`.

    key: the bits of a score as an integer (of float64 where `wide`, else of float32).
    """

    key: int
    ties: int
    wide: bool = False

    def mask(self, scores: torch.Tensor) -> torch.Tensor:
        """Which of the scores survive, bool, of their shape; ties go to the lower index in C order."""
        keys = _keys(scores, self.wide)
        kept = keys > self.key
        equal = (keys == self.key).nonzero().reshape(-1)
        kept[equal[: self.ties]] = True
        return kept.reshape(scores.shape)

    def shared(self, parts: Iterable[torch.Tensor]) -> list[Cut]:
        """The cut for each part of a sequence, the ties given out in its order."""
        left, cuts = self.ties, []
        for scores in parts:
            equal = int((_keys(scores, self.wide) == self.key).sum()) if left else 0
            cuts.append(Cut(self.key, min(left, equal), self.wide))
            left -= cuts[-1].ties
        return cuts


def find_cut(parts: Scores, keep: int, wide: bool = False) -> Cut:
    """The cut that leaves exactly `keep` of all scores, or all that are not DEAD where those are fewer.

    parts: float tensors of any shape, finite, DEAD or not negative. wide: tell float64 scores apart.
    """
    shift, prefix, left = 63 if wide else 31, 0, keep
    if keep <= 0:
        return Cut((1 << shift) - 1, 0, wide)  # the bits of a NaN: nothing is above
    while shift:
        digit = (shift - 1) % DIGIT_BITS + 1
        shift -= digit
        above = _counts_from_top(parts, prefix, shift, digit, wide)
        if left > int(above[-1]):  # only in the first round: there are fewer than `keep`
            return Cut(-1, 0, wide)
        place = int(torch.searchsorted(above, left))
        left -= int(above[place - 1]) if place else 0
        prefix = prefix << digit | ((1 << digit) - 1 - place)
    return Cut(prefix, left, wide)


def top_mask(scores: torch.Tensor, keep: int) -> torch.Tensor:
    """Bool, of the shape of `scores`: the `keep` largest; ties go to the lower index in C order."""
    return find_cut(lambda: (scores,), keep, is_wide(scores)).mask(scores)


def is_wide(scores: torch.Tensor) -> bool:
    """Whether float32 would not tell the scores apart."""
    return scores.dtype == torch.float64


def keep_count(count: int, sparsity: float) -> int:
    """How many of `count` weights survive: count - round(count * sparsity), as torch.nn.utils.prune rounds.

    At least one, as TensorFlow's toolkit keeps, unless the sparsity is 1: a layer never vanishes by rounding.

    >>> [keep_count(10, s) for s in (0, 0.25, 0.9, 0.99, 1)]
    [10, 8, 1, 1, 0]
    """
    check_sparsity(sparsity)
    return 0 if sparsity == 1 or not count else max(count - round(count * sparsity), 1)


def check_sparsity(sparsity: float, what: str = "sparsity") -> float:
    """The sparsity as it came. Raises PruningError unless it is a share of zeros, 0 to 1."""
    if not 0 <= sparsity <= 1:
        raise PruningError(f"{what} is a share of zeros, 0 to 1, not {sparsity}")
    return sparsity


def _keys(scores: torch.Tensor, wide: bool) -> torch.Tensor:
    """Flat integers in the order of the scores."""
    if wide:
        return scores.reshape(-1).to(torch.float64).contiguous().view(torch.int64)
    return scores.reshape(-1).to(torch.float32).contiguous().view(torch.int32)


def _pieces(parts: Scores, wide: bool) -> Iterator[torch.Tensor]:
    for scores in parts():
        yield from torch.split(_keys(scores, wide), PIECE)


def _counts_from_top(parts: Scores, prefix: int, shift: int, digit: int, wide: bool) -> torch.Tensor:
    """How many keys that begin with `prefix` have a next digit of at least 2^digit - 1, 2^digit - 2, ... 0."""
    counts = torch.zeros(1 << digit, dtype=torch.int64, device="cpu")
    for keys in _pieces(parts, wide):
        if shift + digit < (63 if wide else 31):  # not the first round: few are left
            keys = keys[(keys >> shift + digit) == prefix] & (1 << shift + digit) - 1
        digits = (keys >> shift).clamp_(min=-1).add_(1)  # 0 for the DEAD
        counts += torch.bincount(digits, minlength=len(counts) + 1)[1:].cpu()
    return counts.flip(0).cumsum(0)
