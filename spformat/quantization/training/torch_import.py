"""The first import of this package: without torch the error names the extra."""

from __future__ import annotations

from ...errors import MissingExtraError

try:
    import torch as torch
except ImportError as error:
    raise MissingExtraError("torch is needed and not installed: pip install spformat[torch]") from error
