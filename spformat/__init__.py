"""spformat: the file format and codec for pruned neural networks.

Switching from safetensors is changing an import: spformat.torch and spformat.numpy have the same verbs; the
functions here work on numpy arrays. Importing this never imports torch; numpy comes with the first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import errors
from .errors import SpformatError

if TYPE_CHECKING:
    from . import numpy as numpy
    from .diff import diff
    from .inspection.report import inspect
    from .limits import Limits
    from .numpy import load, load_file, save, save_file
    from .pack import pack
    from .planning.policy import GapRequest, Policy, preset
    from .prune import prune
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
    "prune",
    "safe_open",
    "save",
    "save_file",
    "unpack",
    "verify",
]

# Where each name comes from when it is first used (PEP 562). All at once, with numpy, took 0.4 s, which
# `spformat --help` and programs that only catch SpformatError need not wait for.
_HOME = {
    "GapRequest": "planning.policy",
    "Limits": "limits",
    "Policy": "planning.policy",
    "diff": "diff",
    "inspect": "inspection.report",
    "load": "numpy",
    "load_file": "numpy",
    "pack": "pack",
    "preset": "planning.policy",
    "prune": "prune",
    "safe_open": "safe_open",
    "save": "numpy",
    "save_file": "numpy",
    "unpack": "unpack",
    "verify": "verify",
}


def __getattr__(name: str) -> Any:
    if name == "numpy":
        return import_module(".numpy", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "numpy"})


class _Package(ModuleType):
    """Keeps the function spformat.pack in view also when the module of that name was imported first."""

    def __setattr__(self, name: str, value: object) -> None:
        # Python makes every imported submodule an attribute of its package.
        if not (isinstance(value, ModuleType) and name in _HOME):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
