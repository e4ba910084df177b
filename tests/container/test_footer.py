"""Sections 2.2 and 2.3: each way in which the last 48 bytes, or the extent of the sections, can be wrong."""

import struct

import pytest

from spformat.errors import ChecksumError, CorruptError, LimitError, TruncatedError
from spformat.limits import Limits
from spformat.reader import Reader
from tests import forge
from tests.helpers import refused, sparse, written

VALID = written({"t": sparse((6, 7)), "u": sparse((3,), 1.0)}, metadata={"k": 1})
FILE = forge.Opened(VALID)
BODY = bytes(FILE.body)


def test_the_forge_builds_the_same_file():
    assert FILE.build() == VALID


def test_worked_fields():
    version, offset, length, file_bytes, digest, magic = struct.unpack("<8sQQQQ8s", VALID[-48:])
    assert version == VALID[8:16]
    assert (offset, offset + length + 48, file_bytes) == (16 + len(BODY), len(VALID), len(VALID))
    assert digest == forge.digest(VALID[offset:-48] + VALID[-48:-16])
    assert magic == bytes.fromhex("89 53 50 46 45 4E 44 0A")


@pytest.mark.parametrize("at", range(8))
def test_footer_magic(at):
    magic = bytearray(forge.END_MAGIC)
    magic[at] ^= 1
    error = refused(FILE.build(end_magic=bytes(magic)), TruncatedError, "footer/magic")
    assert error.offset == len(VALID) - 8


@pytest.mark.parametrize("extra", [b"\n", bytes(16), bytes(4096)], ids=len)
def test_footer_magic_when_something_was_appended(extra):
    refused(VALID + extra, TruncatedError, "footer/magic")


@pytest.mark.parametrize("wrong", [0, len(VALID) - 1, len(VALID) + 1, 2**64 - 1])
def test_footer_file_bytes(wrong):
    error = refused(FILE.build(file_bytes=wrong), TruncatedError, "footer/file_bytes")
    assert (error.expected, error.found) == (wrong, len(VALID))


def test_footer_file_bytes_when_a_piece_in_the_middle_is_missing():
    refused(VALID[:20] + VALID[21:], TruncatedError, "footer/file_bytes")


def test_footer_file_bytes_when_a_whole_file_was_appended():
    refused(VALID + VALID, TruncatedError, "footer/file_bytes")


@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, 16), (15, 1), (8, None), (17, None), (16, 0), (16, 2**64 - 16), (2**64 - 1, 1), (2**63, 2**63)],
)
def test_footer_extent(offset, length):
    """index_offset < 16, or an end that is not where the footer begins; also where 64 bits overflow."""
    size = len(VALID) - 48
    length = size - offset + 1 if length is None else length
    refused(FILE.build(index_offset=offset, index_bytes=length), CorruptError, "footer/extent")


def test_footer_extent_of_an_index_that_starts_in_the_prologue():
    """The end is right, only the start is not."""
    index = VALID[8 : len(VALID) - 48]
    data = VALID[:-48] + forge.footer(index, 8, file_bytes=len(VALID))
    refused(data, CorruptError, "footer/extent")


@pytest.mark.parametrize("digest", [0, 2**64 - 1])
def test_footer_digest(digest):
    error = refused(FILE.build(index_digest=digest), ChecksumError, "footer/digest")
    assert error.expected == f"{digest:016x}"


@pytest.mark.parametrize("at", [-49, -48 - 40], ids=["end of the index", "within the index"])
def test_footer_digest_of_a_damaged_index(at):
    data = bytearray(VALID)
    data[at] ^= 1
    refused(bytes(data), ChecksumError, "footer/digest")


def test_footer_digest_covers_the_fields_of_the_footer():
    """The version in the footer is damaged, and the index is not."""
    data = bytearray(VALID)
    data[-48 + 1] ^= 1
    refused(bytes(data), ChecksumError, "footer/digest")


@pytest.mark.parametrize("version", [b"\1\1" + bytes(6), b"\2" + bytes(7), b"\1" + bytes(6) + b"\1"])
def test_footer_version_differs_from_the_prologue(version):
    index = VALID[16 + len(BODY) : -48]
    forged = VALID[:-48] + forge.footer(index, 16 + len(BODY), version)
    refused(forged, CorruptError, "footer/version")


@pytest.mark.parametrize("change", [BODY[:-1], BODY + b"\0", b"", BODY + BODY], ids=["less", "more", "none", "twice"])
def test_sections_extent(change):
    """The blocks do not fill the bytes between prologue and index: a hole, or blocks beyond."""
    data = forge.file_of(None, change, index=FILE.index)
    error = refused(data, CorruptError, "sections/extent")
    assert error.expected == 16 + len(change)


def test_limits_index_is_refused_before_it_is_read():
    with pytest.raises(LimitError) as caught:
        Reader(VALID, limits=Limits(max_index_bytes=20))
    assert caught.value.kind == "limits/index"
