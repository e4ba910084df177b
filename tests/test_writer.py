"""What the writer takes: arrays of any memory layout, names, ties, file objects; and what it refuses."""

import io

import ml_dtypes
import numpy as np
import pytest

from spformat.dtypes import BY_NAME
from spformat.errors import SourceError, SpformatError
from spformat.planning.policy import Policy
from spformat.reader import Reader
from spformat.writer import Writer
from tests import forge
from tests.helpers import raw, sparse, written

FOLDED = sparse((6, 8), 0.4, np.float32)


def misaligned(array):
    """The same array one byte off."""
    memory = np.zeros(array.nbytes + 1, np.uint8)
    memory[1:] = array.reshape(-1).view(np.uint8)
    return memory[1:].view(array.dtype).reshape(array.shape)


MEMORY_LAYOUTS = {
    "transposed": FOLDED.T,
    "fortran": np.asfortranarray(FOLDED),
    "every other": FOLDED[::2, 1::3],
    "backwards": FOLDED[::-1, ::-1],
    "broadcast": np.broadcast_to(FOLDED[:, :1], (6, 8)),
    "permuted": FOLDED.reshape(2, 3, 2, 4).transpose(2, 0, 3, 1),
    "misaligned": misaligned(FOLDED),
    "a field": FOLDED.astype([("x", "<f4"), ("y", "<i2")])["x"],
    "no elements": FOLDED[:0].T,
    "0-d of more": FOLDED[2, 3:4].reshape(()),
}


@pytest.mark.parametrize("policy", [None, Policy("csr"), Policy("bitmask")], ids=["auto", "csr", "bitmask"])
@pytest.mark.parametrize("array", MEMORY_LAYOUTS.values(), ids=MEMORY_LAYOUTS.keys())
def test_arrays_of_any_strides(array, policy):
    with Reader(written({"t": array}, policy=policy)) as reader:
        found = reader.read()["t"]
    assert found.shape == array.shape
    assert raw(found) == raw(array)


@pytest.mark.parametrize("dtype", [">u2", ">i4", ">f2", ">f4", ">f8", ">c8", ">c16", ">u8"])
def test_big_endian_arrays_are_stored_little_endian(dtype):
    array = sparse((5, 7), 0.5, np.dtype(dtype))
    little = array.astype(array.dtype.newbyteorder("<"))
    assert written({"t": array}) == written({"t": little})
    assert written({"t": array.T}) == written({"t": little.T})


def test_read_only_arrays():
    array = sparse((9, 9))
    array.flags.writeable = False
    assert raw(Reader(written({"t": array})).read()["t"]) == raw(array)


def test_the_input_is_not_changed():
    array = np.frombuffer(b"\x01\x80\xff\x7f" * 8, np.float32).copy()
    before = array.tobytes()
    written({"t": array})
    assert array.tobytes() == before


@pytest.mark.parametrize("dtype", ["O", "U3", "S4", "M8[s]", "m8[s]", "V3", "f4,i4", "g"])
def test_dtypes_that_no_checkpoint_holds_are_refused(dtype):
    with pytest.raises(SourceError, match="dtype") as caught:
        written({"bad": np.zeros(3, dtype)})
    assert caught.value.tensor == "bad"


def test_bfloat16_and_float8_of_ml_dtypes():
    for name in (
        "bfloat16",
        "float8_e4m3fn",
        "float8_e5m2",
        "float8_e4m3fnuz",
        "float8_e5m2fnuz",
        "float8_e8m0fnu",
    ):
        array = np.arange(4, dtype=np.float32).astype(getattr(ml_dtypes, name))
        with Reader(written({"t": array})) as reader:
            assert reader.entry("t").dtype.numpy == array.dtype
            assert raw(reader.read()["t"]) == raw(array)


def test_bit_patterns_of_a_dtype_that_numpy_lacks():
    bits = np.arange(6, dtype=np.uint32)
    with Reader(written({"c": (bits, BY_NAME["C32"])})) as reader:
        assert reader.entry("c").dtype.name == "C32"
        assert reader.read()["c"].tolist() == bits.tolist()


def test_a_tensor_whose_digest_is_zero():
    """XXH3 of these eight bytes is 0: rare by chance, easy on purpose, and no less a tensor."""
    array = np.frombuffer(bytes.fromhex("42d568e138d727ff"), np.float64)
    assert forge.digest(array.tobytes()) == 0
    data = written({"t": array})
    assert forge.Opened(data).entry()[3] == 0
    with Reader(data) as reader:
        assert raw(reader.read()["t"]) == raw(array)
        assert len(list(reader.check_tensors())) == 1


def test_ties_are_stored_once_and_follow_to_the_owner():
    array = sparse((9, 9))
    data = written({"a": array}, ties=[("b", "a"), ("c", "b")])
    assert [entry for entry in forge.Opened(data).index["tensors"] if len(entry) == 2] == [["b", 0], ["c", 0]]
    assert len(data) < len(written({"a": array})) + 20


@pytest.mark.parametrize("target", ["later", "self", ""])
def test_ties_to_what_was_not_added_before_are_refused(target):
    writer = Writer(io.BytesIO())
    with pytest.raises(SourceError) as caught:
        writer.tie("self", target)
    assert caught.value.tensor == "self"
    writer.add("later", FOLDED)


def test_a_name_occurs_once():
    writer = Writer(io.BytesIO())
    writer.add("a", FOLDED)
    writer.tie("b", "a")
    for refused in (
        lambda: writer.add("a", FOLDED),
        lambda: writer.add("b", FOLDED),
        lambda: writer.tie("b", "a"),
    ):
        with pytest.raises(SourceError, match="twice"):
            refused()


@pytest.mark.parametrize("name", [None, 7, b"t", ("t",), "\ud800", "a\udfff", "x" * 65_536, "é" * 32_768])
def test_names_that_have_no_place_in_a_file_are_refused(name):
    writer = Writer(io.BytesIO())
    with pytest.raises(SourceError) as caught:
        writer.add(name, FOLDED)
    assert len(str(caught.value)) < 1000
    writer.add("fine", FOLDED)


@pytest.mark.parametrize("name", ["", "\0", "x" * 65_535, "é" * 32_767, "a/b.c:0"], ids=len)
def test_any_other_str_is_a_name(name):
    assert Reader(written({name: FOLDED})).names == [name]


def test_a_refused_tensor_leaves_the_writer_as_it_was():
    file = io.BytesIO()
    with Writer(file) as writer:
        writer.add("a", FOLDED)
        with pytest.raises(SourceError):
            writer.add("o", np.zeros(3, object))
        writer.add("b", FOLDED)
    assert file.getvalue() == written({"a": FOLDED, "b": FOLDED})


def test_nothing_can_be_added_after_the_end():
    writer = Writer(io.BytesIO())
    writer.add("a", FOLDED)
    writer.finish()
    writer.finish()
    for late in (lambda: writer.add("b", FOLDED), lambda: writer.tie("b", "a")):
        with pytest.raises(SpformatError, match="finished"):
            late()


def test_sizes_are_counted():
    file = io.BytesIO()
    with Writer(file) as writer:
        writer.add("a", FOLDED)
        writer.tie("b", "a")
    assert writer.dense_bytes == FOLDED.nbytes
    assert writer.stored_bytes == len(file.getvalue())


def test_a_tensor_of_several_windows():
    """Blocks are encoded 16 MiB at a time."""
    rng = np.random.default_rng(0)
    array = rng.integers(1, 255, 40_000_000, np.uint8)
    data = written({"t": array}, threads=2)
    with Reader(data, threads=2) as reader:
        assert reader.entry("t").storage.blocks > 500
        reader.check_blocks()
        assert np.array_equal(reader.read()["t"], array)
