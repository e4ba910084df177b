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
