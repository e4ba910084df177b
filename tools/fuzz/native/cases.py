"""Blocks of the conformance vectors for the native harness: python -m tools.fuzz.native.cases CASES CORPUS.

What the index says of a block stays as it is there, for it is checked before a kernel sees it; the harness changes
stored bytes, counts and tables. Each block, table and index also becomes a first input in the folder CORPUS.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from spformat import _native
from spformat.codecs.frequencies import Table
from spformat.file_entries import Entry
from spformat.layouts import jobs
from spformat.layouts.coding import Codebook, Scaled, Strips
from spformat.layouts.model_bank import ModelBank, NativeCoding
from spformat.reader import Reader

from ..seeds import VECTORS


def main(cases: Path, corpus: Path) -> None:
    """Writes the cases, each with its length before it, and the corpus."""
    corpus.mkdir(parents=True, exist_ok=True)
    with cases.open("wb") as file:
        for number, (block, stored) in enumerate(_blocks()):
            file.write(_sized(block))
            (corpus / f"block-{number:03}").write_bytes(struct.pack("<Hbb", number, 0, 0) + stored)
    for path in sorted(VECTORS.rglob("*.spf")):
        with Reader(path) as reader:
            for number, table in enumerate(_tables(reader)):
                (corpus / f"table-{path.stem}-{number}").write_bytes(b"\xff\xff\0\0" + table)
            offset = reader._file.footer.index_offset
            (corpus / f"index-{path.stem}").write_bytes(struct.pack("<HI", 0xFFFE, offset) + reader._file.index_data)


def _blocks() -> Iterator[tuple[bytes, bytes]]:
    """(a case, the block's stored bytes) of every block of every vector."""
    for path in sorted(VECTORS.rglob("*.spf")):
        with Reader(path) as reader:
            for entry in reader.stored:
                rows = jobs.rows(entry.storage, entry.shape, entry.dtype.itemsize, 0, 0, fresh=True)
                coding = _coding(reader, entry)
                for number, row in enumerate(rows):
                    yield row + coding, reader.stored_block(entry.name, number)


def _coding(reader: Reader, entry: Entry) -> bytes:
    """The coding as the kernels have it, then what it points to; nothing when the tensor is plain."""
    coding = entry.storage.coding
    if coding.is_plain:
        return b""
    tables = _tables(reader)
    native = NativeCoding(coding, ModelBank([Table(data) for data in tables]), entry.dtype.itemsize)
    strips = coding.index if isinstance(coding.index, Strips) else Strips(0, 0, b"", b"", b"")
    scaled = coding.value if isinstance(coding.value, Scaled) else None
    book = coding.value if scaled is None else scaled.steps
    patterns = book.patterns if isinstance(book, Codebook) else b""
    scales, tops = (b"", b"") if scaled is None else (scaled.scales, scaled.tops)
    parts = [strips.strip_tables, strips.rows, strips.columns, patterns, scales, tops, b"".join(map(_sized, tables))]
    return ctypes.string_at(native.address, _native.CODING_BYTES) + b"".join(map(_sized, parts))


def _tables(reader: Reader) -> list[bytes]:
    return reader._file.index.tables


def _sized(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
