"""Chains of integer layers, with the steps between them that only move codes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .activation_grid import ActivationGrid, Codes
from .arrays import Array, Floats


class Step(Protocol):
    """What takes codes and gives codes; and, to be compared with, the same of what they stand for."""

    def run(self, codes: Codes) -> Codes:
        """Codes in, codes out."""

    def simulate(self, values: Floats) -> Floats:
        """Real numbers in, on a grid; real numbers out, on the next one."""


@dataclass(frozen=True)
class Flatten:
    """(batch, ...) to (batch, the rest)."""

    def run(self, codes: Codes) -> Codes:
        """The same codes, as rows."""
        return codes.reshape(len(codes), math.prod(codes.shape[1:]))

    def simulate(self, values: Floats) -> Floats:
        """The same numbers, as rows."""
        return values.reshape(len(values), math.prod(values.shape[1:]))


@dataclass(frozen=True)
class MaxPool:
    """The largest code of each window, as the order of codes is that of values. Without padding."""

    size: tuple[int, int]
    stride: tuple[int, int]

    def run(self, codes: Codes) -> Codes:
        """(batch, channels, height, width) to the same with a window for each entry."""
        largest: Codes = self._windows(codes).max(axis=(4, 5))
        return largest

    def simulate(self, values: Floats) -> Floats:
        """The largest number of each window."""
        largest: Floats = self._windows(values).max(axis=(4, 5))
        return largest

    def _windows(self, entries: Array) -> Array:
        return sliding_window_view(entries, self.size, axis=(2, 3))[:, :, :: self.stride[0], :: self.stride[1]]


@dataclass(frozen=True)
class IntegerChain:
    """Steps one after the other, from codes on `source` to codes on `target`.

    `simulate` gives what calling the chain gives, at any depth: both round the same numbers by the same rule. In
    float32 it would not: a sum that is nearly a tie would round to the other neighbour, and the layers behind would
    make more of it than the one step that it was.
    """

    source: ActivationGrid
    target: ActivationGrid
    steps: Sequence[Step]

    def run(self, codes: Codes) -> Codes:
        """All steps, in integers."""
        for step in self.steps:
            codes = step.run(codes)
        return codes

    def __call__(self, values: Array) -> NDArray[np.float32]:
        """Floats in and out: quantize, run, dequantize."""
        return self.target.dequantize(self.run(self.source.quantize(values)))

    def simulate(self, values: Array) -> NDArray[np.float32]:
        """The same in float64, with the real numbers that codes stand for: what to check the integers against."""
        numbers = self.source.real(self.source.quantize(values))
        for step in self.steps:
            numbers = step.simulate(numbers)
        return self.target.dequantize(self.target.quantize(numbers))
