from typing import Any

import numpy as np
import numpy.typing as npt

BLOCK_BYTES: int

def run(
    task: str,
    blocks: npt.NDArray[np.uint8],
    file: int,
    memory: npt.NDArray[np.uint8] | None,
    threads: int,
) -> tuple[int, int, int, int] | None: ...
def gap_costs(
    blocks: npt.NDArray[np.uint8], costs: npt.NDArray[np.uint64], threads: int
) -> tuple[int, int, int, int] | None: ...
def xxh3_64(data: npt.NDArray[Any]) -> int: ...
def key_histogram(
    data: npt.NDArray[np.uint8], itemsize: int, shift: int, mask: int, histogram: npt.NDArray[np.uint64]
) -> None: ...
def select_simd(allow: bool) -> bool: ...
def simd_name() -> str: ...

CODING_BYTES: int
DECODE_MODEL_BYTES: int
ENCODE_MODEL_BYTES: int

def expand_model(
    frequency: npt.NDArray[np.uint16], decode: npt.NDArray[np.uint8], encode: npt.NDArray[np.uint8]
) -> None: ...
def most_stored_bytes(blocks: npt.NDArray[np.uint8], out: npt.NDArray[np.uint64]) -> None: ...
def count_symbols(
    blocks: npt.NDArray[np.uint8], counts: npt.NDArray[np.uint64], threads: int
) -> tuple[int, int, int, int] | None: ...
def distinct_nonzeros(
    data: npt.NDArray[np.uint8],
    itemsize: int,
    patterns: npt.NDArray[np.uint64],
    counts: npt.NDArray[np.uint64],
) -> int: ...
def read_table(table: bytes, frequencies: npt.NDArray[np.uint16]) -> int: ...
def unpack_bits(stream: bytes, width: int, out: npt.NDArray[np.uint8]) -> None: ...
