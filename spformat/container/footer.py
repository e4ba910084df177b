"""The last 48 bytes of a file (spec/format.md, section 2.3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ..errors import ChecksumError, CorruptError, TruncatedError
from . import prologue
from .digest import digest

END_MAGIC = b"\x89SPFEND\n"
SIZE = 48
_FIELDS = struct.Struct("<8sQQQ")
FIELDS_SIZE = _FIELDS.size  # follow the index, and its digest covers them
_DIGEST = struct.Struct("<Q8s")


@dataclass(frozen=True)
class Footer:
    """Where the index is; `version` are the version bytes as they stand in the prologue."""

    version: bytes
    index_offset: int
    index_bytes: int
    file_bytes: int
    index_digest: int = 0

    def fields(self) -> bytes:
        """Bytes 0..31, which the digest covers."""
        return _FIELDS.pack(self.version, self.index_offset, self.index_bytes, self.file_bytes)

    def check_index(self, framed: bytes) -> None:
        """Raises ChecksumError unless the digest is that of `framed`: the index and the fields of this footer."""
        found = digest(framed)
        if found != self.index_digest:
            raise ChecksumError(
                "the index is damaged",
                kind="footer/digest",
                offset=self.index_offset,
                expected=f"{self.index_digest:016x}",
                found=f"{found:016x}",
            )


def write(index_offset: int, index: bytes, version: bytes) -> bytes:
    """The footer of a file whose index starts at byte `index_offset`."""
    footer = Footer(version, index_offset, len(index), index_offset + len(index) + SIZE)
    return footer.fields() + _DIGEST.pack(digest(index + footer.fields()), END_MAGIC)


def read(data: bytes, file_bytes: int) -> Footer:
    """Parses a footer of a file of `file_bytes` bytes and checks all but the digest."""
    start = file_bytes - SIZE
    index_digest, end_magic = _DIGEST.unpack(data[32:])
    if end_magic != END_MAGIC:
        raise TruncatedError(
            "the file does not end as an spformat file does: cut short, or something was appended",
            kind="footer/magic",
            offset=file_bytes - 8,
            expected=END_MAGIC.hex(" "),
            found=end_magic.hex(" "),
        )
    version, index_offset, index_bytes, declared = _FIELDS.unpack(data[:32])
    footer = Footer(version, index_offset, index_bytes, declared, index_digest)
    if footer.file_bytes != file_bytes:
        raise TruncatedError(
            "the file has another length than it declares",
            kind="footer/file_bytes",
            offset=start + 24,
            expected=footer.file_bytes,
            found=file_bytes,
        )
    if footer.index_offset < prologue.SIZE or footer.index_offset + footer.index_bytes != start:
        raise CorruptError(
            "the index is not where the footer says",
            kind="footer/extent",
            offset=start + 8,
            expected=f"an end at byte {start}",
            found=f"bytes {footer.index_offset} to {footer.index_offset + footer.index_bytes}",
        )
    return footer


def check_version(footer: Footer, version: bytes, file_bytes: int) -> None:
    """Raises CorruptError unless the footer repeats the prologue's version bytes."""
    if footer.version != version:
        raise CorruptError(
            "prologue and footer disagree on the version",
            kind="footer/version",
            offset=file_bytes - SIZE,
            expected=version.hex(" "),
            found=footer.version.hex(" "),
        )
