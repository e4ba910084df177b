"""An educational decoder of spformat files: one file, to be read beside the specification, ../format.md.

It follows the specification section by section, quotes it, and refuses what it says a reader must refuse, with the
identifier of the rule. It is written for reading: plain Python, every number a Python integer, no speed. It knows
nothing of the package spformat; both are tested against each other on all files of ../vectors.

    python spf_decode.py FILE             lists metadata and tensors
    python spf_decode.py FILE NAME        writes the decoded bytes of one tensor to standard output

Needs Python 3.10 and msgpack.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod
from typing import Any, ClassVar

import msgpack

# ---------------------------------------------------------------------------------------------------------------------
# 1. Conventions
#
# "Integers are little-endian. u8, u32, u64 are unsigned; int is a msgpack integer of any width."


class Refused(Exception):  # noqa: N818 - the word of the specification
    """The file breaks a rule: `rule` is its identifier; `tensor` (its name) and `block` say where, if anywhere."""

    def __init__(self, rule: str, found: str) -> None:
        super().__init__(rule, found)
        self.rule, self.found = rule, found
        self.tensor: str | None = None
        self.block: int | None = None

    def __str__(self) -> str:
        tensor = "" if self.tensor is None else f"tensor {self.tensor!r}: "
        block = "" if self.block is None else f"block {self.block}: "
        return f"{tensor}{block}{self.found} [{self.rule}]"


def must(condition: bool, rule: str, found: str) -> None:
    """Refuses the file under a rule unless the condition holds."""
    if not condition:
        raise Refused(rule, found)


@contextmanager
def at_place(tensor: str, block: int | None = None) -> Iterator[None]:
    """Says of what is refused in here in which tensor and block it is."""
    try:
        yield
    except Refused as refused:
        refused.tensor = tensor
        refused.block = block if refused.block is None else refused.block
        raise


def little(data: bytes) -> int:
    """An unsigned integer, little-endian."""
    return int.from_bytes(data, "little")


def is_count(value: object) -> bool:
    """Whether a value of the index is an int that is not negative (a bool is not an int)."""
    return type(value) is int and value >= 0


def bit_stream(data: bytes, width: int, count: int) -> tuple[list[int], int]:
    """The numbers of a bit stream, and what its padding holds.

    "A bit stream fills each byte from bit 0 upward: element i of width b occupies bits i*b .. i*b + b - 1 of the
    stream, its least significant bit first."
    """
    numbers, held, bits, following = [], 0, 0, iter(data)
    for _ in range(count):
        while bits < width:
            held, bits = held | next(following) << bits, bits + 8
        numbers.append(held & ((1 << width) - 1))
        held, bits = held >> width, bits - width
    return numbers, held


def stream_bytes(width: int, count: int) -> int:
    """The length of a bit stream that is padded to a whole byte."""
    return (width * count + 7) // 8


class Source:
    """The stored bytes of a block, taken from the front."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int, rule: str = "storage/bytes") -> bytes:
        left = len(self.data) - self.at
        must(count <= left, rule, f"{count} bytes are needed, {left} are left of the block")
        self.at += count
        return self.data[self.at - count : self.at]

    def numbers(self, count: int, itemsize: int) -> list[int]:
        """`count` integers of `itemsize` bytes each."""
        data = self.take(count * itemsize)
        return [little(data[i : i + itemsize]) for i in range(0, len(data), itemsize)]

    def bits(self, count: int, width: int, padding_rule: str) -> list[int]:
        """A bit stream, padded with zero bits to a byte."""
        numbers, padding = bit_stream(self.take(stream_bytes(width, count)), width, count)
        must(padding == 0, padding_rule, "a padding bit is set")
        return numbers

    def coded_index(self) -> Source:
        """A coded mask or gap stream "is preceded by its length in bytes": seven bits in a byte, the lowest first."""
        length = 0
        for shift in range(0, 35, 7):
            byte = self.take(1)[0]
            length |= (byte & 127) << shift
            if byte < 128:
                must(shift == 0 or byte > 0, "block/index_bytes", "a length that has more bytes than it needs")
                return Source(self.take(length))
        raise Refused("block/index_bytes", "a length of more than five bytes")

    def finish(self, rule: str) -> None:
        must(self.at == len(self.data), rule, f"{len(self.data)} bytes are declared, {self.at} are read")


# ---------------------------------------------------------------------------------------------------------------------
# 2. The file

MAGIC = bytes.fromhex("89 53 50 46 0D 0A 1A 0A")
END_MAGIC = bytes.fromhex("89 53 50 46 45 4E 44 0A")
PROLOGUE_BYTES, FOOTER_BYTES = 16, 48


def check_prologue(data: bytes) -> None:
    """2.1 Prologue: magic, major, minor, reserved (2 bytes), flags (u32)."""
    must(len(data) >= PROLOGUE_BYTES + FOOTER_BYTES, "prologue/short", f"the file has {len(data)} bytes")
    must(data[:8] == MAGIC, "prologue/magic", f"the file starts with {data[:8].hex(' ')}")
    must(data[8] == 1, "prologue/major", f"major version {data[8]}")
    must(data[10:12] == b"\0\0", "prologue/reserved", f"reserved bytes {data[10:12].hex(' ')}")
    must(little(data[12:16]) == 0, "prologue/flags", f"unknown flags {little(data[12:16]):#x}")


def read_footer(data: bytes) -> tuple[int, int]:
    """2.3 Footer: (index_offset, index_bytes)."""
    footer = data[-FOOTER_BYTES:]
    version, index_offset, index_bytes, file_bytes, digest, magic = struct.unpack("<8sQQQQ8s", footer)
    must(magic == END_MAGIC, "footer/magic", f"the file ends with {magic.hex(' ')}")
    must(file_bytes == len(data), "footer/file_bytes", f"{file_bytes} declared, the file has {len(data)}")
    fits = index_offset >= PROLOGUE_BYTES and index_offset + index_bytes + FOOTER_BYTES == len(data)
    must(fits, "footer/extent", f"an index of {index_bytes} bytes at {index_offset} in {len(data)} bytes")
    actual = xxh3(data[index_offset : index_offset + index_bytes] + footer[:32])
    must(actual == digest, "footer/digest", f"{digest:016x} declared, {actual:016x} found")
    must(version == data[8:16], "footer/version", f"{version.hex(' ')}, the prologue has {data[8:16].hex(' ')}")
    return index_offset, index_bytes


# ---------------------------------------------------------------------------------------------------------------------
# 3. The index


def read_index(data: bytes) -> Any:
    """3.1 Canonical msgpack.

    "Each value has one encoding only [...] (So decoding and encoding again gives the same bytes; a reader may check
    it in that way.)"
    """

    def ascending(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
        keys = [key.encode() for key, _ in pairs]
        if any(first >= second for first, second in pairwise(keys)):
            raise ValueError("keys of a map are not in ascending order")
        return dict(pairs)

    def no_ext(code: int, _: bytes) -> None:
        raise ValueError(f"an ext type, {code}")

    try:
        value = msgpack.unpackb(data, object_pairs_hook=ascending, ext_hook=no_ext, timestamp=1)
        again = msgpack.packb(value)
    except (ValueError, AttributeError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise Refused("index/msgpack", f"{type(error).__name__}: {error}") from error
    must(again == data, "index/msgpack", "the bytes are not in canonical form")
    must(depth_of(value) <= 64, "index/msgpack", "arrays and maps are nested too deeply")
    return value


def depth_of(value: Any) -> int:
    """How many arrays and maps are inside each other."""
    inner = list(value.values()) if isinstance(value, dict) else value
    return 1 + max(map(depth_of, inner), default=0) if isinstance(inner, list) else 0


def check_top(top: Any) -> None:
    """3.2 Top level: metadata, tables, tensors. Other keys: "a reader ignores those that it does not know"."""
    must(isinstance(top, dict) and isinstance(top.get("tensors"), list), "index/top", "not a map with array `tensors`")
    metadata, tables = top.get("metadata", {"": None}), top.get("tables", [b""])
    must(isinstance(metadata, dict) and len(metadata) > 0, "index/top", "`metadata` is not a map with a key")
    must(isinstance(tables, list) and 0 < len(tables) <= 256, "index/top", "`tables` is not an array of 1 to 256")
    must(all(isinstance(table, bytes) for table in tables), "index/top", "a table is not bin")
    for value in metadata.values():
        check_metadata(value, 1)


def check_metadata(value: Any, depth: int) -> None:
    """Values are "nil, bool, int, float, str, and arrays and maps of these, at most 16 levels deep"."""
    must(not isinstance(value, bytes), "metadata/type", "a value is bin")
    if isinstance(value, (dict, list)):
        must(depth <= 16, "metadata/type", "more than 16 levels")
        for inner in value.values() if isinstance(value, dict) else value:
            check_metadata(inner, depth + 1)


@dataclass
class Tensor:
    """An entry of the index. Ties and copies have the storage, and the section, of their target."""

    name: str
    dtype: int
    shape: list[int]
    digest: int
    block_elements: int = 0
    layout: Layout = field(init=False)
    codecs: list[Codec] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    section: bytes = b""
    is_copy: bool = False
    tied_to: str | None = None  # the tensor whose memory this one shares

    @property
    def itemsize(self) -> int:
        return DTYPES[self.dtype][1]

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def rows(self) -> int:
        """The view is a matrix: "rows = shape[0], columns = the product of the other lengths"."""
        return self.shape[0] if self.shape else 1

    @property
    def columns(self) -> int:
        return prod(self.shape[1:])

    def set_one_block(self, zeros: int) -> None:
        """The form with zeros: "dense, codec raw, in one block of all its bytes, however many; the block's digest is
        `digest`. A tensor of no elements has this form, with zeros = 0, no block and no bytes."
        """
        elements, self.block_elements = self.elements, self.elements
        self.layout, self.codecs = Dense([], self), [Raw([], self, Tables([]))]
        if elements:
            self.blocks = [Block(0, elements, elements * self.itemsize, elements - zeros, elements, self.digest)]


def read_entry(entry: Any, earlier: list[Tensor], tables: Tables) -> Tensor:
    """3.3 Tensor entries: `[name, target (, true)]` or `[name, dtype, shape, digest, zeros or storage]` and what may
    follow: quantization, an array; optional features, a map."""
    named = isinstance(entry, list) and len(entry) > 0 and isinstance(entry[0], str)
    must(named, "entry/form", "not an array that starts with a name")
    name, *rest = entry
    must(len(name.encode()) <= 65_535, "entry/name", "a name of more than 65,535 bytes")
    with at_place(name):
        return read_named(name, rest, earlier, tables)


def read_named(name: str, rest: list[Any], earlier: list[Tensor], tables: Tables) -> Tensor:
    """What follows the name in an entry."""
    must(len(rest) in (1, 2, 4, 5, 6), "entry/form", f"an array of {1 + len(rest)}, which is none of the forms")
    must(name not in {tensor.name for tensor in earlier}, "entry/name", f"{name!r} occurs twice")
    if len(rest) <= 2:
        target, is_copy = rest[0], len(rest) == 2
        must(is_count(target), "entry/form", "the target is not an int >= 0")
        must(not is_copy or rest[1] is True, "entry/form", "three elements, and the last is not true")
        must(target < len(earlier), "entry/tie", f"target {target} is not an earlier entry")
        tensor: Tensor = copy(earlier[target])
        allowed = tensor.tied_to is None and not (is_copy and tensor.is_copy)
        must(allowed, "entry/tie", f"target {target} is one that a tie or a copy must not have")
        tensor.tied_to = None if is_copy else tensor.name
        tensor.name, tensor.is_copy = name, is_copy
        return tensor
    (dtype, shape, digest, how), more = rest[:4], rest[4:]
    is_quantized = len(more) > 0 and isinstance(more[0], list)
    for options in more[is_quantized:]:
        must(isinstance(options, dict) and len(options) > 0, "entry/form", "options are not a map with a key")
    must(len(more) <= 1 + is_quantized, "entry/form", "options twice")
    must(is_count(dtype), "entry/form", "the data type is not an int >= 0")
    must(dtype < len(DTYPES), "entry/dtype", f"data type {dtype}")
    must(isinstance(shape, list) and all(map(is_count, shape)), "entry/form", "the shape is not an array of ints >= 0")
    must(is_count(digest), "entry/form", "the digest is not an int >= 0")
    check_limits(shape, DTYPES[dtype][1])
    if is_quantized:
        check_quantization(more[0], shape)
    tensor = Tensor(name, dtype, shape, digest)
    if type(how) is int:
        must(how >= 0, "entry/form", "zeros is negative")
        must(how <= tensor.elements, "entry/zeros", f"{how} zeros of {tensor.elements} elements")
        tensor.set_one_block(zeros=how)
    else:
        must(isinstance(how, list), "entry/form", "neither zeros nor a storage")
        read_storage(tensor, how, tables)
    return tensor


def read_storage(tensor: Tensor, how: list[Any], tables: Tables) -> None:
    """3.4 Storage: `[layout, parameters, codecs, block_elements, blocks]`."""
    must(len(how) == 5, "storage/form", "not an array of five")
    layout, parameters, codecs, block_elements, numbers = how
    must(is_count(layout) and type(block_elements) is int, "storage/form", "layout or block_elements is not an int")
    must(all(isinstance(array, list) for array in (parameters, codecs, numbers)), "storage/form", "not an array")
    must(all(map(is_count, numbers)), "storage/form", "a number of a block is not an int >= 0")
    must(tensor.elements > 0, "storage/blocks", "a tensor of no elements has a storage")
    if block_elements == 0:
        block_elements = tensor.elements  # "0 stands for all elements of the tensor"
    must(1 <= block_elements <= 2**31, "storage/blocks", f"{block_elements} elements in a block")
    must(layout in LAYOUTS, "storage/layout", f"layout {layout}")
    each = LAYOUTS[layout].numbers
    count = -(-tensor.elements // block_elements)
    must(len(numbers) == each * count, "storage/blocks", f"{len(numbers)} numbers for {count} blocks")

    tensor.block_elements = block_elements
    tensor.layout = LAYOUTS[layout](parameters, tensor)
    must(len(codecs) == len(tensor.layout.streams), "storage/codec", f"{len(codecs)} codecs")
    for codec, stream in zip(codecs, tensor.layout.streams, strict=True):
        tensor.codecs.append(read_codec(codec, stream, tensor, tables))
    for i in range(count):
        elements = min(block_elements, tensor.elements - i * block_elements)
        stored_bytes, nonzeros, *entries, digest = numbers[each * i : each * (i + 1)]
        count_of_entries = entries[0] if entries else tensor.layout.entries(elements, nonzeros)
        tensor.blocks.append(Block(i, elements, stored_bytes, nonzeros, count_of_entries, digest))
        with at_place(tensor.name, i):
            tensor.layout.check_counts(tensor.blocks[i], tensor)


# 3.5 Data types, by code: name, bytes.
DTYPES = [
    *[("BOOL", 1), ("U8", 1), ("I8", 1), ("U16", 2), ("I16", 2), ("U32", 4), ("I32", 4), ("U64", 8), ("I64", 8)],
    *[("F16", 2), ("BF16", 2), ("F32", 4), ("F64", 8), ("F8_E4M3", 1), ("F8_E5M2", 1), ("F8_E4M3FNUZ", 1)],
    *[("F8_E5M2FNUZ", 1), ("F8_E8M0", 1), ("F4_X2", 1), ("C32", 4), ("C64", 8), ("C128", 16)],
]


def check_quantization(about: list[Any], shape: list[int]) -> None:
    """3.6 Quantization. "A reader that ignores the record returns right elements": nothing here changes them."""
    rule = "quantization/form"
    most = {0: 32, 1: 32, 2: 1}  # bits of codebook, affine, binary
    least = {0: 4, 1: 8, 2: 5}  # elements
    must(len(about) > 0 and type(about[0]) is int and about[0] in most, rule, "no method of the table")
    must(len(about) >= least[about[0]], rule, f"{len(about)} elements")
    method, bits, loss, *own = about
    must(type(bits) is int and 1 <= bits <= most[method], rule, f"bits {bits}")
    must(loss is None or (isinstance(loss, bytes) and len(loss) == 8), rule, "loss is neither nil nor two F32")
    if loss is not None:
        decibels, largest = struct.unpack("<2f", loss)
        must(decibels == decibels and largest >= 0 and not loss[7] >> 7, rule, "loss is a NaN or negative")
    if method == 0:
        must(isinstance(own[0], bool), rule, "reserves_zero is not a bool")
        return
    signed, zero_points, axis, group, scales = own[:5] if method == 1 else (False, 0, own[0], None, own[1])
    must(isinstance(signed, bool), rule, "signed is not a bool")
    must(axis is None or (is_count(axis) and axis < len(shape) and group is None), rule, f"axis {axis}, group {group}")
    must(group is None or (is_count(group) and group > 0 and len(shape) > 0), rule, f"groups of {group}")
    count = 1 if axis is None else shape[axis]
    if group is not None:
        count = shape[0] * -(-prod(shape[1:]) // group)
    one_for_all = type(zero_points) is int and -(2**31) <= zero_points < 2**31
    one_for_each = isinstance(zero_points, bytes) and len(zero_points) == (1 if bits <= 8 else 4) * count
    must(zero_points is None or one_for_all or one_for_each, rule, f"zero points other than {count}")
    has_scales = isinstance(scales, bytes) and len(scales) == 4 * count and are_scales(scales)
    must(scales is None or has_scales, rule, f"scales other than {count}")


def are_scales(data: bytes) -> bool:
    """F32 numbers, finite, with the sign bit clear: those whose bits are below infinity's."""
    return all(pattern < 0x7F800000 for pattern in Source(data).numbers(len(data) // 4, 4))


# ---------------------------------------------------------------------------------------------------------------------
# 4. Blocks


@dataclass
class Block:
    """The unit of decoding: "every block decodes without its neighbours"."""

    number: int
    elements: int
    stored_bytes: int
    nonzeros: int
    entries: int
    digest: int


def decode_tensor(tensor: Tensor, prove: bool = True) -> bytes:
    """The decoded bytes of a tensor: elements in C order, each little-endian. They are proven right unless told not."""
    view: list[int] = []
    at = 0
    for block in tensor.blocks:
        with at_place(tensor.name, block.number):
            view += decode_block(tensor, block, tensor.section[at : at + block.stored_bytes])
        at += block.stored_bytes
    if tensor.layout.transposed:  # "its transpose in C order": row r of the matrix is every rows-th element
        view = [element for r in range(tensor.rows) for element in view[r :: tensor.rows]]
    if tensor.codecs and isinstance(tensor.codecs[-1], Scaled):
        view = tensor.codecs[-1].products(view)
    decoded = b"".join(element.to_bytes(tensor.itemsize, "little") for element in view)
    with at_place(tensor.name):
        must(
            not prove or xxh3(decoded) == tensor.digest,
            "entry/digest",
            "the decoded bytes do not have the tensor's digest",
        )
    return decoded


def decode_block(tensor: Tensor, block: Block, stored: bytes) -> list[int]:
    """The elements of a block, in the order of the view."""
    must(xxh3(stored) == block.digest, "block/digest", "the stored bytes do not have the block's digest")
    source = Source(stored)
    elements = tensor.layout.decode(source, block, tensor)
    source.finish("storage/bytes")
    return elements


# ---------------------------------------------------------------------------------------------------------------------
# 5. Layouts


class Layout:
    """How the nonzeros of a block are placed. Its `streams` follow each other in this order, with one codec each."""

    streams: ClassVar[tuple[str, ...]]
    numbers = 3  # of a block in the index: stored_bytes, nonzeros, digest
    transposed = False

    def __init__(self, parameters: list[Any], _tensor: Tensor) -> None:
        must(parameters == [], "storage/form", "parameters of a layout that has none")

    def entries(self, elements: int, nonzeros: int) -> int:
        """The entries of a block, where the index does not say how many."""
        raise NotImplementedError

    def check_counts(self, block: Block, _tensor: Tensor) -> None:
        """Refuses "more nonzeros than elements or than entries, or counts that its layout forbids"."""
        fits = block.nonzeros <= min(block.elements, block.entries) and block.entries < 2**32
        must(fits, "storage/counts", f"impossible counts: {block}")

    def decode(self, source: Source, block: Block, tensor: Tensor) -> list[int]:
        """The elements of a block, in the order of the view."""
        raise NotImplementedError


class Dense(Layout):
    """5.1 block := values: elements, in the order of the view."""

    streams = ("values",)

    def entries(self, elements: int, _nonzeros: int) -> int:
        return elements

    def decode(self, source: Source, block: Block, tensor: Tensor) -> list[int]:
        values = tensor.codecs[0].values(source, block.elements, tensor)
        found = sum(value != 0 for value in values)
        must(found == block.nonzeros, "dense/nonzeros", f"{block.nonzeros} nonzeros declared, {found} found")
        return values


class Bitmask(Layout):
    """5.2 block := mask: ceil(elements / 8) bytes | values: nonzeros."""

    streams = ("mask", "values")

    def entries(self, _elements: int, nonzeros: int) -> int:
        return nonzeros

    def decode(self, source: Source, block: Block, tensor: Tensor) -> list[int]:
        mask_codec, value_codec = tensor.codecs
        mask = mask_codec.mask(source, block, tensor)
        must(sum(mask) == block.nonzeros, "bitmask/count", f"{block.nonzeros} nonzeros declared, {sum(mask)} bits set")
        values = value_codec.values(source, block.nonzeros, tensor)
        must(all(values), "bitmask/zero", "a stored value is zero")
        following = iter(values)
        return [next(following) if bit else 0 for bit in mask]


class Csr(Layout):
    """5.3 block := pointers | gaps | values. Parameters as in 6.1."""

    streams = ("gaps", "values")
    numbers = 4  # entries, too

    def __init__(self, parameters: list[Any], tensor: Tensor) -> None:
        seven = len(parameters) == 7 and all(type(p) is int for p in parameters)
        must(seven, "csr/parameters", "parameters are not seven ints")
        axis, self.restart_rows, self.carry, self.origin, self.bias, self.bits, fill = parameters
        flags = all(flag in (0, 1) for flag in (axis, self.carry, self.bias, fill))
        ranges = self.restart_rows >= 0 and -1 <= self.origin < 2**31 and 0 <= self.bits <= 16
        must(flags and ranges, "csr/parameters", f"parameters {parameters}")
        self.transposed, self.escapes = axis == 1, fill == 1
        self.largest_code = 2**self.bits - 1
        self.step = self.largest_code - self.escapes + self.bias  # D of 6.1
        must(self.step >= 1, "csr/parameters", f"the largest step is {self.step}")
        row_length = tensor.rows if self.transposed else tensor.columns
        self.group_elements = self.restart_rows * row_length or tensor.block_elements  # L
        for unit in [self.group_elements] + [row_length] * self.transposed:
            whole = tensor.block_elements % unit == 0 or tensor.block_elements >= tensor.elements
            must(whole, "csr/parameters", f"{tensor.block_elements} elements in a block are no multiple of {unit}")

    def check_counts(self, block: Block, tensor: Tensor) -> None:
        """With other codecs than bitpack and raw, "entries is at most the number of elements of the block"."""
        super().check_counts(block, tensor)
        fits = all(isinstance(codec, Raw) for codec in tensor.codecs) or block.entries <= block.elements
        must(fits, "storage/counts", f"impossible counts: {block}")

    def decode(self, source: Source, block: Block, tensor: Tensor) -> list[int]:
        gap_codec, value_codec = tensor.codecs
        pointers = self.pointers(source, block)
        gaps = gap_codec.gaps(source, block.entries, self)
        carriers = block.entries
        if self.escapes:
            carriers = sum(code != self.largest_code for code in gaps)
            must(carriers == block.nonzeros, "csr/nonzeros", f"{block.nonzeros} nonzeros declared, {carriers} found")
        values = value_codec.values(source, carriers, tensor)
        found = sum(value != 0 for value in values)
        must(found == carriers or not self.escapes, "csr/zero", "a value is zero")
        must(found == block.nonzeros, "csr/nonzeros", f"{block.nonzeros} nonzeros declared, {found} found")
        return self.place(pointers, gaps, values, block)

    def pointers(self, source: Source, block: Block) -> list[int]:
        """How many entries each group has: "width: u8 | entries of each group: bit stream of that width"."""
        groups = -(-block.elements // self.group_elements)
        if groups == 1:
            return [block.entries]
        width = source.take(1)[0]
        must(width <= 32, "csr/pointers", f"pointers of {width} bits")
        pointers = source.bits(groups, width, "csr/pointers")
        must(max(pointers).bit_length() == width, "csr/pointers", f"{width} is not the smallest width")
        must(sum(pointers) == block.entries, "csr/pointers", f"{sum(pointers)} entries of {block.entries}")
        return pointers

    def place(self, pointers: list[int], gaps: list[int], values: list[int], block: Block) -> list[int]:
        """6.2 Decoding: "The state s is a position in a group, 0 <= s < L"."""
        length = self.group_elements
        elements = [0] * block.elements
        codes, following = iter(gaps), iter(values)
        s = self.origin % length
        for g, entries in enumerate(pointers):
            if not self.carry:
                s = self.origin % length
            previous, difference, places = -1, 0, True
            for _ in range(entries):
                c = next(codes)
                if self.escapes and c == self.largest_code:
                    s, difference, places = (s + self.step) % length, difference + self.step, False
                    continue
                s, difference = (s + c + self.bias) % length, difference + c + self.bias
                v = next(following)
                places = v != 0
                if not places:
                    must(c == self.largest_code, "csr/zero", f"a value is zero and its code is {c}")
                    continue
                inside = g * length + s < block.elements
                must(inside and previous < s, "csr/position", f"position {s} of group {g} follows {previous}")
                must(difference < length + self.bias, "csr/position", f"a difference of {difference} in {length}")
                elements[g * length + s] = v
                previous, difference = s, 0
            must(places, "csr/last", f"the last entry of group {g} is a filler or an escape")
        return elements


LAYOUTS: dict[int, type[Layout]] = {0: Dense, 1: Bitmask, 2: Csr}

# ---------------------------------------------------------------------------------------------------------------------
# 6. Gap codes: Csr.__init__ reads the parameters (6.1), Csr.place decodes (6.2).
# ---------------------------------------------------------------------------------------------------------------------
# 7. Codecs


class Codec:
    """How a stream of numbers is stored. A codec offers one method for each kind of stream that it is allowed for."""

    streams: ClassVar[tuple[str, ...]]

    def __init__(self, parameters: list[Any], tensor: Tensor, tables: Tables) -> None:
        raise NotImplementedError

    def values(self, source: Source, count: int, tensor: Tensor) -> list[int]:
        """`count` values, each as the integer of its bit pattern."""
        raise NotImplementedError

    def mask(self, source: Source, block: Block, tensor: Tensor) -> list[int]:
        """One bit for each element of the block."""
        raise NotImplementedError

    def gaps(self, source: Source, count: int, layout: Csr) -> list[int]:
        """`count` gap codes."""
        raise NotImplementedError


def read_codec(codec: Any, stream: str, tensor: Tensor, tables: Tables) -> Codec:
    """A codec is "an int, or an array of its number and its parameters"."""
    number, *parameters = codec if isinstance(codec, list) and codec else [codec]
    form = type(number) is int and (parameters != []) == isinstance(codec, list)
    must(form and number in CODECS, "storage/codec", f"codec {codec}")
    must(stream in CODECS[number].streams, "storage/codec", f"codec {number} is not allowed for {stream}")
    return CODECS[number](parameters, tensor, tables)


class Raw(Codec):
    """7.1 "Each number as its bytes, little-endian. (The mask is bytes already.)" """

    streams: ClassVar[tuple[str, ...]] = ("values", "mask")

    def __init__(self, parameters: list[Any], _tensor: Tensor, _tables: Tables) -> None:
        must(parameters == [], "storage/codec", "a codec without parameters has some")

    def values(self, source: Source, count: int, tensor: Tensor) -> list[int]:
        return source.numbers(count, tensor.itemsize)

    def mask(self, source: Source, block: Block, _tensor: Tensor) -> list[int]:
        return source.bits(block.elements, 1, "bitmask/padding")


class Bitpack(Raw):
    """7.2 "A bit stream of the width that the layout says, padded with zero bits to a whole byte." """

    streams = ("gaps",)

    def gaps(self, source: Source, count: int, layout: Csr) -> list[int]:
        return source.bits(count, layout.bits, "csr/padding")


# 7.3 rans: "Symbols of a byte, coded by a range variant of asymmetric numeral systems with a static table".

SCALE = 4096
LEAST_STATE = 2**16


@dataclass
class Table:
    """The frequency of each of 256 symbols, and the symbol that is an escape."""

    frequencies: list[int]
    escape: int | None

    @cached_property
    def starts(self) -> list[int]:
        """The start of each symbol: "the sum of the frequencies of the symbols below it"."""
        return list(accumulate(self.frequencies, initial=0))

    @cached_property
    def symbol_of_slot(self) -> list[int]:
        return [symbol for symbol, frequency in enumerate(self.frequencies) for _ in range(frequency)]


class Tables:
    """The tables of the file. One is read when it is used: "a table that is used and breaks a rule above fails"."""

    def __init__(self, stored: list[bytes]) -> None:
        self.stored = stored
        self.read: dict[int, Table] = {}

    def __getitem__(self, number: Any) -> Table:
        must(is_count(number) and number < 256, "storage/codec", f"table {number!r}")
        if number not in self.read:
            self.read[number] = self.table(number)
        return self.read[number]

    def table(self, number: int) -> Table:
        must(number < len(self.stored), "tables/form", f"table {number} of {len(self.stored)}")
        stored = self.stored[number]
        must(len(stored) >= 2, "tables/form", f"a table of {len(stored)} bytes")
        kind = stored[0] & 3
        must(kind < 3, "tables/form", "a table of kind 3")
        weights, escape = binomial_weights(stored) if kind == 2 else coded_weights(stored, by_popcount=kind == 1)
        return Table(frequencies_of(weights), escape)


def coded_weights(stored: bytes, by_popcount: bool) -> tuple[list[int], int | None]:
    """Kinds 0 and 1: symbols "in natural order, or by (number of set bits, value)"."""
    must(stored[0] < 32, "tables/form", "a reserved bit of a table is set")
    has_escape, rice = stored[0] >> 2 & 1, stored[0] >> 3
    must(len(stored) > 2 + has_escape, "tables/form", "a table is too short")
    # "The first has its code in 6 bits"; a z "is written as z >> k one-bits, a zero-bit and the k low bits of z".
    bits, _ = bit_stream(stored[2 + has_escape :], 1, 8 * len(stored[2 + has_escape :]))
    at = 0

    def number(width: int) -> int:
        nonlocal at
        must(at + width <= len(bits), "tables/form", "a table is too short")
        at += width
        return sum(bit << i for i, bit in enumerate(bits[at - width : at]))

    codes = [number(6)]
    for _ in range(stored[1]):
        ones = 0
        while number(1):
            ones += 1
        z = ones << rice | number(rice)
        codes.append(codes[-1] + (z // 2 if z % 2 == 0 else -(z + 1) // 2))
    must(all(0 <= code <= 48 for code in codes) and codes[-1] > 0, "tables/form", "a code of a table is out of range")
    must(not any(bits[at:]) and len(bits) - at < 8, "tables/form", "padding or bytes after the codes of a table")

    # "A code c is 0 (no such symbol) or 1..48 with the weight (4 + (c - 1) mod 4) << ((c - 1) div 4)."
    order = sorted(range(256), key=lambda symbol: (symbol.bit_count() if by_popcount else 0, symbol))
    weights = [0] * 256
    for symbol, c in zip(order, codes, strict=False):
        weights[symbol] = (4 + (c - 1) % 4) << ((c - 1) // 4) if c else 0
    escape = stored[2] if has_escape else None
    must(escape is None or weights[escape] > 0, "tables/form", "the escape of a table has no weight")
    return weights, escape


def binomial_weights(stored: bytes) -> tuple[list[int], int | None]:
    """Kind 2: bytes of eight independent bits, "set with p = (16 + level mod 16) << (level div 16)", over 65536."""
    level = stored[1]
    must(stored[0] == 2 and level <= 191 and len(stored) == 2, "tables/form", f"a binomial table {stored.hex(' ')}")
    p = (16 + level % 16) << (level // 16)
    chances = []
    for ones in range(9):
        chance = 2**32
        for i in range(8):
            chance = chance * (p if i < ones else 65536 - p) >> 16
        chances.append(chance)
    rare = 2**32 // 8192
    weights = [chances[symbol.bit_count()] for symbol in range(256)]
    if min(weights) >= rare:
        return weights, None
    escape = 255 if p < 32768 else 0
    of_all_rare = sum(weight for weight in weights if weight < rare)
    weights = [weight if weight >= rare else 0 for weight in weights]
    weights[escape] = max(rare, of_all_rare)
    return weights, escape


def frequencies_of(weights: list[int]) -> list[int]:
    """From weights to slots: "each weight's share, weight x 4096 / (sum of weights) rounded down, at least 1 for a
    weight that is not 0. What is missing to 4096 (or too much) is added to the symbol of the largest weight".
    """
    shares = [max(1, weight * SCALE // sum(weights)) if weight else 0 for weight in weights]
    largest = weights.index(max(weights))
    shares[largest] += SCALE - sum(shares)
    must(shares[largest] > 0, "tables/form", "the shares of a table exceed 4096")
    return shares


def rans(source: Source, tables: Sequence[Table]) -> list[int]:
    """One symbol for each of `tables`, which is the table that it is coded under."""
    if not tables:
        return []  # "A stream of no symbols takes no bytes."
    log_lanes = source.take(1, "rans/short")[0]
    must(log_lanes <= 5, "rans/lanes", f"log2 of the number of lanes is {log_lanes}")
    lanes = 1 << log_lanes
    states = list(struct.unpack(f"<{lanes}I", source.take(4 * lanes, "rans/short")))
    must(min(states) >= LEAST_STATE, "rans/state", f"a lane starts with {min(states)}")
    symbols = []
    for i, table in enumerate(tables):  # "Symbol i is of lane i mod N."
        x = states[i % lanes]
        slot = x % SCALE
        s = table.symbol_of_slot[slot]
        x = table.frequencies[s] * (x // SCALE) + slot - table.starts[s]
        if x < LEAST_STATE:
            x = x * 2**16 + little(source.take(2, "rans/short"))
        states[i % lanes] = x
        symbols.append(s)
    must(all(x == LEAST_STATE for x in states), "rans/state", "a lane does not end with 2^16")
    return symbols


def with_literals(source: Source, tables: Sequence[Table]) -> list[int]:
    """Escapes: each "stands for a byte that follows the words: literals, one byte for each escape"."""
    symbols = rans(source, tables)
    return [source.take(1)[0] if s == table.escape else s for s, table in zip(symbols, tables, strict=True)]


class Rans(Codec):
    """`[2, table]`: the bytes of a mask, or gap codes of at most 8 bits."""

    streams = ("mask", "gaps")

    def __init__(self, parameters: list[Any], tensor: Tensor, tables: Tables) -> None:
        must(len(parameters) == 1, "storage/codec", f"rans has the parameters {parameters}")
        fits = not isinstance(tensor.layout, Csr) or tensor.layout.bits <= 8
        must(fits, "storage/codec", "rans codes gaps of at most 8 bits")
        self.table = tables[parameters[0]]

    def mask(self, source: Source, block: Block, _tensor: Tensor) -> list[int]:
        inner = source.coded_index()
        data = bytes(with_literals(inner, [self.table] * stream_bytes(1, block.elements)))
        inner.finish("block/index_bytes")
        bits, padding = bit_stream(data, 1, block.elements)
        must(padding == 0, "bitmask/padding", "a bit beyond the elements is set")
        return bits

    def gaps(self, source: Source, count: int, layout: Csr) -> list[int]:
        inner = source.coded_index()
        codes = rans(inner, [self.table] * count)
        inner.finish("block/index_bytes")
        must(max(codes, default=0) <= layout.largest_code, "csr/code", f"a code has more than {layout.bits} bits")
        return codes


class Floatsplit(Codec):
    """7.4 `[3, shift, base, table]`: "With h = m >> shift, key = h - base."

    values := keys: rans stream | literals: each h whose key is the escape, u16 | fields: the low bits and the sign.
    """

    streams = ("values",)

    def __init__(self, parameters: list[Any], tensor: Tensor, tables: Tables) -> None:
        must(len(parameters) == 3 and all(map(is_count, parameters)), "storage/codec", "parameters are not 3 ints >= 0")
        fillers = isinstance(tensor.layout, Csr) and not tensor.layout.escapes
        must(not fillers, "storage/codec", "values of codec floatsplit are allowed with escapes only")
        self.shift, self.base, table = parameters
        w = 8 * tensor.itemsize
        must(w <= 64 and w - 16 <= self.shift <= w - 2, "storage/codec", f"shift {self.shift} of {w} bits")
        self.tops = 1 << (w - 1 - self.shift)  # how many values h can have
        must(self.base < self.tops, "storage/codec", f"base {self.base} is not below {self.tops}")
        self.table = tables[table]
        largest = max(symbol for symbol in range(256) if self.table.frequencies[symbol])
        must(self.base + largest < self.tops, "tables/form", f"a key can be {self.base + largest} of {self.tops}")

    def values(self, source: Source, count: int, tensor: Tensor) -> list[int]:
        keys = rans(source, [self.table] * count)
        tops = [little(source.take(2)) if key == self.table.escape else key + self.base for key in keys]
        must(max(tops, default=0) < self.tops, "floatsplit/literal", f"a literal is not below {self.tops}")
        fields = source.bits(count, self.shift + 1, "floatsplit/padding")
        sign = 8 * tensor.itemsize - 1
        low = 1 << self.shift
        return [
            field >> self.shift << sign | h << self.shift | field % low for h, field in zip(tops, fields, strict=True)
        ]


class Strips(Codec):
    """7.5 `[4, row_classes, column_classes, tables, rows, columns]`: a mask in bytes that run down eight rows."""

    streams = ("mask",)

    def __init__(self, parameters: list[Any], tensor: Tensor, tables: Tables) -> None:
        must(len(parameters) == 5, "storage/codec", f"strips have {len(parameters)} parameters")
        row_classes, column_classes, numbers, rows, columns = parameters
        classes = [row_classes, column_classes]
        must(all(is_count(c) and 1 <= c <= 16 for c in classes), "storage/codec", f"numbers of classes {classes}")
        count = row_classes * column_classes
        form = isinstance(numbers, bytes) and len(numbers) == count
        must(form, "storage/codec", f"tables are not a bin of {count} bytes")
        self.row_class = read_classes(rows, row_classes, tensor.rows)
        self.column_class = read_classes(columns, column_classes, tensor.columns)
        whole = tensor.block_elements % tensor.columns == 0 or tensor.block_elements >= tensor.elements
        must(whole, "storage/codec", f"blocks of {tensor.block_elements} elements are not whole rows")
        self.first_row = tensor.block_elements // tensor.columns  # of the second block
        read = [tables[number] for number in numbers]
        self.tables = [read[i : i + column_classes] for i in range(0, count, column_classes)]

    def mask(self, source: Source, block: Block, tensor: Tensor) -> list[int]:
        columns, rows = tensor.columns, block.elements // tensor.columns
        first = block.number * self.first_row
        # "The rows of a block are ordered by class, those of one class as they come, and cut into strips of eight."
        order = sorted(range(rows), key=lambda row: self.row_class[first + row])
        strips = [order[i : i + 8] for i in range(0, rows, 8)]
        tables = [
            self.tables[self.row_class[first + strip[0]]][self.column_class[column]]
            for strip in strips
            for column in range(columns)
        ]
        inner = source.coded_index()
        following = iter(with_literals(inner, tables))
        inner.finish("block/index_bytes")
        mask = [0] * block.elements
        for strip in strips:
            for column in range(columns):
                byte = next(following)
                must(byte >> len(strip) == 0, "strips/padding", "a bit of a row that is not there is set")
                for r, row in enumerate(strip):
                    mask[row * columns + column] = byte >> r & 1
        return mask


def read_classes(data: Any, classes: int, lines: int) -> list[int]:
    """The class of each row or column: a bit stream of width ceil(log2(classes))."""
    width = (classes - 1).bit_length()
    fits = isinstance(data, bytes) and len(data) == stream_bytes(width, lines)
    must(fits, "storage/codec", f"the classes of {lines} lines are not a bin of {stream_bytes(width, lines)}")
    numbers, padding = bit_stream(data, width, lines)
    must(max(numbers) < classes and padding == 0, "storage/codec", "a class is out of range, or a padding bit is set")
    return numbers


class Codebook(Codec):
    """7.6 `[5, codebook, codes]`: values that take few distinct bit patterns, as their numbers in the codebook."""

    streams = ("values",)

    def __init__(self, parameters: list[Any], tensor: Tensor, tables: Tables) -> None:
        form = len(parameters) == 2 and isinstance(parameters[0], bytes) and tensor.itemsize <= 8
        must(form, "storage/codec", "parameters are not a bin and a codec, or values have more than 8 bytes")
        book, codes = parameters
        must(len(book) % tensor.itemsize == 0, "storage/codec", f"{len(book)} bytes of patterns of {tensor.itemsize}")
        self.book = Source(book).numbers(len(book) // tensor.itemsize, tensor.itemsize)
        ascending = all(first < second for first, second in pairwise(self.book))
        must(1 <= len(self.book) <= 256 and ascending, "storage/codec", "not 1 to 256 patterns that ascend")
        bitpacked = type(codes) is int and codes == 1
        coded = isinstance(codes, list) and 2 <= len(codes) <= 3 and type(codes[0]) is int and codes[0] == 2
        must(bitpacked or coded, "storage/codec", f"codes have the codec {codes}")
        self.table = tables[codes[1]] if coded else None
        self.width = (len(self.book) - 1).bit_length()
        self.grouped = coded and len(codes) == 3
        if self.grouped:  # "Codes are grouped only where their width is 1, 2 or 4".
            must(codes[2] is True and self.width in (1, 2, 4), "storage/codec", f"codes are grouped by {codes[2]!r}")

    def values(self, source: Source, count: int, _tensor: Tensor) -> list[int]:
        if self.table is None:
            codes = source.bits(count, self.width, "codebook/padding")
        elif self.grouped:  # "a symbol for each byte of that bit stream by rans, then literals, as in a mask"
            packed = bytes(with_literals(source, [self.table] * stream_bytes(self.width, count)))
            codes = Source(packed).bits(count, self.width, "codebook/padding")
        else:
            codes = rans(source, [self.table] * count)
        must(max(codes, default=0) < len(self.book), "codebook/code", f"a code is not below {len(self.book)}")
        return [self.book[code] for code in codes]


class Scaled(Codebook):
    """7.7 `[6, run or [run, row], scales, codebook or [least, present], codes]`: values "that are products of a few
    steps and a scale"."""

    def __init__(self, parameters: list[Any], tensor: Tensor, tables: Tables) -> None:
        form = 4 <= len(parameters) <= 5 and isinstance(parameters[1], bytes)
        must(form and DTYPES[tensor.dtype][0] == "F32", "storage/codec", "not a run, a bin and a codebook of F32")
        run, scales = parameters[:2]
        # "`run` is an int of 1 to 2^62, or an array `[run, row]`", "run < row and row is no multiple of run".
        numbers: list[int] = run if isinstance(run, list) else [run]
        must(1 <= len(numbers) <= 2 and all(type(n) is int for n in numbers), "storage/codec", f"a run of {run}")
        self.run, self.row = numbers[0], numbers[-1] if isinstance(run, list) else None
        whole_runs = self.row is not None and not (self.run < self.row <= 2**62 and self.row % self.run > 0)
        must(1 <= self.run <= 2**62 and not whole_runs, "storage/codec", f"a run of {run}")
        whole = len(scales) > 0 and len(scales) % 4 == 0
        must(whole and are_scales(scales), "storage/codec", "not one finite scale or more that are not negative")
        self.scales = Source(scales).numbers(len(scales) // 4, 4)
        book, codes, *wrap = parameters[2:]
        super().__init__([integers(book) if isinstance(book, list) else book, codes], tensor, tables)
        must(all(step & 0x7F800000 != 0x7F800000 for step in self.book), "storage/codec", "a step is not finite")
        self.modulus, self.tops = self.wrap(*wrap) if wrap else (0, b"")

    def wrap(self, about: Any) -> tuple[int, bytes]:
        """ "`[modulus, tops]`, an int of 2 to 256 and a bin of n bytes, each below modulus" """
        form = isinstance(about, list) and len(about) == 2 and type(about[0]) is int and isinstance(about[1], bytes)
        must(form and 2 <= about[0] <= 256, "storage/codec", f"a wrap of {about!r}")
        modulus, tops = about
        must(len(tops) == len(self.scales) and max(tops) < modulus, "storage/codec", "not a top for each scale")
        # "Then all steps are integers of 0 to modulus - 1 (of their patterns)".
        patterns = {little(struct.pack("<f", n)) for n in range(modulus)}
        must(patterns >= set(self.book), "storage/codec", "a step that is none of 0 to modulus - 1")
        return modulus, tops

    def products(self, steps: list[int]) -> list[int]:
        """ "element i <- element i x scale number s mod n" """
        numbers = [self.number(i) % len(self.scales) for i in range(len(steps))]
        if self.modulus:
            steps = [self.unwrapped(step, self.tops[s]) for step, s in zip(steps, numbers, strict=True)]
        return [times(step, self.scales[s]) for step, s in zip(steps, numbers, strict=True)]

    def unwrapped(self, step: int, top: int) -> int:
        """ "step i if step i <= top number s mod n, else step i - modulus" """
        number = struct.unpack("<f", struct.pack("<I", step))[0]
        return step if number <= top else little(struct.pack("<f", number - self.modulus))

    def number(self, i: int) -> int:
        """ "s = i div run, or with a row: (i div row) x ceil(row / run) + (i mod row) div run" """
        if self.row is None:
            return i // self.run
        return i // self.row * -(-self.row // self.run) + i % self.row // self.run


def integers(steps: list[Any]) -> bytes:
    """`[least, present]`: "bit i of the bin `present` says that least + i is a step". The patterns of the steps."""
    form = len(steps) == 2 and type(steps[0]) is int and isinstance(steps[1], bytes)
    must(form and len(steps[1]) > 0, "storage/codec", "steps are not an int and a bin")
    least, present = steps
    must(present[0] & 1 == 1 and present[-1] > 0, "storage/codec", "no least step, or a last byte of 0")
    bits, _ = bit_stream(present, 1, 8 * len(present))
    numbers = [least + i for i, bit in enumerate(bits) if bit]
    must(least >= -(2**24) and numbers[-1] <= 2**24, "storage/codec", f"steps from {least} to {numbers[-1]}")
    up, down = [n for n in numbers if n >= 0], [n for n in numbers if n < 0][::-1]
    return struct.pack(f"<{len(numbers)}f", *up, *down)


def times(a: int, b: int) -> int:
    """The product of two finite F32: exact in the 53 bits of a Python float, then rounded once."""
    product = struct.unpack("<f", struct.pack("<I", a))[0] * struct.unpack("<f", struct.pack("<I", b))[0]
    try:
        return little(struct.pack("<f", product))
    except OverflowError:  # beyond the largest F32 it rounds to infinity
        return 0xFF800000 if product < 0 else 0x7F800000


CODECS: dict[int, type[Codec]] = {0: Raw, 1: Bitpack, 2: Rans, 3: Floatsplit, 4: Strips, 5: Codebook, 6: Scaled}

# ---------------------------------------------------------------------------------------------------------------------
# 8. Digests: "XXH3-64, seed 0, default secret, as in the xxHash specification, version 0.8."

M = 2**64 - 1
PRIME32 = [0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D]
PRIME64 = [0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5]
PRIME_MX1, PRIME_MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25
SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248ee0"
    "3590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e0"
    "4bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d1"
    "7ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)


def xxh3(data: bytes) -> int:
    """The XXH3-64 of bytes; how they are mixed depends on how many there are."""
    size = len(data)
    if size > 240:
        return xxh3_long(data)
    if size > 128:
        mixed = size * PRIME64[0] + sum(mix16(data, 16 * i, 16 * i) for i in range(8))
        mixed = avalanche(mixed & M) + sum(mix16(data, 16 * i, 16 * i - 125) for i in range(8, size // 16))
        return avalanche(mixed + mix16(data, size - 16, 119) & M)
    if size > 16:
        pairs = range((size - 1) // 32 + 1)
        fronts = sum(mix16(data, 16 * i, 32 * i) for i in pairs)
        backs = sum(mix16(data, size - 16 * (i + 1), 32 * i + 16) for i in pairs)
        return avalanche(size * PRIME64[0] + fronts + backs & M)
    if size > 8:
        low = u64(data, 0) ^ u64(SECRET, 24) ^ u64(SECRET, 32)
        high = u64(data, size - 8) ^ u64(SECRET, 40) ^ u64(SECRET, 48)
        swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
        return avalanche(size + swapped + high + fold(low, high) & M)
    if size > 3:
        h = (u32(data, size - 4) + (u32(data, 0) << 32)) ^ u64(SECRET, 8) ^ u64(SECRET, 16)
        h ^= (h << 49 | h >> 15) & M ^ (h << 24 | h >> 40) & M
        h = h * PRIME_MX2 & M
        h = (h ^ (h >> 35) + size) * PRIME_MX2 & M
        return h ^ h >> 28
    if size > 0:
        combined = data[0] << 16 | data[size // 2] << 24 | data[-1] | size << 8
        return xxh64_avalanche(combined ^ u32(SECRET, 0) ^ u32(SECRET, 4))
    return xxh64_avalanche(u64(SECRET, 56) ^ u64(SECRET, 64))


def xxh3_long(data: bytes) -> int:
    """Eight lanes take a stripe of 64 bytes at a time; after sixteen stripes they are scrambled."""
    size = len(data)
    lanes = [PRIME32[2], *PRIME64[:4], PRIME32[1], PRIME64[4], PRIME32[0]]

    def accumulate(at: int, secret_at: int) -> None:
        words, keys = struct.unpack_from("<8Q", data, at), struct.unpack_from("<8Q", SECRET, secret_at)
        for i in range(8):
            key = words[i] ^ keys[i]
            lanes[i] += (key & 0xFFFFFFFF) * (key >> 32)
            lanes[i ^ 1] += words[i]

    last = (size - 1) // 64
    for stripe in range(last):
        accumulate(64 * stripe, 8 * (stripe % 16))
        if stripe % 16 == 15:
            for i, key in enumerate(struct.unpack_from("<8Q", SECRET, 128)):
                lane = lanes[i] & M
                lanes[i] = (lane ^ lane >> 47 ^ key) * PRIME32[0] & M
    accumulate(size - 64, 121)
    mixed = size * PRIME64[0]
    for i in range(0, 8, 2):
        mixed += fold(lanes[i] & M ^ u64(SECRET, 11 + 8 * i), lanes[i + 1] & M ^ u64(SECRET, 19 + 8 * i))
    return avalanche(mixed & M)


def u32(data: bytes, at: int) -> int:
    return little(data[at : at + 4])


def u64(data: bytes, at: int) -> int:
    return little(data[at : at + 8])


def fold(a: int, b: int) -> int:
    """Both halves of a product of 128 bits, exclusive or."""
    return a * b & M ^ a * b >> 64


def mix16(data: bytes, at: int, secret_at: int) -> int:
    return fold(u64(data, at) ^ u64(SECRET, secret_at), u64(data, at + 8) ^ u64(SECRET, secret_at + 8))


def avalanche(h: int) -> int:
    h = (h ^ h >> 37) * PRIME_MX1 & M
    return h ^ h >> 32


def xxh64_avalanche(h: int) -> int:
    h = (h ^ h >> 33) * PRIME64[1] & M
    h = (h ^ h >> 29) * PRIME64[2] & M
    return h ^ h >> 32


# ---------------------------------------------------------------------------------------------------------------------
# 9. Limits


def check_limits(shape: list[int], itemsize: int) -> None:
    """At most: rank 64, and 2^62 "decoded bytes of a tensor, lengths of 0 taken as 1"."""
    must(len(shape) <= 64, "entry/limits", f"rank {len(shape)}")
    decoded = prod(max(1, length) for length in shape) * itemsize
    must(decoded <= 2**62, "entry/limits", f"{decoded} decoded bytes")


# ---------------------------------------------------------------------------------------------------------------------
# All of it


class SpfFile:
    """A file whose prologue, footer and index keep the rules: `metadata`, and `tensors` in the order of the index."""

    def __init__(self, data: bytes) -> None:
        check_prologue(data)
        index_offset, index_bytes = read_footer(data)
        top = read_index(data[index_offset : index_offset + index_bytes])
        check_top(top)
        self.metadata: dict[str, Any] = top.get("metadata", {})
        self.tensors: list[Tensor] = []
        tables, at = Tables(top.get("tables", [])), PROLOGUE_BYTES
        for entry in top["tensors"]:
            tensor = read_entry(entry, self.tensors, tables)
            self.tensors.append(tensor)
            if (
                tensor.tied_to is None and not tensor.is_copy
            ):  # 2.2 "Sections follow each other in the order of the tensors in the index"
                end = at + sum(block.stored_bytes for block in tensor.blocks)
                tensor.section, at = data[at:end], end
        must(at == index_offset, "sections/extent", f"the sections end at {at}, the index starts at {index_offset}")


def main(arguments: list[str]) -> int:
    """The program."""
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    path, *names = arguments
    try:
        with open(path, "rb") as stream:
            file = SpfFile(stream.read())
        wanted = [tensor for tensor in file.tensors if tensor.name in names or not names]
        for tensor in wanted:
            decoded = decode_tensor(tensor)
            if names:
                sys.stdout.buffer.write(decoded)
                continue
            how = type(tensor.layout).__name__.lower() if tensor.tied_to is None else f"tied to {tensor.tied_to!r}"
            how = f"copy, {how}" if tensor.is_copy else how
            print(f"{tensor.name!r} {DTYPES[tensor.dtype][0]} {tensor.shape} {how}, digest {xxh3(decoded):016x}")
        if not names:
            print(f"metadata {file.metadata}")
    except (Refused, OSError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    if names and not wanted:
        print(f"{path}: no tensor {names[0]!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
