"""Where the records of a zipped torch checkpoint lie in the file."""

from __future__ import annotations

import struct
import zipfile

LOCAL_HEADER = struct.Struct("<4s22xHH")  # magic, lengths of name and extra field
LOCAL_MAGIC = b"PK\x03\x04"


def record_extents(path: str) -> dict[int, int]:
    """First byte in the file -> number of bytes, for every storage that is kept uncompressed, which torch
    always does.

    Raises zipfile.BadZipFile (or OSError) for a damaged archive.
    """
    extents = {}
    with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
        for record in archive.infolist():
            if record.compress_type != zipfile.ZIP_STORED or "/data/" not in record.filename:
                continue
            # The local header repeats the directory's, but its extra field, torch's padding, has a length of
            # its own.
            file.seek(record.header_offset)
            header = file.read(LOCAL_HEADER.size)
            if len(header) != LOCAL_HEADER.size or not header.startswith(LOCAL_MAGIC):
                raise zipfile.BadZipFile(f"no local header for {record.filename}")
            _, name_bytes, extra_bytes = LOCAL_HEADER.unpack(header)
            start = record.header_offset + LOCAL_HEADER.size + name_bytes + extra_bytes
            extents[start] = record.file_size
    return extents


def byte_order(path: str) -> bytes:
    """What the archive says of its byte order: b"little" or b"big"; b"little" when it says nothing."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith("/byteorder"):
                return archive.read(name)[:16]
    return b"little"
