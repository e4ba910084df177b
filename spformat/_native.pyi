from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

BLOCK_BYTES: int
CODING_BYTES: int

def run(
    task: str,
    blocks: npt.NDArray[np.uint8],
    file: int,
    memory: npt.NDArray[np.uint8] | None,
    threads: int,
) -> tuple[int, int, int, int] | None: ...
def xxh3_64(data: npt.NDArray[Any]) -> int: ...
def select_simd(name: str) -> bool: ...
def simd_names() -> list[str]: ...
def simd_name() -> str: ...

class Models:
    def __init__(self, encoding: bool) -> None: ...
    def expand(self, number: int, table: bytes) -> None: ...
    def largest(self, number: int) -> int: ...

class Coding:
    def __init__(
        self,
        models: Models,
        index_codec: int,
        index_table: int,
        row_classes: int,
        column_classes: int,
        strip_tables: bytes,
        rows: bytes,
        columns: bytes,
        value_codec: int,
        value_table: int,
        shift: int,
        base: int,
        code_codec: int,
        codes_in_byte: int,
        codebook: bytes,
        codebook_values: int,
        run: int,
        row: int,
        scales: bytes,
        modulus: int,
        tops: bytes,
    ) -> None: ...
    @property
    def address(self) -> int: ...

def most_stored_bytes(blocks: npt.NDArray[np.uint8], out: npt.NDArray[np.uint64]) -> None: ...
def read_table(table: bytes, frequencies: npt.NDArray[np.uint16]) -> int: ...
def read_classes(stream: bytes, width: int, classes: int, count: int) -> bytes | None: ...

Failure: TypeAlias = tuple[int, int, int, int]
_Bytes: TypeAlias = npt.NDArray[np.uint8]
_Words: TypeAlias = npt.NDArray[np.uint64]
_Floats: TypeAlias = npt.NDArray[np.float64]
_Weighed: TypeAlias = tuple[float, list[tuple[int, int, bytes, float]]]

def nonzero_mask(data: _Bytes, itemsize: int, mask: _Words, threads: int) -> int: ...
def gap_costs(
    mask: _Bytes, elements: int, per_block: int, costs: _Words, symbols: _Words, threads: int
) -> Failure | None: ...
def turned_gap_costs(
    mask: _Bytes,
    rows: int,
    columns: int,
    per_block: int,
    turned: _Bytes,
    costs: _Words,
    symbols: _Words,
    threads: int,
) -> Failure | None: ...
def byte_tables(mask: _Bytes, elements: int, per_block: int, threads: int) -> tuple[list[bytes], float] | Failure: ...
def strip_tables(
    mask: _Bytes,
    rows: int,
    columns: int,
    per_block: int,
    row_classes: int,
    column_classes: int,
    of_rows: bytes,
    of_columns: bytes,
    threads: int,
) -> tuple[list[bytes], float] | Failure: ...
def line_classes(mask: _Bytes, of_row: _Bytes, of_column: _Bytes, bits: _Floats, threads: int) -> Failure | None: ...
def key_histogram(data: _Bytes, itemsize: int, shift: int, mask: int, histogram: _Words) -> None: ...
def leading_bits(
    data: _Bytes, itemsize: int, mask: _Words, shift: int, bits: int, counts: _Words, threads: int
) -> tuple[int, int, _Weighed] | None: ...
def weigh_leading(counts: _Words, first: int, shift: int, width: int) -> _Weighed | None: ...
def split_bits(
    counts: _Words, first: int, shift: int, width: int, split_shift: int, base: int, table: bytes
) -> float: ...
def distinct_nonzeros(data: _Bytes, itemsize: int, patterns: _Words, counts: _Words) -> int: ...
def make_table(counts: _Floats, by_popcount: bool, literal_bits: int, outside: float) -> bytes: ...
def grouped_table(
    data: _Bytes, itemsize: int, patterns: _Words, width: int, of_nonzeros: bool
) -> tuple[bytes, float] | None: ...
def make_symbol_table(counts: _Words) -> tuple[bytes, float]: ...
def symbol_bits(table: bytes, literal_bits: int, bits: _Floats) -> None: ...
def cheapest_table(bits: _Floats, counts: _Words) -> tuple[int, float]: ...
def pack_classes(classes: bytes, width: int) -> bytes: ...

Head: TypeAlias = tuple[str, int, tuple[int, ...], int, bool, int]

class Index:
    def __init__(self, data: bytes, size: int) -> None: ...
    def read(self, offset: int, most_tensors: int) -> bool: ...
    def heads(self) -> list[Head]: ...
    def metadata(self) -> bytes: ...
    def decode(
        self,
        numbers: list[int],
        offsets: list[int],
        arena: Arena,
        file: int,
        memory: npt.NDArray[np.uint8] | None,
        threads: int,
    ) -> bool: ...

class Arena:
    def __init__(self, size: int) -> None: ...
    @property
    def address(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
