"""What a rival is: a way to store tensors, with all its settings fixed; and which of them are installed."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from spformat.numpy import Array
from tools.bench import rivals

Tensors: TypeAlias = dict[str, Array]


@dataclass(frozen=True)
class Rival:
    """A way to store tensors.

    save(tensors, path, threads) writes a file, or a folder of them, at `path`. load(path, threads) goes from opening
    it to arrays in memory. Both use at most `threads` threads. package: the distribution whose version is reported.
    lossless: what its makers say; the benchmark compares every output all the same.
    """

    name: str
    save: Callable[[Tensors, Path, int], None]
    load: Callable[[Path, int], Tensors]
    package: str
    lossless: bool = True

    @property
    def version(self) -> str:
        """Of the package, such as "torch 2.13.0"."""
        return f"{self.package} {importlib.metadata.version(self.package)}"


def installed(only: list[str] | None = None) -> tuple[list[Rival], list[str]]:
    """The rivals whose packages can be imported, and the modules of the others, each with the reason.

    only: names of modules in tools/bench/rivals; all by default. Raises ModuleNotFoundError for names that are not
    there.
    """
    found: list[Rival] = []
    missing: list[str] = []
    for name in only or sorted(module.name for module in pkgutil.iter_modules(rivals.__path__)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of other people's packages
                module = importlib.import_module(f"{rivals.__name__}.{name}")
        except ImportError as error:
            if (error.name or "").split(".")[0] in ("tools", "spformat"):
                raise
            missing.append(f"{name}: not installed ({error})")
            continue
        found += module.RIVALS
    return found, missing
