"""What positions cost in files, beside the bound of iid masks: python -m tools.bench.positions [--vgg16 [PREFIX]]

Counted in packed files: masks or gaps and pointers, and of the index the parameters, classes and tables of the codecs
of positions (a table that values use too is counted, once). With --vgg16 also the bytes of that network beside the
order-0 bound: all of it, 553 MB, or the layers whose names start so.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import spformat
from spformat.container import canonical
from spformat.layouts.table import Csr
from spformat.limits import Limits
from spformat.numpy import Array
from spformat.reader import Reader
from spformat.tensor_file import TensorFile
from tools.bench import vgg16_bound
from tools.bench.inputs import INPUTS
from tools.bench.markdown import table
from tools.bench.vgg16_bound import entropy

MASKS = {
    **{f"magnitude {percent} %": f"encoder-bf16-{percent}" for percent in (50, 80, 90, 95)},
    **{f"Wanda {percent} %": f"wanda-bf16-{percent}" for percent in (50, 80, 90)},
    "2:4": "encoder-bf16-2of4",
    "4:8": "encoder-bf16-4of8",
}


@dataclass(frozen=True)
class Positions:
    """Bits per weight.

    counted: positions with their tables and classes. all_but_values: the whole file but the values; names, digests
    and frame too. iid_bound: H(density) of each tensor. dense: number of tensors stored without positions.
    """

    counted: float
    all_but_values: float
    iid_bound: float
    dense: int


def positions(data: bytes) -> Positions:
    """What positions cost in a packed file."""
    report = spformat.inspect(data, bound=False)
    accounts = [tensor.accounting for tensor in report.tensors]
    stored = sum(account.index_bytes + account.pointer_bytes for account in accounts)
    values = sum(account.value_bytes for account in accounts)
    sizes = [tensor.nonzeros / tensor.density if tensor.nonzeros else 0 for tensor in report.tensors]
    bound = sum(size * entropy(tensor.density) for size, tensor in zip(sizes, report.tensors, strict=True))
    return Positions(
        counted=8 * (stored + _bytes_in_index(data)) / report.file.parameters,
        all_but_values=8 * (len(data) - values) / report.file.parameters,
        iid_bound=bound / report.file.parameters,
        dense=sum(tensor.layout == "dense" for tensor in report.tensors),
    )


def _bytes_in_index(data: bytes) -> int:
    """What the codecs of positions take in the index: their parameters, classes and tables."""
    tables: set[int] = set()
    size = 0
    with Reader(data) as reader:
        for entry in reader.entries.values():
            index, layout = entry.storage.coding.index, entry.storage.layout
            if entry.target is not None or index is None:
                continue
            if isinstance(layout, Csr):
                size += len(canonical.pack(layout.parameters()))
            size += len(canonical.pack(index if isinstance(index, int) else index.to_wire()))
            tables |= set() if isinstance(index, int) else set(index.tables())
    file = TensorFile(data, Limits())
    stored = file.index.tables
    file.close()
    return size + sum(len(canonical.pack(stored[number])) for number in tables)


def report(names: dict[str, str] = MASKS) -> str:
    """A Markdown table of the 36 encoder matrices under each mask."""
    rows = []
    for label, name in names.items():
        tensors: dict[str, Array] = INPUTS[name]()
        found = positions(spformat.save(tensors))
        numbers = (found.iid_bound, found.counted, found.all_but_values)
        rows.append([label, *(f"{number:.4f}" for number in numbers), str(found.dense)])
    return table(["bits per weight", "H(p)", "positions", "all but values", "tensors without positions"], rows)


def main() -> None:
    """Prints the reports."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.positions", description=__doc__)
    parser.add_argument("--vgg16", nargs="?", const="", metavar="PREFIX", help="such as conv or fc7; all if left out")
    options = parser.parse_args()
    print(report(), flush=True)
    if options.vgg16 is not None:
        print("\n" + vgg16_bound.report(options.vgg16))


if __name__ == "__main__":
    main()
