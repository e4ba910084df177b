"""What quantization loses: signal-to-noise ratio and the largest error."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log10

import numpy as np

from ..errors import ConfigError
from .arrays import Array, finite


@dataclass(frozen=True)
class Fidelity:
    """How near a quantized tensor is to the original.

    snr_db: 10 log10(sum of squares / sum of squared errors) in decibels; infinite without any error.
    largest_error: the largest absolute difference of two entries.
    """

    snr_db: float
    largest_error: float


def fidelity(original: Array, restored: Array) -> Fidelity:
    """Compare two float arrays of one shape, in float64. Raises ConfigError for other shapes and for NaN."""
    if original.shape != restored.shape:
        raise ConfigError("the shapes differ", expected=original.shape, found=restored.shape)
    wide = finite(original)
    error = wide - finite(restored)
    snr = _decibels(float(np.vdot(wide, wide)), float(np.vdot(error, error)))
    return Fidelity(snr, float(np.abs(error).max(initial=0.0)))


def _decibels(signal: float, noise: float) -> float:
    if noise == 0:
        return inf
    return 10 * log10(signal / noise) if signal else -inf
