"""Canonical msgpack (spec/format.md, section 3.1): one encoding for each value."""

from __future__ import annotations

import reprlib
from itertools import pairwise
from typing import Any

import msgpack

from ..errors import CorruptError
from ..limits import MAX_INDEX_DEPTH, MAX_METADATA_DEPTH


def pack(value: Any) -> bytes:
    """The one encoding of a value built of None, bool, int, float, str, list and maps with keys in order."""
    return bytes(msgpack.packb(value, use_bin_type=True))


def in_order(value: Any) -> Any:
    """The value with the keys of its maps in the order of their UTF-8 bytes, at every level."""
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value, key=str.encode)}
    if isinstance(value, (list, tuple)):
        return [in_order(item) for item in value]
    return value


def brief(value: Any) -> str:
    """A value of the index for an error, cut where it is long or deep: it may be as hostile as it likes."""
    text = reprlib.repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def unpack(data: bytes, offset: int) -> Any:
    """Decodes one value that fills `data` (byte `offset` of the file) and is in canonical form.

    Encoding it again and comparing finds every other form: longer integers, float 32, timestamps (read as floats).
    """
    try:
        hooks = {"object_pairs_hook": _ordered, "ext_hook": _no_ext}
        value = msgpack.unpackb(data, raw=False, timestamp=1, **hooks, **_caps(len(data)))
        again = msgpack.packb(value, use_bin_type=True)
    except (ValueError, TypeError, RecursionError, OverflowError, msgpack.UnpackException) as error:
        raise CorruptError(
            "the index is not one value of msgpack",
            kind="index/msgpack",
            offset=offset,
            expected="canonical msgpack",
            found=f"{type(error).__name__} {error}",
        ) from None
    if again != data:
        at = next(
            (i for i, (a, b) in enumerate(zip(again, data, strict=False)) if a != b),
            min(len(again), len(data)),
        )
        raise CorruptError(
            "the index is not in canonical form",
            kind="index/msgpack",
            offset=offset + at,
            expected=again[at : at + 4].hex(" ") or "the end",
            found=data[at : at + 4].hex(" ") or "the end",
        )
    return value


def check_metadata(value: Any, offset: int, depth: int = 0) -> None:
    """Raises CorruptError unless a metadata value is of the kinds that the format knows, in canonical order."""
    if isinstance(value, (dict, list)) and depth > MAX_METADATA_DEPTH:  # depth 0 is the metadata itself
        raise CorruptError(
            "metadata is nested too deeply",
            kind="metadata/type",
            offset=offset,
            expected=f"at most {MAX_METADATA_DEPTH} levels",
            found="more",
        )
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            check_metadata(item, offset, depth + 1)
    elif value is not None and not isinstance(value, (bool, int, float, str)):
        raise CorruptError(
            "metadata holds a value of a kind that the format does not know",
            kind="metadata/type",
            offset=offset,
            expected="None, bool, int, float, str, list or map",
            found=type(value).__name__,
        )


def check_depth(value: Any, offset: int, outside: int) -> None:
    """Raises CorruptError when a value that `outside` arrays and maps hold is nested more deeply than an index may be.

    For the parts of the index that this release does not know; the others have a form that bounds their depth.
    """
    level = [value]
    for _ in range(MAX_INDEX_DEPTH - outside):
        maps = [item for held in level if isinstance(held, dict) for item in held.values()]
        level = [item for held in level if isinstance(held, list) for item in held] + maps
    if any(isinstance(item, (dict, list)) for item in level):
        raise CorruptError(
            "the index is nested too deeply",
            kind="index/msgpack",
            offset=offset,
            expected=f"at most {MAX_INDEX_DEPTH} levels",
            found="more",
        )


def _ordered(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    keys = [key.encode() if isinstance(key, str) else b"" for key, _ in pairs]
    if not all(isinstance(key, str) for key, _ in pairs) or any(a >= b for a, b in pairwise(keys)):
        raise ValueError("the keys of a map are not strings in ascending order")
    return dict(pairs)


def _no_ext(code: int, _data: bytes) -> Any:
    raise ValueError(f"ext type {code}")


def _caps(size: int) -> dict[str, int]:
    """No declared length can exceed the bytes there are, so nothing large is allocated for a lie."""
    names = ("max_str_len", "max_bin_len", "max_array_len", "max_map_len", "max_ext_len")
    return dict.fromkeys(names, size)
