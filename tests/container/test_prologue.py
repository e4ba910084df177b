"""Section 2.1: each way in which the first 16 bytes can be wrong."""

import pytest

from spformat.container import prologue
from spformat.container.version import FormatVersion
from spformat.errors import CorruptError, NotSpformatError, TruncatedError, UnsupportedError
from spformat.reader import Reader
from tests import forge
from tests.helpers import refused, sparse, written

VALID = written({"t": sparse((4, 5))})
SMALLEST = forge.file_of([])


def test_worked_bytes():
    assert VALID[:16] == bytes.fromhex("89 53 50 46 0D 0A 1A 0A 01 00 00 00 00 00 00 00")


def test_the_smallest_file_is_read():
    assert Reader(SMALLEST).names == []


@pytest.mark.parametrize("length", [0, 1, 7, 8, 15, 16, 17, 63])
def test_prologue_short(length):
    error = refused(VALID[:length], TruncatedError, "prologue/short")
    assert error.found == length


@pytest.mark.parametrize("length", [1, 3, 8, 16, 30, 63])
def test_prologue_magic_of_a_short_file_is_looked_at_first(length):
    refused(b"PK\x03\x04".ljust(length, b"\0")[:length], NotSpformatError, "prologue/magic")


@pytest.mark.parametrize("at", range(8))
def test_prologue_magic(at):
    magic = bytearray(forge.MAGIC)
    magic[at] ^= 0x20
    error = refused(forge.file_of([], magic=bytes(magic)), NotSpformatError, "prologue/magic")
    assert error.offset == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.replace(b"\r\n", b"\n"),
        lambda d: d.replace(b"\n", b"\r\n"),
        lambda d: bytes(b & 127 for b in d),
    ],
    ids=["CR LF to LF", "LF to CR LF", "seven bits"],
)
def test_prologue_magic_is_destroyed_by_a_text_transfer(damage):
    refused(damage(VALID), NotSpformatError, "prologue/magic")


@pytest.mark.parametrize("major", [0, 2, 255])
def test_prologue_major(major):
    data = forge.file_of([], version=bytes([major]) + bytes(7))
    error = refused(data, UnsupportedError, "prologue/major", match=rf"{major}\.0")
    assert error.offset == 8


@pytest.mark.parametrize("minor", [1, 7, 255])
def test_every_minor_version_is_read(minor):
    with Reader(forge.file_of([], version=bytes([1, minor]) + bytes(6))) as reader:
        assert reader.version == f"1.{minor}"


@pytest.mark.parametrize("at", [2, 3])
@pytest.mark.parametrize("value", [1, 128])
def test_prologue_reserved(at, value):
    version = bytearray(forge.VERSION)
    version[at] = value
    refused(forge.file_of([], version=bytes(version)), CorruptError, "prologue/reserved")


@pytest.mark.parametrize("flag", range(32))
def test_prologue_flags(flag):
    """The error names the feature: the flag."""
    version = forge.VERSION[:4] + (1 << flag).to_bytes(4, "little")
    refused(forge.file_of([], version=version), UnsupportedError, "prologue/flags", match=hex(1 << flag))


@pytest.mark.parametrize("version", [FormatVersion(), FormatVersion(1, 9)])
def test_what_is_written_is_read(version):
    assert prologue.read(prologue.write(version)) == version
