"""Files that a writer would not write, with every digest right: what an attacker can make, so that the rules
are reached and not only the checksums. The container is built from spec/format.md alone; nothing of spformat
is used.
"""

import copy
import math
import struct

import msgpack
import xxhash

MAGIC = b"\x89SPF\r\n\x1a\n"
VERSION = b"\x01\x00\x00\x00\x00\x00\x00\x00"
END_MAGIC = b"\x89SPFEND\n"
EMPTY_DIGEST = 0x2D06800538D394C2  # of no bytes
CSR = 2  # the layout whose blocks have four numbers
ITEMSIZE = [1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8, 1, 1, 1, 1, 1, 1, 4, 8, 16]  # by data type, section 3.5


def digest(data):
    return xxhash.xxh3_64_intdigest(data)


def footer(index, start, version=VERSION, **wrong):
    """The footer of an index that starts at byte `start`. `wrong` fields replace the right ones."""
    fields = {"index_offset": start, "index_bytes": len(index), "file_bytes": start + len(index) + 48}
    fields |= {key: value for key, value in wrong.items() if key in fields}
    head = struct.pack("<8sQQQ", version, *fields.values())
    return head + struct.pack("<Q", wrong.get("index_digest", digest(index + head))) + wrong.get("end_magic", END_MAGIC)


def file_of(tensors, body=b"", *, version=VERSION, magic=MAGIC, index=None, **wrong):
    """A file with these tensor entries and sections. `index` (object or bytes) replaces the whole index."""
    index = {"tensors": tensors} if index is None else index
    packed = index if isinstance(index, bytes) else msgpack.packb(index)
    wrong.setdefault("version", version)
    return magic + version + body + packed + footer(packed, 16 + len(body), **wrong)


def csr_entry(name, dtype, shape, decoded, parameters, block_elements, blocks):
    """Entry of a csr tensor; blocks are (bytes, nonzeros, entries)."""
    return storage_entry(name, dtype, shape, decoded, [2, parameters, [1, 0], block_elements], blocks)


def block_numbers(layout, data, nonzeros, entries):
    """What the index says of a block: entries only in csr."""
    return [len(data), nonzeros, *[entries] * (layout == CSR), digest(data)]


def indexed(index, rest=b""):
    """A block of a coded index: its length, seven bits in a byte, the index, and what follows."""
    length, head = len(index), []
    while length > 127:
        head.append(length % 128 | 128)
        length //= 128
    return bytes([*head, length]) + index + rest


def index_of(block):
    """The coded index of a block, and what follows it."""
    size = next(at for at, byte in enumerate(block, 1) if byte < 128)
    end = size + sum((byte & 127) << 7 * at for at, byte in enumerate(block[:size]))
    return block[size:end], block[end:]


def storage_entry(name, dtype, shape, decoded, storage, blocks):
    """Entry of a tensor in the long form, from its decoded bytes and blocks of (bytes, nonzeros, entries)."""
    numbers = [n for block in blocks for n in block_numbers(storage[0], *block)]
    return [name, dtype, list(shape), digest(decoded), [*storage, numbers]]


class Opened:
    """A file taken apart: change `index` (the msgpack object), `sections` or `version`, then build()."""

    def __init__(self, data):
        offset, length = struct.unpack("<QQ", data[-40:-24])
        self.version = data[8:16]
        self.index = msgpack.unpackb(data[offset : offset + length], strict_map_key=False)
        self.body = bytearray(data[16:offset])

    def build(self, **wrong):
        return file_of(None, bytes(self.body), version=self.version, index=self.index, **wrong)

    def copy(self):
        return copy.deepcopy(self)

    def entry(self, number=0):
        return self.index["tensors"][number]

    def storage(self, number=0):
        """layout, parameters, codecs, block_elements, blocks of a tensor in the long form."""
        return self.entry(number)[4]

    def blocks(self, number=0):
        """(start in the body, length) of each block of a tensor."""
        spans, at = [], 0
        for i, entry in enumerate(self.index["tensors"]):
            if len(entry) in (2, 3):
                continue
            dense = math.prod(entry[2]) * ITEMSIZE[entry[1]]
            lengths = [dense] if isinstance(entry[4], int) else entry[4][4][0 :: 3 + (entry[4][0] == CSR)]
            for length in lengths:
                if i == number:
                    spans.append((at, length))
                at += length
        return spans

    def block(self, number=0, block=0):
        start, length = self.blocks(number)[block]
        return bytes(self.body[start : start + length])

    def replace(self, data, number=0, block=0, **counts):
        """Puts other bytes in the place of a block; length and digest follow. `counts`: nonzeros, entries."""
        start, length = self.blocks(number)[block]
        self.body[start : start + length] = data
        layout, *_, numbers = self.storage(number)
        each = 3 + (layout == CSR)
        changed = {0: len(data), each - 1: digest(data)}
        if "nonzeros" in counts:
            changed[1] = counts["nonzeros"]
        if "entries" in counts and layout == CSR:
            changed[2] = counts["entries"]
        for at, value in changed.items():
            numbers[each * block + at] = value
        return self
