"""Chains of integer layers, with the steps between them that only move codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .activation_grid import ActivationGrid, Codes
from .arrays import Array


class Step(Protocol):
    """What takes codes and gives codes."""

    def run(self, codes: Codes) -> Codes:
        """Codes in, codes out."""


@dataclass(frozen=True)
class Flatten:
    """(batch, ...) to (batch, the rest)."""

    def run(self, codes: Codes) -> Codes:
        """The same codes, as rows."""
        return codes.reshape(len(codes), -1)


@dataclass(frozen=True)
class MaxPool:
    """The largest code of each window, as the order of codes is that of values. Without padding."""

    size: tuple[int, int]
    stride: tuple[int, int]

    def run(self, codes: Codes) -> Codes:
        """(batch, channels, height, width) to the same with a window for each entry."""
        windows = sliding_window_view(codes, self.size, axis=(2, 3))
        largest: Codes = windows[:, :, :: self.stride[0], :: self.stride[1]].max(axis=(4, 5))
        return largest


@dataclass(frozen=True)
class IntegerChain:
    """Steps one after the other, from codes on `source` to codes on `target`."""

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
