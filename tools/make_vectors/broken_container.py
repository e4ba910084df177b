"""Vectors that break a rule of section 2 or of 3.1 to 3.3: frame, msgpack, top level, entries. Digests are right."""

from __future__ import annotations

from typing import Any

import msgpack

from tests import forge

from .vector import Invalid

U8, DIGEST = 1, forge.digest(b"\7\0\1")
ENTRY = ["t", U8, [3], DIGEST, 1]
BODY = b"\7\0\1"
STORAGE = [0, [], [0], 3, [3, 2, DIGEST]]


def vectors() -> list[Invalid]:
    return [*_prologue(), *_footer(), *_msgpack(), *_top(), *_form(), *_entries()]


def whole() -> bytes:
    """A valid file, to be spoilt."""
    return file_of([ENTRY])


def file_of(tensors: list[Any], body: bytes = BODY, **wrong: Any) -> bytes:
    data: bytes = forge.file_of(tensors, body, **wrong)
    return data


def _prologue() -> list[Invalid]:
    data = whole()
    other = b"\x89PNG\r\n\x1a\n"
    return [
        Invalid("prologue/short", "empty", "No bytes at all.", b""),
        Invalid("prologue/short", "63-bytes", "One byte less than prologue and footer take.", data[:63]),
        Invalid("prologue/magic", "other", "The magic of another format.", other + data[8:]),
        Invalid("prologue/magic", "text-mode", "A transfer made CR LF a lone LF.", data.replace(b"\r\n", b"\n", 1)),
        Invalid("prologue/major", "2", "A later major version.", file_of([ENTRY], version=b"\2" + bytes(7))),
        Invalid("prologue/major", "0", "No major version is 0.", file_of([ENTRY], version=bytes(8))),
        Invalid("prologue/reserved", "one", "A reserved byte.", file_of([ENTRY], version=b"\1\0\0\1" + bytes(4))),
        Invalid("prologue/flags", "first", "Flag 0.", file_of([ENTRY], version=b"\1\0\0\0\1\0\0\0")),
        Invalid("prologue/flags", "last", "Flag 31.", file_of([ENTRY], version=b"\1\0\0\0\0\0\0\x80")),
    ]


def _footer() -> list[Invalid]:
    data = whole()
    flipped = bytearray(data)
    flipped[-50] ^= 1
    return [
        Invalid("footer/magic", "cut", "The last byte is missing.", data[:-1]),
        Invalid("footer/magic", "half", "The last third of the file is missing.", (data + bytes(60))[:-20]),
        Invalid("footer/magic", "appended", "A byte follows the footer.", data + b"\n"),
        Invalid("footer/file_bytes", "more", "One more than there are.", file_of([ENTRY], file_bytes=len(data) + 1)),
        Invalid("footer/file_bytes", "inserted", "A byte was inserted.", data[:16] + b"\0" + data[16:]),
        Invalid("footer/extent", "prologue", "An index in the prologue.", _index_at(0)),
        Invalid("footer/extent", "short", "The index ends before the footer.", _index_at(19, -1)),
        Invalid("footer/extent", "beyond", "Offset and length add up to 2^64.", _index_at(2**64 - 1, 1)),
        Invalid("footer/digest", "index", "A bit of the index is flipped.", bytes(flipped)),
        Invalid("footer/digest", "digest", "Another digest.", file_of([ENTRY], index_digest=1)),
        Invalid("footer/version", "minor", "Prologue 1.1, footer 1.0.", data[:9] + b"\1" + data[10:]),
    ]


def _index_at(offset: int, more: int = 0) -> bytes:
    length = len(msgpack.packb({"tensors": [ENTRY]}))
    return file_of([ENTRY], index_offset=offset, index_bytes=length + more)


def _msgpack() -> list[Invalid]:
    """Other spellings of {"tensors": []}, and values that the subset lacks."""
    tensors = b"\xa7tensors"

    def of(name: str, why: str, index: bytes) -> Invalid:
        return Invalid("index/msgpack", name, why, file_of([], b"", index=index))

    def later(value: bytes) -> bytes:
        return b"\x82" + tensors + b"\x90\xa1z" + value

    return [
        of("empty", "No bytes.", b""),
        of("cut", "The array of tensors is missing.", b"\x81" + tensors),
        of("after", "A second value follows.", b"\x81" + tensors + b"\x90\xc0"),
        of("never", "The byte that msgpack never uses.", later(b"\xc1")),
        of("long-map", "A map of one key with a length of two bytes.", b"\xde\0\1" + tensors + b"\x90"),
        of("long-array", "An empty array with a length of two bytes.", b"\x81" + tensors + b"\xdc\0\0"),
        of("long-str", "A key with a length of a byte of its own.", b"\x81\xd9\7tensors\x90"),
        of("long-int", "The number 1 in two bytes.", later(b"\xcc\1")),
        of("signed-int", "The number 128 as a signed integer.", later(b"\xd1\0\x80")),
        of("float32", "A float of four bytes.", later(b"\xca\x3f\x80\0\0")),
        of("ext", "An ext type.", later(b"\xd4\5\0")),
        of("timestamp", "The ext type of time.", later(b"\xd6\xff\0\0\0\0")),
        of("order", "Keys in descending order.", b"\x82\xa1z\xc0" + tensors + b"\x90"),
        of("order-inside", "Keys of an inner map in descending order.", later(b"\x82\xa1b\xc0\xa1a\xc0")),
        of("twice", "A key occurs twice.", later(b"\xc0").replace(b"\x82", b"\x83", 1) + b"\xa1z\xc0"),
        of("int-key", "A key that is an int.", later(b"\x81\1\xc0")),
        of("bin-key", "A key that is bin.", later(b"\x81\xc4\1a\xc0")),
        of("utf-8", "A str that is not UTF-8.", later(b"\xa1\xff")),
        of("surrogate", "A lone surrogate in UTF-8.", later(b"\xa3\xed\xa0\x80")),
        of("bomb", "An array that says it has 2^32 - 1 elements.", later(b"\xdd\xff\xff\xff\xff")),
        of("depth", "65 arrays and maps inside each other.", later(b"\x91" * 63 + b"\x90")),
    ]


def _top() -> list[Invalid]:
    def of(name: str, why: str, index: Any, rule: str = "index/top") -> Invalid:
        return Invalid(rule, name, why, file_of([], b"", index=index))

    def metadata(value: Any) -> dict[str, Any]:
        return {"metadata": {"k": value}, "tensors": []}

    deep: Any = 0
    for _ in range(17):
        deep = [deep]
    return [
        of("array", "An array.", []),
        of("no-tensors", "A map without tensors.", {"metadata": {"k": 1}}),
        of("tensors-map", "The tensors are a map.", {"tensors": {}}),
        of("metadata-array", "The metadata are an array.", {"metadata": [1], "tensors": []}),
        of("metadata-empty", "Empty metadata are left out.", {"metadata": {}, "tensors": []}),
        of("metadata-nil", "Empty metadata are left out, and not nil.", {"metadata": None, "tensors": []}),
        of("tables-empty", "No tables are left out.", {"tables": [], "tensors": []}),
        of("tables-str", "A table that is a str.", {"tables": ["x"], "tensors": []}),
        of("tables-257", "One table too many.", {"tables": [b""] * 257, "tensors": []}),
        of("bin", "Metadata with a bin.", metadata([b"x"]), "metadata/type"),
        of("depth", "Metadata with 17 arrays inside each other.", metadata(deep), "metadata/type"),
    ]


def _form() -> list[Invalid]:
    spoilt: list[tuple[str, str, Any]] = [
        ("int", "An entry that is an int.", 5),
        ("empty", "An entry of no elements.", []),
        ("four", "An entry of four elements.", ENTRY[:4]),
        ("seven", "Two maps of options.", [*ENTRY, {"k": 1}, {"k": 1}]),
        ("eight", "An entry of eight elements.", [*ENTRY, [0, 1, None, True], {"k": 1}, {"k": 1}]),
        ("options-first", "Options before the quantization.", [*ENTRY, {"k": 1}, [0, 1, None, True]]),
        ("name-bin", "A name that is bin.", [b"t", *ENTRY[1:]]),
        ("dtype-bool", "A data type that is a bool.", ["t", True, *ENTRY[2:]]),
        ("dtype-negative", "A negative data type.", ["t", -1, *ENTRY[2:]]),
        ("shape-int", "A shape that is an int.", ["t", U8, 3, *ENTRY[3:]]),
        ("length-negative", "A negative length.", ["t", U8, [-3], *ENTRY[3:]]),
        ("length-float", "A length that is a float.", ["t", U8, [3.0], *ENTRY[3:]]),
        ("digest-negative", "A negative digest.", ["t", U8, [3], -1, 1]),
        ("digest-str", "A digest that is a str.", ["t", U8, [3], "00", 1]),
        ("zeros-negative", "A negative number of zeros.", [*ENTRY[:4], -1]),
        ("zeros-float", "Zeros that are a float.", [*ENTRY[:4], 1.0]),
        ("storage-map", "A storage that is a map.", [*ENTRY[:4], {"k": 1}]),
        ("options-empty", "A sixth element that is an empty map.", [*ENTRY, {}]),
        ("options-int", "A sixth element that is neither array nor map.", [*ENTRY, 1]),
        ("options-seventh", "A seventh element that is an empty map.", [*ENTRY, [0, 1, None, True], {}]),
    ]
    found = []
    for name, why, entry in spoilt:
        named = isinstance(entry, list) and len(entry) > 0 and isinstance(entry[0], str)
        found.append(Invalid("entry/form", name, why, file_of([entry]), "t" if named else None))
    for name, why, last in [("false", "A copy that says false.", False), ("one", "A copy that says 1.", 1)]:
        found.append(Invalid("entry/form", f"copy-{name}", why, file_of([ENTRY, ["u", 0, last]]), "u"))
    for name, why, target in [("target-negative", "A negative target.", -1), ("target-str", "A target by name.", "t")]:
        found.append(Invalid("entry/form", name, why, file_of([ENTRY, ["u", target]]), "u"))
    return found


def _entries() -> list[Invalid]:
    twice = [ENTRY, ["u", 0], ["t", U8, [0], forge.EMPTY_DIGEST, 0]]
    longest = ["x" * 65_536, *ENTRY[1:]]

    def limits(name: str, why: str, shape: list[int], dtype: int = U8) -> Invalid:
        return Invalid("entry/limits", name, why, file_of([["t", dtype, shape, DIGEST, 0]]), "t")

    def tie(name: str, why: str, *more: Any) -> Invalid:
        return Invalid("entry/tie", name, why, file_of([ENTRY, *more]), more[-1][0])

    return [
        Invalid("entry/name", "twice", "A name occurs twice.", file_of(twice), "t"),
        Invalid("entry/name", "long", "A name of 65,536 bytes.", file_of([longest])),
        Invalid("entry/dtype", "22", "The first code that is no data type.", file_of([["t", 22, *ENTRY[2:]]]), "t"),
        tie("itself", "A tie to itself.", ["u", 1]),
        tie("later", "A tie to a later entry.", ["u", 2]),
        tie("tie", "A tie to a tie.", ["u", 0], ["v", 1]),
        tie("copy-of-tie", "A copy of a tie.", ["u", 0], ["v", 1, True]),
        tie("copy-of-copy", "A copy of a copy.", ["u", 0, True], ["v", 1, True]),
        tie("tie-of-tie-of-copy", "A tie to a tie to a copy.", ["u", 0, True], ["v", 1], ["w", 2]),
        tie("copy-later", "A copy of a later entry.", ["u", 2, True]),
        tie("far", "A tie to entry 2^64 - 1.", ["u", 2**64 - 1]),
        Invalid("entry/zeros", "4-of-3", "More zeros than elements.", file_of([[*ENTRY[:4], 4]]), "t"),
        Invalid("entry/zeros", "1-of-0", "A zero of no elements.", file_of([["t", U8, [0], 0, 1]], b""), "t"),
        limits("rank", "65 dimensions.", [1] * 65),
        limits("bytes", "2^62 + 1 bytes.", [2**62 + 1]),
        limits("itemsize", "2^62 elements of two bytes.", [2**62], 3),
        limits("zero", "A length of 0 counts as 1.", [0, 2**62 + 1]),
        limits("wrap", "Elements that are 0 modulo 2^64.", [2**32, 2**32]),
        Invalid(
            "entry/digest", "zeros", "Another digest of an empty tensor.", file_of([["t", U8, [0], 1, 0]], b""), "t"
        ),
        Invalid("entry/digest", "storage", "Each block is right, the tensor is not.", _long(STORAGE, digest=5), "t"),
        Invalid("sections/extent", "gap", "A byte between sections and index.", file_of([ENTRY], BODY + b"\0")),
        Invalid("sections/extent", "overlap", "A byte of the section is missing.", file_of([ENTRY], BODY[:2])),
        Invalid("sections/extent", "wrap", "Lengths that add up modulo 2^64.", _wrap()),
    ]


def _long(storage: list[Any], digest: int = DIGEST) -> bytes:
    return file_of([["t", U8, [3], digest, storage]])


def _wrap() -> bytes:
    """Four tensors of 2^62 bytes, and the three that are there."""
    huge = [[f"h{i}", U8, [2**62], 0, 0] for i in range(4)]
    return file_of([ENTRY, *huge])
