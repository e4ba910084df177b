"""Coverage-guided fuzzing of what reads the index, in Python, by atheris (the extra `fuzz`).

python -m tools.fuzz.index_coverage -max_total_time=600: an input is the index of a file whose digests are right; the
first ones are those of the vectors. Arguments are libFuzzer's. It ends with a traceback when anything is found.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import atheris

from spformat.errors import SpformatError
from tests import forge

from .content import content_of
from .seeds import Seed, seeds


def main() -> None:
    originals = seeds()
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(originals):
            (Path(folder) / str(number)).write_bytes(number.to_bytes(1, "little") + _index(seed))
        for function in _functions():
            atheris.instrument_func(function)
        atheris.Setup([*sys.argv, folder], lambda data: try_index(originals, data))
        atheris.Fuzz()


def try_index(originals: list[Seed], data: bytes) -> None:
    """The file of a vector with another index: refused by an error of ours, or read."""
    if not data:
        return
    opened = originals[data[0] % len(originals)].opened()
    try:
        content_of(bytes(forge.file_of(None, bytes(opened.body), version=opened.version, index=data[1:])))
    except SpformatError as error:
        if error.kind == "limits/memory":
            raise MemoryError(str(error)) from error


def _functions() -> Iterator[FunctionType]:
    """Those of spformat that were loaded. (The hook of atheris for imports does not reach an editable install.)"""
    for name, module in list(sys.modules.items()):
        if name.startswith("spformat."):
            holders = [module, *(value for value in vars(module).values() if isinstance(value, type))]
            for value in [value for holder in holders for value in vars(holder).values()]:
                if isinstance(value, FunctionType) and value.__module__ == name:
                    yield value


def _index(seed: Seed) -> bytes:
    footer = seed.data[-40:-24]
    start, length = int.from_bytes(footer[:8], "little"), int.from_bytes(footer[8:], "little")
    return seed.data[start : start + length]


if __name__ == "__main__":
    main()
