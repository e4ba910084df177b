"""The safetensors file through zstd, what people do by hand: as pzstd does it, in pieces that decode in parallel.

The pieces are decoded into the memory of the tensors, which the file's header then describes.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import safetensors.torch
import zstandard

from spformat.dtypes import BY_NAME
from tools.bench.rival import Rival, Tensors
from tools.bench.torch_io import to_torch

_PIECE = 8 << 20  # the window of level 19: larger pieces would hardly be smaller
_LENGTH_BYTES = 8


def _save(tensors: Tensors, path: Path, threads: int, level: int) -> None:
    data = memoryview(safetensors.torch.save(to_torch(tensors)))
    pieces = [data[start : start + _PIECE] for start in range(0, len(data), _PIECE)]
    with ThreadPoolExecutor(threads) as pool:
        frames = list(pool.map(lambda piece: zstandard.ZstdCompressor(level=level).compress(piece), pieces))
    numbers = np.array([len(data), *map(len, frames)], "<u8")
    path.write_bytes(b"".join([len(numbers).to_bytes(_LENGTH_BYTES, "little"), numbers.tobytes(), *frames]))


def _load(path: Path, threads: int) -> Tensors:
    data = memoryview(path.read_bytes())
    count = int.from_bytes(data[:_LENGTH_BYTES], "little")
    size, *lengths = np.frombuffer(data, "<u8", count, _LENGTH_BYTES).tolist()
    ends = np.cumsum([_LENGTH_BYTES * (1 + count), *lengths]).tolist()
    out = np.empty(size, np.uint8)

    def decode(number: int) -> None:
        frame = data[ends[number] : ends[number + 1]]
        with zstandard.ZstdDecompressor().stream_reader(frame) as reader:
            piece = out[number * _PIECE : (number + 1) * _PIECE].data
            while piece:
                piece = piece[reader.readinto(piece) :]

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(decode, range(len(lengths))))
    return _described(out)


def _described(out: np.typing.NDArray[np.uint8]) -> Tensors:
    """The tensors of a safetensors file in memory."""
    start = _LENGTH_BYTES + int.from_bytes(out[:_LENGTH_BYTES].tobytes(), "little")
    tensors = {}
    for name, said in json.loads(out[_LENGTH_BYTES:start].tobytes()).items():
        first, last = said["data_offsets"]
        dtype = BY_NAME[said["dtype"]].numpy
        assert dtype is not None
        tensors[name] = out[start + first : start + last].view(dtype).reshape(said["shape"])
    return tensors


RIVALS = [Rival(f"safetensors + zstd -{level}", partial(_save, level=level), _load, "zstandard") for level in (3, 19)]
