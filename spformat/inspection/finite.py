"""What JSON cannot say in numbers."""

from __future__ import annotations

import math
from typing import Any


def finite(value: Any) -> Any:
    """The value with NaN and infinities as text ("nan", "inf", "-inf"), in dicts and lists too."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
