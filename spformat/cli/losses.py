"""What quantizing lost, in a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .output import printable

if TYPE_CHECKING:
    from ..pack import QuantizedReport


def losses(quantized: Sequence[QuantizedReport]) -> str:
    """How many tensors were quantized, and which lost most."""
    from ..sources.wording import plural

    text = f"quantized {plural(len(quantized), 'tensor')}"
    known = [(tensor.snr_db, tensor.name) for tensor in quantized if tensor.snr_db is not None]
    errors = [(tensor.largest_error, tensor.name) for tensor in quantized if tensor.largest_error is not None]
    if known:
        snr, name = min(known)
        text += f"; least SNR {snr:.1f} dB ({printable(name)})"
    if errors:
        error, name = max(errors)
        text += f"; largest error {error:.3g} ({printable(name)})"
    return text
