"""Where the records of a zipped torch checkpoint lie in the file."""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from ..errors import SourceError

LOCAL_HEADER = struct.Struct("<4s22xHH")  # magic, lengths of name and extra field
LOCAL_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True)
class TorchZip:
    """What the directory of the archive says.

    names: of all records. byte_order: b"little" or b"big". extents: first byte in the file -> bytes,
    for every storage. compressed: whether some storage is, which torch never does; those have no extent.
    """

    names: list[str]
    byte_order: bytes
    extents: dict[int, int]
    compressed: bool

    @classmethod
    def read(cls, path: str) -> TorchZip:
        """Raises SourceError when the archive is damaged or cut short."""
        try:
            with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
                records = archive.infolist()
                orders = [archive.read(r)[:16] for r in records if r.filename.endswith("/byteorder")]
                storages = [r for r in records if "/data/" in r.filename]
                stored = [r for r in storages if r.compress_type == zipfile.ZIP_STORED]
                extents = {_start(file, record): record.file_size for record in stored}
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, zlib.error) as error:
            raise SourceError(f"{path}: a zip archive that is cut short or damaged ({error})") from error
        names = [record.filename for record in records]
        return cls(names, orders[0] if orders else b"little", extents, len(stored) < len(storages))


def _start(file: BinaryIO, record: zipfile.ZipInfo) -> int:
    """First byte of a record's data; the directory does not tell, as a header of any length lies before."""
    file.seek(record.header_offset)
    header = file.read(LOCAL_HEADER.size)
    if len(header) != LOCAL_HEADER.size or not header.startswith(LOCAL_MAGIC):
        raise zipfile.BadZipFile(f"no header before {record.filename}")
    _, name_bytes, extra_bytes = LOCAL_HEADER.unpack(header)
    return record.header_offset + LOCAL_HEADER.size + int(name_bytes) + int(extra_bytes)
