"""spformat: the file format and codec for pruned neural networks.

Switching from safetensors is changing an import: spformat.torch and spformat.numpy have the same verbs; the functions
here work on numpy arrays. This package never imports torch by itself.
"""

from __future__ import annotations

from . import errors
from .diff import diff
from .errors import SpformatError
from .inspection.report import inspect
from .limits import Limits
from .numpy import load, load_file, save, save_file
from .pack import pack
from .planning.policy import GapRequest, Policy, preset
from .safe_open import safe_open
from .unpack import unpack
from .verify import verify

__version__ = "0.1.0"

__all__ = [
    "GapRequest",
    "Limits",
    "Policy",
    "SpformatError",
    "__version__",
    "diff",
    "errors",
    "inspect",
    "load",
    "load_file",
    "pack",
    "preset",
    "safe_open",
    "save",
    "save_file",
    "unpack",
    "verify",
]
