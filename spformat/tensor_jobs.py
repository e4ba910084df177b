"""The four steps of a tensor's way into a file: examined, settled, encoded, written (see assembly_line)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .assembly_line import AssemblyLine, Pieces
from .container.digest import digest
from .container.entry import EntryRecord
from .container.quantization import QuantizationRecord
from .dtypes import DType
from .duplicates import key_of
from .encode import encoded
from .file_body import FileBody
from .layouts.coding import Codebook, Coding, Scaled
from .layouts.model_bank import NativeCoding
from .layouts.storage import Storage
from .planning.candidate import record
from .planning.choose import choose
from .planning.policy import Policy
from .planning.survey import Survey, survey

BitPatterns = npt.NDArray[Any]


@dataclass(frozen=True)
class Steps:
    """A float32 tensor as products (spec/format.md, section 7.7): element i, in C order, is array[i] *
    scales[i // run % len(scales)]; row: elements after which runs begin anew, if not 0; modulus, tops: as of Scaled.
    array: finite float32 of the tensor's shape; scales: float32, finite, not negative.
    """

    array: npt.NDArray[np.float32]
    scales: npt.NDArray[np.float32]
    run: int
    row: int = 0
    modulus: int = 0
    tops: bytes = b""


class TieJob:
    """A name for a tensor that was added before."""

    size = 0

    def __init__(self, body: FileBody, name: str, target: str) -> None:
        self._body, self._name, self._target = body, name, target

    def examine(self, threads: int) -> None:
        """Nothing: it has no bytes."""

    def settle(self) -> None:
        """Nothing."""

    def encode(self, threads: int) -> Pieces:  # noqa: ARG002
        """Nothing."""
        return ()

    def write(self, pieces: Pieces) -> None:  # noqa: ARG002
        """The entry of the name."""
        self._body.append_tie(self._name, self._target)


class TensorJob:
    """A tensor of bit patterns, C-contiguous. steps: what its elements are products of, as `steps.array` of the same
    form says it; it is stored as them where they are few."""

    def __init__(
        self,
        body: FileBody,
        line: AssemblyLine,
        name: str,
        bits: BitPatterns,
        dtype: DType,
        policy: Policy,
        threads: int,
        quantization: QuantizationRecord | None,
        steps: tuple[BitPatterns, Steps] | None,
    ) -> None:
        self.size = bits.nbytes * (1 if steps is None else 2)
        self._body, self._line = body, line
        self._name, self._bits, self._dtype = name, bits, dtype
        self._policy, self._threads = policy, threads
        self._quantization, self._steps = quantization, steps
        self._twin: int | None = None
        self._coding: NativeCoding | None = None

    def examine(self, threads: int) -> None:
        """Its digest, and what the planner needs to know."""
        self._key = key_of(self._bits, self._dtype, digest(self._bits), self._quantization)
        self._source = self._bits if self._steps is None else self._steps[0]
        self._survey = self._surveyed(self._source, threads)

    def settle(self) -> None:
        """An equal tensor that is written already, or how this one is to be stored."""
        duplicates = self._body.duplicates
        if duplicates:
            if not duplicates.expect(self._key):
                self._line.finish_encoded()
            self._twin = duplicates.find(self._key, self._bits, self._threads)
            if self._twin is not None:
                return
        self._storage = self._chosen()
        if not self._storage.coding.is_plain:
            self._coding = NativeCoding(self._storage.coding, self._body.pool.bank, self._bits.itemsize)

    def encode(self, threads: int) -> Pieces:
        """Its blocks."""
        if self._twin is not None:
            return ()
        return encoded(self._name, self._source, self._storage, self._coding, threads)

    def write(self, pieces: Pieces) -> None:
        """Its blocks and its entry."""
        body, offset = self._body, self._body.stored_bytes
        if self._twin is not None:
            body.append(EntryRecord(self._name, target=self._twin, copied=True))
            return
        for piece in pieces:
            body.write(piece)
        entry = record(self._name, self._dtype, self._bits.shape, self._key[0], self._storage)
        entry.quantization = self._quantization and _without_what_codec_has(self._quantization, self._storage)
        number = body.append(entry)
        if body.duplicates:
            body.duplicates.note(self._key, number, offset)

    def _surveyed(self, bits: BitPatterns, threads: int) -> Survey:
        return survey(self._name, bits, self._dtype, self._policy, threads)

    def _chosen(self) -> Storage:
        pool = self._body.pool
        storage = choose(self._name, self._survey, pool).storage(pool)
        if self._steps is None:
            return storage
        value, steps = storage.coding.value, self._steps[1]
        if isinstance(value, Codebook):
            scaled = Scaled(steps.run, steps.scales.tobytes(), value, steps.row, steps.modulus, steps.tops)
            storage.coding = Coding(storage.coding.index, scaled)
            return storage
        self._source = self._bits
        return choose(self._name, self._surveyed(self._bits, self._threads), pool).storage(pool)


def _without_what_codec_has(record: QuantizationRecord, storage: Storage) -> QuantizationRecord:
    """Scaled has the scales itself and, where steps wrap, zero points."""
    codec = storage.coding.value
    if not isinstance(codec, Scaled):
        return record
    return replace(record, scales=None, zero_points=None if codec.modulus else record.zero_points)
