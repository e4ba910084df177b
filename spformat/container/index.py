"""The index: metadata and tensor entries (spec/format.md, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import CorruptError, LimitError, SourceError
from ..limits import MAX_TABLES, Limits
from . import canonical, entry
from .entry import EntryRecord

_KNOWN = {"metadata", "tables", "tensors"}


@dataclass
class Index:
    """What the index says: entries in the file's order, the user's metadata, the tables of rANS."""

    entries: list[EntryRecord] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    tables: list[bytes] = field(default_factory=list)

    def write(self) -> bytes:
        """The bytes of the index."""
        top: dict[str, Any] = {"metadata": self.metadata} if self.metadata else {}
        if self.tables:
            top["tables"] = self.tables
        top["tensors"] = [record.to_wire() for record in self.entries]
        return canonical.pack(top)


def entry_bytes(record: EntryRecord) -> int:
    """Bytes that an entry takes in the index."""
    return len(canonical.pack(record.to_wire()))


def checked_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """A user's metadata in canonical order. Raises SourceError for values that the format does not hold."""
    if not metadata:
        return {}
    try:
        value = canonical.in_order(dict(metadata))
        canonical.check_metadata(value, 0)
        canonical.pack(value)
    except (CorruptError, AttributeError, TypeError, OverflowError, ValueError, RecursionError) as error:
        message = error.message if isinstance(error, CorruptError) else str(error)
        raise SourceError(
            f"metadata must be str keys with None, bool, int, float, str, list or dict values: {message}"
        ) from None
    return dict(value)


def read(data: bytes, offset: int, limits: Limits) -> Index:
    """Parses and checks an index that starts at byte `offset` of the file."""
    top = canonical.unpack(data, offset)
    if type(top) is not dict or type(top.get("tensors")) is not list:
        raise CorruptError("the index is not a map with a list of tensors", kind="index/top", offset=offset)
    metadata = top.get("metadata", {})
    if type(metadata) is not dict or ("metadata" in top and not metadata):
        raise CorruptError("the metadata is not a map with a key", kind="index/top", offset=offset)
    canonical.check_metadata(metadata, offset)
    tables = top.get("tables", [])
    if type(tables) is not list or len(tables) > MAX_TABLES or any(type(table) is not bytes for table in tables):
        raise CorruptError("the tables are not a list of at most 256 bin", kind="index/top", offset=offset)
    if "tables" in top and not tables:
        raise CorruptError("the list of tables is empty", kind="index/top", offset=offset)
    for key in top.keys() - _KNOWN:
        canonical.check_depth(top[key], offset, outside=1)
    tensors = top["tensors"]
    if len(tensors) > limits.max_tensors:
        raise LimitError("too many tensors", kind="limits/tensors", expected=limits.max_tensors, found=len(tensors))
    entries = [entry.read(wire, number, offset) for number, wire in enumerate(tensors)]
    _check_names(entries, offset)
    _check_ties(entries, offset)
    return Index(entries, metadata, tables)


def _check_names(entries: list[EntryRecord], offset: int) -> None:
    seen: set[str] = set()
    for record in entries:
        if record.name in seen:
            raise CorruptError("a name occurs twice", kind="entry/name", tensor=record.name, offset=offset)
        seen.add(record.name)


def _check_ties(entries: list[EntryRecord], offset: int) -> None:
    for record in entries:
        if record.target is None:
            continue
        target = entries[record.target]
        if target.target is not None and (record.copied or not target.copied):
            raise CorruptError("a tie or a copy of a tie", kind="entry/tie", tensor=record.name, offset=offset)
