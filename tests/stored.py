"""Bytes of blocks, built and taken apart as spec/format.md, section 5, says; nothing of spformat is used."""

import numpy as np


def pack_bits(numbers, width):
    """A bit stream, least significant bit first, padded with zero bits to a byte."""
    stream = sum(number << (i * width) for i, number in enumerate(numbers))
    return stream.to_bytes(-(-len(numbers) * width // 8), "little")


def unpack_bits(data, count, width):
    """The first `count` numbers of a bit stream, and whether what follows in its last byte is zero."""
    stream = int.from_bytes(data[: -(-count * width // 8)], "little")
    numbers = [(stream >> (i * width)) % (1 << width) for i in range(count)]
    return numbers, stream >> (count * width) == 0


def has_pointers(elements, length):
    """Section 5.3: "nothing, when the block has one group", which a shorter last block may have."""
    return elements > length


def csr_block(groups, pointers, bits, itemsize, width=None):
    """The bytes of a block of gap codes, from groups of (code, value), where None is an escape."""
    entries = [entry for group in groups for entry in group]
    counts = [len(group) for group in groups]
    width = max(counts).bit_length() if width is None else width
    head = bytes([width]) + pack_bits(counts, width) if pointers else b""
    values = b"".join(v.to_bytes(itemsize, "little") for _, v in entries if v is not None)
    return head + pack_bits([c for c, _ in entries], bits) + values


def parse_csr(data, elements, length, entries, code, itemsize):
    """The groups of (code, value) of a block; checks padding, width of the pointers and length."""
    groups = -(-elements // length)
    counts, at = [entries], 0
    if has_pointers(elements, length):
        width = data[0]
        counts, padded = unpack_bits(data[1:], groups, width)
        at = 1 + -(-groups * width // 8)
        assert padded
        assert width == max(counts).bit_length()
        assert sum(counts) == entries
    codes, padded = unpack_bits(data[at:], entries, code.bits)
    at += -(-entries * code.bits // 8)
    assert padded
    carries = [not (code.escape and c == 2**code.bits - 1) for c in codes]
    values = [int.from_bytes(data[i : i + itemsize], "little") for i in range(at, len(data), itemsize)]
    assert at + itemsize * sum(carries) == len(data)
    left = iter(values)
    flat = iter([(c, next(left) if carry else None) for c, carry in zip(codes, carries, strict=True)])
    return [[next(flat) for _ in range(count)] for count in counts]


def bitmask_block(elements, itemsize):
    """The bytes of a bitmask block, from bit patterns."""
    mask = pack_bits([int(bool(v)) for v in elements], 1)
    return mask + b"".join(v.to_bytes(itemsize, "little") for v in elements if v)


def patterns(array):
    """The bit patterns of an array's elements in C order, as Python ints."""
    raw = np.ascontiguousarray(array).tobytes()
    size = array.dtype.itemsize
    return [int.from_bytes(raw[i : i + size], "little") for i in range(0, len(raw), size)]
