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
    _must(type(top) is dict, "the index is not a map", "a map", top, offset)
    tensors, metadata, tables = top.get("tensors"), top.get("metadata", {"": None}), top.get("tables", [b""])
    _must(type(tensors) is list, "the index has no list of tensors", "a list", tensors, offset)
    _must(type(metadata) is dict and len(metadata) > 0, "bad metadata", "a map with a key", metadata, offset)
    canonical.check_metadata(metadata, offset)
    form = type(tables) is list and 0 < len(tables) <= MAX_TABLES and all(type(table) is bytes for table in tables)
    _must(form, "bad tables", f"a list of 1 to {MAX_TABLES} bin", tables, offset)
    for key in top.keys() - _KNOWN:
        canonical.check_depth(top[key], offset, outside=1)
    if len(tensors) > limits.max_tensors:
        raise LimitError(
            "too many tensors",
            kind="limits/tensors",
            offset=offset,
            expected=limits.max_tensors,
            found=len(tensors),
        )
    entries = [entry.read(wire, number, offset) for number, wire in enumerate(tensors)]
    _check_names(entries, offset)
    _check_ties(entries, offset)
    return Index(entries, top.get("metadata", {}), top.get("tables", []))


def _must(right: bool, message: str, expected: str, found: Any, offset: int) -> None:
    if not right:
        raise CorruptError(message, kind="index/top", offset=offset, expected=expected, found=canonical.brief(found))


def _check_names(entries: list[EntryRecord], offset: int) -> None:
    seen: set[str] = set()
    for record in entries:
        if record.name in seen:
            raise CorruptError(
                "a name occurs twice",
                kind="entry/name",
                tensor=record.name,
                offset=offset,
                expected="a name of its own",
                found=canonical.brief(record.name),
            )
        seen.add(record.name)


def _check_ties(entries: list[EntryRecord], offset: int) -> None:
    for record in entries:
        if record.target is None:
            continue
        target = entries[record.target]
        if target.target is not None and (record.copied or not target.copied):
            raise CorruptError(
                "a tie or a copy of a tie",
                kind="entry/tie",
                tensor=record.name,
                offset=offset,
                expected="a tensor with bytes of its own",
                found=canonical.brief(target.name),
            )
