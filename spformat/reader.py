"""Reading .spf files: bytes -> arrays of bit patterns. Adapters give them their dtype (numpy.py, torch.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, wraps
from itertools import accumulate
from types import TracebackType
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from . import arena
from .codecs.frequencies import Table
from .container.digest import digest
from .dtypes import DType
from .errors import ChecksumError, CorruptError, LimitError, TensorNotFoundError
from .file_entries import Entry, entries_of, heads_of
from .layouts import jobs
from .layouts.jobs import Owner
from .layouts.model_bank import ModelBank, NativeCoding
from .limits import Limits
from .tensor_file import PathOrBytes, TensorFile, naming

BitPatterns = npt.NDArray[Any]
TypeOf = Callable[[str, DType], np.dtype[Any]]


def bit_patterns(name: str, dtype: DType) -> np.dtype[Any]:  # noqa: ARG001
    """The type of a tensor's array that shows bare bit patterns."""
    return dtype.bits


Method = TypeVar("Method", bound=Callable[..., Any])


def _names_the_file(method: Method) -> Method:
    """Errors of a Reader's method carry the path of its file."""

    @wraps(method)
    def named(self: Reader, *args: Any, **kwargs: Any) -> Any:
        with naming(self._source):
            return method(self, *args, **kwargs)

    return cast(Method, named)


class Reader:
    """An open .spf file (path, or the whole file as bytes).

    Everything that the index declares is checked here, before any tensor is decoded. `limits` are the budgets for
    files that are not trusted, `threads` the most threads that decode (None: all processors).
    """

    def __init__(self, source: PathOrBytes, *, limits: Limits | None = None, threads: int | None = None) -> None:
        self.limits = limits or Limits()
        self.threads = threads
        self._source = source
        with naming(source):
            self._open(source)

    def _open(self, source: PathOrBytes) -> None:
        self._file = TensorFile(source, self.limits)
        self._codings: dict[int, NativeCoding] = {}  # by id of the Coding, which its entry keeps alive
        self._quick = self._file.quick
        try:
            self.heads = heads_of(self.entries) if self._quick is None else self._quick.heads
        except BaseException:
            self._file.close()
            raise

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Everything that the index says of each tensor."""
        return entries_of(self._file)

    @cached_property
    def _bank(self) -> ModelBank:
        return ModelBank([Table(data) for data in self._file.index.tables])

    @property
    def names(self) -> list[str]:
        """The tensors' names in the order of the file."""
        return list(self.heads)

    @property
    def metadata(self) -> dict[str, Any]:
        """The user's metadata."""
        return self._file.index.metadata

    @property
    def file_bytes(self) -> int:
        """Length of the file."""
        return self._file.length

    @property
    def version(self) -> str:
        """The format version of the file, such as "1.0"."""
        return str(self._file.version)

    @property
    def index_bytes(self) -> int:
        """Length of the index."""
        return self._file.footer.index_bytes

    @property
    def stored(self) -> list[Entry]:
        """The entries that have a section of their own."""
        return [entry for entry in self.entries.values() if entry.is_stored]

    @_names_the_file
    def entry(self, name: str) -> Entry:
        """The entry of that name. Raises TensorNotFoundError."""
        try:
            return self.entries[name]
        except KeyError:
            raise TensorNotFoundError("the file has no such tensor", kind="name", tensor=name) from None

    @_names_the_file
    def read(self, names: Iterable[str] | None = None, type_of: TypeOf = bit_patterns) -> dict[str, npt.NDArray[Any]]:
        """Decodes tensors (all of them by default) as writable arrays of `type_of` (name, data type).

        All lie in one allocation, which lives as long as any of them. Tied names map to the same array.
        """
        names = list(self.heads if names is None else names)
        quick = self._read_quickly(names, type_of)
        if quick is not None:
            return quick
        wanted = [self.entry(name) for name in names]
        owners = {entry.target or entry.name: self.entries[entry.target or entry.name] for entry in wanted}
        arrays = self._decode(list(owners.values()), type_of)
        return {entry.name: arrays[entry.target or entry.name] for entry in wanted}

    def _read_quickly(self, names: list[str], type_of: TypeOf) -> dict[str, npt.NDArray[Any]] | None:
        """What `read` returns; None when it has to be read step by step, which also says what is wrong."""
        if self._quick is None or not self.heads.keys() >= set(names):
            return None
        wanted = {name: self.heads[name] for name in names}
        owners = {head.target or name: self.heads[head.target or name] for name, head in wanted.items()}
        sizes = [arena.aligned(head.dense_bytes) for head in owners.values()]
        if sum(sizes) > self.limits.decoded_bytes(self._quick.native.file_bytes):
            return None
        memory = arena.allocated(sum(sizes))
        buffer = memoryview(memory)
        starts = list(accumulate(sizes, initial=0))
        # Now, while what it takes is in the caches.
        arrays: dict[str, npt.NDArray[Any]] = {
            name: np.ndarray(head.shape, type_of(name, head.dtype), buffer, start)
            for (name, head), start in zip(owners.items(), starts, strict=False)
        }
        stored = self._file.stored
        decoded = self._quick.native.decode(
            [head.number for head in owners.values()],
            starts[:-1],
            memory,
            stored.file,
            stored.memory,
            jobs.threads_to_load(starts[-1], self.threads),
        )
        if not decoded:
            return None
        return {name: arrays[head.target or name] for name, head in wanted.items()}

    @_names_the_file
    def read_rows(self, name: str, start: int, stop: int) -> BitPatterns:
        """Rows start..stop of a tensor of rank >= 1, decoding only the blocks that hold them."""
        entry = self.entry(name)
        first, last = _blocks_of_rows(entry, start, stop)
        view = entry.storage.layout.view(entry.shape)
        if view.column:
            return self.read([name])[name][start:stop]
        low = first * entry.storage.block_elements
        elements = min(last * entry.storage.block_elements, view.elements) - low
        size = entry.dtype.itemsize
        self._check_budget(elements * size)
        memory = arena.zeroed(elements * size)
        base = (memory.ctypes.data - low * size) % (1 << 64)  # address of element 0, were the whole tensor there
        self._run("decode", [(entry, base, range(first, last))])
        skip = start * view.row_elements - low
        count = (stop - start) * view.row_elements
        rows = memory.view(entry.dtype.bits)[skip : skip + count]
        return rows.reshape(stop - start, *entry.shape[1:])

    @_names_the_file
    def read_nonzeros(self, name: str) -> tuple[npt.NDArray[np.int64], BitPatterns]:
        """Positions of the nonzeros in the layout's view (ascending) and their values, both of shape (nonzeros,)."""
        entry = self.entry(name)
        entry = self.entries[entry.target or entry.name]
        counts = np.array(entry.storage.nonzeros, np.int64)
        total, size = int(counts.sum()), entry.dtype.itemsize
        self._check_budget(total * (size + 8))
        positions = arena.zeroed(total * 8).view(np.int64)
        values = arena.zeroed(total * size)
        table = jobs.table_of(jobs.rows(entry.storage, entry.shape, size, entry.offset, 0, coding=self._coding(entry)))
        starts = np.cumsum(counts) - counts
        table["positions"] = positions.ctypes.data + starts * 8
        table["data"] = values.ctypes.data + starts * size
        jobs.run("positions", table, self.threads, self._file.stored, [Owner(name, range(len(table)))])
        return positions, values.view(entry.dtype.bits)

    @_names_the_file
    def stored_block(self, name: str, block: int, start: int = 0, size: int | None = None) -> bytes:
        """The stored bytes of one block, as they are; or `size` of them from byte `start` of the block."""
        entry = self.entry(name)
        entry = self.entries[entry.target or entry.name]
        offset = entry.offset + sum(entry.storage.stored_bytes[:block]) + start
        left = max(0, entry.storage.stored_bytes[block] - start)
        return self._file.read(offset, left if size is None else min(size, left))

    @_names_the_file
    def check_blocks(self) -> None:
        """Raises ChecksumError unless every block has the digest that the index gives."""
        self._run("check", [(entry, 0, None) for entry in self.stored])

    def check_tensors(self) -> Iterator[Entry]:
        """Decodes tensor by tensor and compares with the digest of the decoded bytes; yields each that is right."""
        for entry in self.stored:
            with naming(self._source):
                check_decoded(entry, self._decode([entry])[entry.name])
            yield entry

    def close(self) -> None:
        """Closes the file; arrays that were read stay valid."""
        self._file.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _coding(self, entry: Entry) -> int:
        """Address of the tensor's coding for the kernels, 0 when it is plain. Raises CorruptError for bad tables."""
        coding = entry.storage.coding
        if coding.is_plain:
            return 0
        if id(coding) not in self._codings:  # copies share the storage of what they repeat
            try:
                # setdefault: another thread may have one already, and decode with it.
                self._codings.setdefault(id(coding), NativeCoding(coding, self._bank, entry.dtype.itemsize))
            except (ValueError, IndexError) as error:
                raise CorruptError(
                    "a table breaks a rule",
                    kind="tables/form",
                    tensor=entry.name,
                    offset=self._file.footer.index_offset,
                    expected="a table of the file, of a form of section 7.3",
                    found="none of that number" if isinstance(error, IndexError) else error,
                ) from None
        return self._codings[id(coding)].address

    def _check_budget(self, size: int) -> None:
        budget = self.limits.decoded_bytes(self.file_bytes)
        if size > budget:
            raise LimitError(
                "the tensors are larger than the budget (max_bytes)",
                kind="limits/bytes",
                expected=budget,
                found=size,
            )

    def _decode(self, entries: list[Entry], type_of: TypeOf = bit_patterns) -> dict[str, npt.NDArray[Any]]:
        self._check_budget(sum(entry.dense_bytes for entry in entries))
        memory = arena.allocated(sum(arena.aligned(entry.dense_bytes) for entry in entries))
        buffer, base, at = memoryview(memory), memory.address, 0
        arrays: dict[str, npt.NDArray[Any]] = {}
        parts: list[tuple[Entry, int, range | None]] = []
        for entry in entries:
            arrays[entry.name] = np.ndarray(entry.shape, type_of(entry.name, entry.dtype), buffer, at)
            parts.append((entry, base + at, None))
            at += arena.aligned(entry.dense_bytes)
        self._run("decode", parts)
        return arrays

    def _run(self, task: str, parts: list[tuple[Entry, int, range | None]]) -> None:
        """Runs a task over blocks of tensors: (tensor, address of its element 0, blocks or None for all)."""

        def rows_of(entry: Entry, data: int, blocks: range | None) -> list[bytes]:
            size, offset = entry.dtype.itemsize, entry.offset
            coding = self._coding(entry) if task != "check" else 0
            return jobs.rows(entry.storage, entry.shape, size, offset, data, blocks=blocks, coding=coding, fresh=True)

        owned = ((Owner(part[0].name, part[2] or range(part[0].storage.blocks)), rows_of(*part)) for part in parts)
        jobs.run_in_turn(task, owned, self.threads, self._file.stored)


def check_decoded(entry: Entry, array: BitPatterns) -> None:
    """Raises ChecksumError unless the array has the digest of the tensor."""
    found = digest(array)
    if found != entry.digest:
        raise ChecksumError(
            "the decoded tensor is not the one that was packed",
            kind="entry/digest",
            tensor=entry.name,
            offset=entry.offset,
            expected=f"{entry.digest:016x}",
            found=f"{found:016x}",
        )


def _blocks_of_rows(entry: Entry, start: int, stop: int) -> tuple[int, int]:
    """Numbers of the first block that holds a row, and of the one after the last."""
    row = entry.storage.layout.view(entry.shape).row_elements
    size = entry.storage.block_elements
    if start >= stop or row == 0:
        return 0, 0
    return start * row // size, -(-stop * row // size)
