"""What quantization loses: signal-to-noise ratio and the largest error."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, isnan, log10

import numpy as np

from ..errors import ConfigError
from .arrays import Array, Floats, finite


@dataclass(frozen=True)
class Fidelity:
    """How near a quantized tensor is to the original.

    snr_db: 10 log10(sum of squares / sum of squared errors) in decibels; infinite without any error.
    largest_error: the largest absolute difference of two entries.
    """

    snr_db: float
    largest_error: float

    def __post_init__(self) -> None:
        if isnan(self.snr_db) or not self.largest_error >= 0:
            found = f"{self.snr_db} and {self.largest_error}"
            raise ConfigError("what was lost", expected="no NaN, and an error that is not negative", found=found)


def fidelity(original: Array, restored: Array) -> Fidelity:
    """Compare two float arrays of one shape, in float64. Raises ConfigError for other shapes and for NaN."""
    if original.shape != restored.shape:
        raise ConfigError("the shapes differ", expected=original.shape, found=restored.shape)
    wide = finite(original)
    with np.errstate(over="ignore"):
        error = wide - finite(restored)
    largest = float(np.abs(error).max(initial=0.0))
    if not isfinite(largest):
        return Fidelity(-inf, inf)
    return Fidelity(_decibels(wide) - _decibels(error) if largest else inf, largest)


def _decibels(values: Floats) -> float:
    """10 log10 of the sum of squares, of numbers whose squares may be beyond float64."""
    largest = float(np.abs(values).max(initial=0.0))
    if not largest:
        return -inf
    scaled = values / largest
    return 20 * log10(largest) + 10 * log10(float(np.vdot(scaled, scaled)))
