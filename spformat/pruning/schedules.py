"""When the mask is renewed, and to which sparsity."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ..errors import PruningError
from .selection import check_sparsity

NEVER_ENDS = -1


class Schedule(ABC):
    """Maps the step of training (0 before the first) to a sparsity, at the steps at which there is an update."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def final(self) -> float:
        """The sparsity that the last update reaches."""

    @abstractmethod
    def at(self, step: int) -> float | None:
        """The sparsity to prune to at this step; None where the mask stays as it is."""

    def describe(self) -> dict[str, Any]:
        """The name and its parameters, as metadata."""
        return {"name": self.name, **asdict(self)}  # type: ignore[call-overload]  # every schedule is a dataclass


@dataclass(frozen=True)
class OneShot(Schedule):
    """Everything at once, at step `begin`."""

    sparsity: float
    begin: int = 0
    name = "one-shot"

    def __post_init__(self) -> None:
        check_sparsity(self.sparsity)
        _check_steps(self.begin, self.begin, 1)

    @property
    def final(self) -> float:
        return self.sparsity

    def at(self, step: int) -> float | None:
        return self.sparsity if step == self.begin else None


@dataclass(frozen=True)
class Constant(Schedule):
    """The same sparsity at every update from `begin` on, every `frequency` steps, up to `end` (-1: for ever)."""

    sparsity: float
    begin: int = 0
    end: int = NEVER_ENDS
    frequency: int = 100
    name = "constant"

    def __post_init__(self) -> None:
        check_sparsity(self.sparsity)
        _check_steps(self.begin, self.begin if self.end == NEVER_ENDS else self.end, self.frequency)

    @property
    def final(self) -> float:
        return self.sparsity

    def at(self, step: int) -> float | None:
        late = self.end != NEVER_ENDS and step > self.end
        return None if late or step < self.begin or (step - self.begin) % self.frequency else self.sparsity


@dataclass(frozen=True)
class Gradual(Schedule):
    """Rapidly first, then ever less: s_f + (s_i - s_f) (1 - (t - begin) / (end - begin))^power
    (Zhu and Gupta 2017, equation 1, where the power is 3).

    Updates at begin, begin + frequency, ... and always at `end`, also where the frequency does not divide the
    span, so that the final sparsity is reached exactly: n + 1 updates where it divides the span n times.

    >>> [round(Gradual(0.9, begin=0, end=10, frequency=1).at(t), 4) for t in (0, 1, 5, 10)]
    [0.0, 0.2439, 0.7875, 0.9]
    """

    sparsity: float
    begin: int
    end: int
    frequency: int = 100
    initial: float = 0.0
    power: float = 3.0
    name = "gradual"

    def __post_init__(self) -> None:
        check_sparsity(self.sparsity)
        check_sparsity(self.initial, "initial sparsity")
        _check_steps(self.begin, self.end, self.frequency)
        if self.initial > self.sparsity:
            raise PruningError(f"sparsity cannot fall from {self.initial} to {self.sparsity}")
        if self.power <= 0:
            raise PruningError(f"the power must be positive, not {self.power}")

    @property
    def final(self) -> float:
        return self.sparsity

    def at(self, step: int) -> float | None:
        if step == self.end:
            return self.sparsity
        if not self.begin <= step < self.end or (step - self.begin) % self.frequency:
            return None
        left = 1 - (step - self.begin) / (self.end - self.begin)
        return float(self.sparsity + (self.initial - self.sparsity) * left**self.power)


@dataclass(frozen=True)
class Iterative(Schedule):
    """Prune, retrain for `frequency` steps, prune again: `rounds` updates, each of the same share of survivors,
    so that the last leaves 1 - sparsity of the weights.

    >>> [round(Iterative(0.9, rounds=3, frequency=50).at(t), 4) for t in (0, 50, 100)]
    [0.5358, 0.7846, 0.9]
    """

    sparsity: float
    rounds: int
    begin: int = 0
    frequency: int = 100
    name = "iterative"

    def __post_init__(self) -> None:
        check_sparsity(self.sparsity)
        _check_steps(self.begin, self.begin, self.frequency)
        share_per_round(self.sparsity, self.rounds)

    @property
    def final(self) -> float:
        return self.sparsity

    def at(self, step: int) -> float | None:
        done, rest = divmod(step - self.begin, self.frequency)
        return None if rest or not 0 <= done < self.rounds else sparsity_after(done + 1, self.rounds, self.sparsity)


@dataclass(frozen=True)
class Rounds(Schedule):
    """No update at any step: a recipe, such as train_prune_retrain, calls Pruner.prune itself, round by round."""

    sparsity: float
    rounds: int
    recipe: str
    name = "rounds"

    @property
    def final(self) -> float:
        return self.sparsity

    def at(self, step: int) -> float | None:  # noqa: ARG002
        return None


def share_per_round(sparsity: float, rounds: int) -> float:
    """The share of survivors to prune in each round to end at `sparsity`: 1 - (1 - sparsity)^(1/rounds).

    (Not sparsity^(1/rounds), as one reads: that leaves another network.)

    >>> round(share_per_round(0.9, 5), 6)
    0.369043
    """
    if rounds < 1:
        raise PruningError(f"there must be at least one round, not {rounds}")
    return float(1 - (1 - check_sparsity(sparsity)) ** (1 / rounds))


def sparsity_after(done: int, rounds: int, sparsity: float) -> float:
    """The sparsity after `done` of `rounds` rounds that end exactly at `sparsity`."""
    return sparsity if done >= rounds else 1 - (1 - sparsity) ** (done / rounds)


def _check_steps(begin: int, end: int, frequency: int) -> None:
    if begin < 0 or end < begin:
        raise PruningError(f"the first step must be 0 or more and the last not before it, not {begin} to {end}")
    if frequency < 1:
        raise PruningError(f"the frequency is a number of steps, 1 or more, not {frequency}")
