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
def nonzero_mask(data: npt.NDArray[np.uint8], itemsize: int, mask: npt.NDArray[np.uint64], threads: int) -> int: ...
def transpose_mask(
    mask: npt.NDArray[np.uint8], rows: int, columns: int, out: npt.NDArray[np.uint8]
) -> tuple[int, int, int, int] | None: ...
def gap_costs(
    mask: npt.NDArray[np.uint8], blocks: npt.NDArray[np.uint8], costs: npt.NDArray[np.uint64], threads: int
) -> tuple[int, int, int, int] | None: ...
def count_symbols(
    mask: npt.NDArray[np.uint8], blocks: npt.NDArray[np.uint8], counts: npt.NDArray[np.uint64], threads: int
) -> tuple[int, int, int, int] | None: ...
def count_lines(
    mask: npt.NDArray[np.uint8], by_row: npt.NDArray[np.uint32], by_column: npt.NDArray[np.uint64], threads: int
) -> tuple[int, int, int, int] | None: ...
def count_cells(
    mask: npt.NDArray[np.uint8],
    of_row: npt.NDArray[np.uint8],
    of_column: npt.NDArray[np.uint8],
    cells: npt.NDArray[np.uint64],
    threads: int,
) -> tuple[int, int, int, int] | None: ...
def xxh3_64(data: npt.NDArray[Any]) -> int: ...
def key_histogram(
    data: npt.NDArray[np.uint8], itemsize: int, shift: int, mask: int, histogram: npt.NDArray[np.uint64]
) -> None: ...
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
        codebook: bytes,
        codebook_values: int,
        run: int,
        scales: bytes,
    ) -> None: ...
    @property
    def address(self) -> int: ...

def most_stored_bytes(blocks: npt.NDArray[np.uint8], out: npt.NDArray[np.uint64]) -> None: ...
def class_entropies(
    cells: npt.NDArray[np.uint64],
    rows: npt.NDArray[np.uint64],
    columns: npt.NDArray[np.uint64],
    bits: npt.NDArray[np.float64],
) -> None: ...
def distinct_nonzeros(
    data: npt.NDArray[np.uint8],
    itemsize: int,
    patterns: npt.NDArray[np.uint64],
    counts: npt.NDArray[np.uint64],
) -> int: ...
def read_table(table: bytes, frequencies: npt.NDArray[np.uint16]) -> int: ...
def read_classes(stream: bytes, width: int, classes: int, count: int) -> bytes | None: ...
def make_table(counts: npt.NDArray[np.float64], by_popcount: bool, literal_bits: int, outside: float) -> bytes: ...
def make_mask_tables(counts: npt.NDArray[np.uint64]) -> tuple[list[bytes], float]: ...
def symbol_bits(table: bytes, literal_bits: int, bits: npt.NDArray[np.float64]) -> None: ...

Head: TypeAlias = tuple[str, int, tuple[int, ...], int, bool, int]

class Index:
    def __init__(self, data: bytes) -> None: ...
    def read(self, offset: int, most_tensors: int) -> bool: ...
    def heads(self) -> list[Head]: ...
    def metadata(self) -> bytes: ...
    def decode(
        self,
        numbers: npt.NDArray[np.uint32],
        addresses: npt.NDArray[np.uint64],
        file: int,
        memory: npt.NDArray[np.uint8] | None,
        threads: int,
    ) -> bool: ...
