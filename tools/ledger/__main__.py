"""Compares the sizes that the writer makes with those of the ledger: python -m tools.ledger [--write]

Without --write it prints the lines that differ, and exits with 1 if there are any.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Mapping
from pathlib import Path

import spformat
from spformat.numpy import Array
from spformat.quantized import QuantizedTensor
from tools.ledger.quantized import quantized
from tools.ledger.tensors import files, tensors

LEDGER = Path(__file__).parent / "ledger.txt"
_HEAD = """\
# What the tensors of tools/ledger/tensors.py and quantized.py take, in bytes: each in a file of its own, then some in
# one file.
# Refreshed by python -m tools.ledger --write. "fast" is without entropy coding.
"""


def ledger() -> str:
    """The text of the ledger as the writer makes it now."""
    head = ["tensor", "shape", "layout", "codecs", "dense", "bytes", "fast"]
    rows = [head, *([name, *_one(array)] for name, array in tensors().items())]
    rows += [[], ["quantized", *head[1:]], *([name, *_one(tensor)] for name, tensor in quantized().items())]
    rows += [[], ["file", "tensors", "layouts", "", "dense", "bytes", "fast"]]
    rows += [[name, *_many(given)] for name, given in files().items()]
    widths = [max(len(row[column]) for row in rows if row) for column in range(len(head))]
    return _HEAD + "\n".join(_line(row, widths) for row in rows) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Parses the command line; writes or compares."""
    parser = argparse.ArgumentParser(prog="python -m tools.ledger", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write what the writer makes now")
    now = ledger()
    if parser.parse_args(arguments).write:
        LEDGER.write_text(now)
        return
    changed = list(
        difflib.unified_diff(LEDGER.read_text().splitlines(), now.splitlines(), "ledger", "now", "", "", 0, "")
    )
    print("\n".join(changed))
    sys.exit(bool(changed))


def _one(array: Array | QuantizedTensor) -> list[str]:
    data, fast = _packed({"weight": array})
    (tensor,) = spformat.inspect(data, bound=False).tensors
    shape = "x".join(map(str, array.shape)) or "scalar"
    return [shape, tensor.layout, " ".join(tensor.codecs), str(tensor.dense_bytes), str(len(data)), str(len(fast))]


def _many(given: dict[str, Array]) -> list[str]:
    data, fast = _packed(given)
    layouts = " ".join(sorted({tensor.layout for tensor in spformat.inspect(data, bound=False).tensors}))
    dense = sum(array.nbytes for array in given.values())
    return [str(len(given)), layouts, "", str(dense), str(len(data)), str(len(fast))]


def _packed(given: Mapping[str, Array | QuantizedTensor]) -> tuple[bytes, bytes]:
    """As it is by default, and without entropy coding. One thread: the sizes must not depend on it."""
    return spformat.save(given, threads=1), spformat.save(given, policy=spformat.Policy(fast=True), threads=1)


def _line(cells: list[str], widths: list[int]) -> str:
    """Text to the left, sizes to the right."""
    pairs = zip(cells, widths, strict=False)
    padded = [cell.rjust(width) if number > 3 else cell.ljust(width) for number, (cell, width) in enumerate(pairs)]
    return "  ".join(padded).rstrip()


if __name__ == "__main__":
    main()
