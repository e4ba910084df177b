"""What is pruned first: the methods, each a small value that can be named in a file's metadata.

A ranked method gives every entry (or every row) a score, and the lowest go until the sparsity is reached. The
others decide by themselves. No mask ever revives what an earlier one pruned.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ..errors import PruningError
from ..torch_arrays import torch
from .selection import DEAD

Tensor = torch.Tensor


class Method(ABC):
    """How a mask comes from weights."""

    name: ClassVar[str]

    def describe(self) -> dict[str, Any]:
        """The name and its parameters, as metadata."""
        return {"name": self.name, **asdict(self)}  # type: ignore[call-overload]  # every method is a dataclass


class Ranked(Method):
    """A method that takes the lowest scores first."""

    @abstractmethod
    def scores(self, weight: Tensor, label: str) -> Tensor:
        """Float, not negative: one for each entry, or one for each row where the method takes whole rows.

        label: the tensor's name, from which chance is drawn.
        """

    def units(self, weight: Tensor) -> int:
        """How many scores there are."""
        return weight.numel()

    def living_scores(self, weight: Tensor, alive: Tensor | None, label: str) -> Tensor:
        """The scores, DEAD for what `alive` (bool, of the weight's shape) says was pruned.

        Raises PruningError for NaN and infinity.
        """
        scores = self.scores(plain(weight, label), label)
        if alive is None:
            return scores
        whole = alive if alive.shape == scores.shape else alive.flatten(1).any(1)
        return scores.masked_fill(~whole, DEAD)


class Fixed(Method):
    """A method that needs no sparsity: how much goes follows from the weights."""

    @abstractmethod
    def mask(self, weight: Tensor, alive: Tensor | None, label: str) -> Tensor:
        """Bool, of the weight's shape. Raises PruningError for NaN and infinity."""


@dataclass(frozen=True)
class Magnitude(Ranked):
    """The smallest absolute values go first."""

    name = "magnitude"

    def scores(self, weight: Tensor, label: str) -> Tensor:  # noqa: ARG002
        return weight.abs()


@dataclass(frozen=True)
class Random(Ranked):
    """Chance decides, the same for the same seed and tensor name: the control of every experiment."""

    seed: int = 0
    name = "random"

    def scores(self, weight: Tensor, label: str) -> Tensor:
        # One number of 32 bits: torch's generator leaves the higher bits of a seed out.
        generator = torch.Generator().manual_seed(zlib.crc32(f"{self.seed} {label}".encode()))
        return torch.rand(weight.shape, generator=generator, device="cpu").to(weight.device)


@dataclass(frozen=True)
class Rows(Ranked):
    """Whole rows (weight[i]: an output unit, a filter) go, those with the smallest L1 or L2 norm first.

    The sparsity is then the share of rows.
    """

    norm: int = 2
    name = "rows"

    def __post_init__(self) -> None:
        if self.norm not in (1, 2):
            raise PruningError(f"rows are ranked by the norm 1 or 2, not {self.norm}")

    def scores(self, weight: Tensor, label: str) -> Tensor:
        if weight.ndim < 2:
            raise PruningError("has no rows to prune: its rank is less than 2", tensor=label)
        norms: Tensor = torch.linalg.vector_norm(weight.flatten(1), self.norm, dim=1)
        return norms

    def units(self, weight: Tensor) -> int:
        return len(weight) if weight.ndim else 1


@dataclass(frozen=True)
class Threshold(Fixed):
    """Whatever is smaller than quality * std(weight) goes (Han et al. 2015, section 4).

    The paper does not say which standard deviation. This is the population's, about the mean, of the entries
    that were not pruned before.
    """

    quality: float
    name = "threshold"

    def __post_init__(self) -> None:
        if not self.quality >= 0:
            raise PruningError(f"the quality of a threshold is 0 or more, not {self.quality}")

    def mask(self, weight: Tensor, alive: Tensor | None, label: str) -> Tensor:
        values = plain(weight, label)
        living = values if alive is None else values[alive]
        if not living.numel():
            return torch.zeros_like(values, dtype=torch.bool)
        kept = values.abs() >= self.quality * living.std(correction=0)
        return kept if alive is None else kept & alive


@dataclass(frozen=True)
class NofM(Fixed):
    """Of every `m` neighbours in a row (weight[i] flattened) the `n` largest stay, as sparse tensor cores want."""

    n: int
    m: int
    name = "n:m"

    def __post_init__(self) -> None:
        if not 0 < self.n < self.m:
            raise PruningError(f"n:m pruning needs 0 < n < m, not {self.n}:{self.m}")

    def mask(self, weight: Tensor, alive: Tensor | None, label: str) -> Tensor:
        scores = plain(weight, label).abs()
        if alive is not None:
            scores = scores.masked_fill(~alive, DEAD)
        columns = weight[0].numel() if weight.ndim and len(weight) else weight.numel()
        if columns % self.m:
            raise PruningError(f"rows of {columns} entries do not divide into groups of {self.m}", tensor=label)
        order = scores.reshape(-1, self.m).sort(dim=1, descending=True, stable=True).indices
        kept = torch.zeros(order.shape, dtype=torch.bool, device=weight.device)
        kept = kept.scatter_(1, order[:, : self.n], True).reshape(weight.shape)
        return kept if alive is None else kept & alive


def plain(weight: Tensor, label: str) -> Tensor:
    """The values as float32, or float64 if they are, detached. Raises PruningError for NaN, infinity, integers."""
    if not weight.is_floating_point():
        raise PruningError(f"only floating point tensors are pruned, not {weight.dtype}", tensor=label)
    values = weight.detach()
    values = values if values.dtype == torch.float64 else values.to(torch.float32)
    if values.numel() and not torch.isfinite(torch.stack(torch.aminmax(values))).all():
        raise PruningError("holds NaN or infinity, which have no place in an order of magnitudes", tensor=label)
    return values
