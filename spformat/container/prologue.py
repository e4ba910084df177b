"""The first 16 bytes of a file (spec/format.md, section 2.1)."""

from __future__ import annotations

import struct

from ..errors import CorruptError, NotSpformatError, UnsupportedError
from .version import FormatVersion

MAGIC = b"\x89SPF\r\n\x1a\n"
SIZE = 16
_VERSION = struct.Struct("<BB2sI")


def write_version(version: FormatVersion) -> bytes:
    """The eight version bytes."""
    return _VERSION.pack(version.major, version.minor, b"\0\0", version.flags)


def write(version: FormatVersion) -> bytes:
    """The prologue of a file of that version."""
    return MAGIC + write_version(version)


def read(data: bytes) -> FormatVersion:
    """Parses and checks a prologue. Raises NotSpformatError, and what read_version does."""
    if data[:8] != MAGIC:
        raise NotSpformatError(
            "not an spformat file",
            kind="prologue/magic",
            offset=0,
            expected=MAGIC.hex(" "),
            found=data[:8].hex(" ") or "nothing",
        )
    return read_version(data[8:SIZE])


def read_version(data: bytes) -> FormatVersion:
    """Parses and checks the eight version bytes. Raises UnsupportedError or CorruptError."""
    major, minor, reserved, flags = _VERSION.unpack(data)
    version = FormatVersion(major, minor, flags)
    if not version.is_readable:
        raise UnsupportedError(
            "format version of another major", kind="prologue/major", offset=8, expected="1.x", found=version
        )
    if reserved != b"\0\0":
        raise CorruptError(
            "reserved bytes are set",
            kind="prologue/reserved",
            offset=10,
            expected="00 00",
            found=reserved.hex(" "),
        )
    if version.unknown_flags:
        raise UnsupportedError(
            f"the file (version {version}) needs a feature that this release does not have",
            kind="prologue/flags",
            offset=12,
            expected="no unknown flag",
            found=f"flags {version.unknown_flags:#x}",
        )
    return version
