"""What the reader gives: arrays, ties, ranges of rows, single blocks; and what it says when a thing is not
there.
"""

from collections.abc import Callable

import numpy as np
import pytest

from spformat.errors import ChecksumError, LimitError, SpformatError, TensorNotFoundError
from spformat.limits import Limits
from spformat.planning.policy import GapRequest, Policy
from spformat.reader import Reader
from tests import forge
from tests.helpers import raw, sparse, written

BIG = sparse((300, 70), 0.2)
TENSORS = {
    "big": BIG,
    "bias": np.arange(5, dtype=np.float16),
    "none": np.zeros((0, 3)),
    "one": np.float64(-0.0).reshape(()),
}
DATA = written(TENSORS, metadata={"k": [1]}, ties=[("tied", "big"), ("again", "tied"), ("void", "none")])


@pytest.fixture(params=["bytes", "bytearray", "memoryview", "path", "str"])
def source(request, tmp_path):
    """The same file in each form that a reader takes."""
    path = tmp_path / "t.spf"
    path.write_bytes(DATA)
    forms = {
        "bytes": DATA,
        "bytearray": bytearray(DATA),
        "memoryview": memoryview(DATA),
        "path": path,
        "str": str(path),
    }
    return forms[request.param]


def test_every_source_gives_the_same(source):
    with Reader(source) as reader:
        assert reader.names == ["big", "bias", "none", "one", "tied", "again", "void"]
        assert reader.metadata == {"k": [1]}
        assert (reader.version, reader.file_bytes) == ("1.0", len(DATA))
        assert reader.index_bytes == len(DATA) - 64 - len(forge.Opened(DATA).body)
        arrays = reader.read()
    assert {name: raw(arrays[name]) for name in TENSORS} == {name: raw(array) for name, array in TENSORS.items()}


def test_ties_come_back_as_the_same_array():
    arrays = Reader(DATA).read()
    assert arrays["tied"] is arrays["big"]
    assert arrays["again"] is arrays["big"]
    entries = Reader(DATA).entries
    assert [entries[name].target for name in ("big", "tied", "again", "void")] == [None, "big", "big", "none"]


def test_a_tie_is_read_without_its_owner():
    arrays = Reader(DATA).read(["again", "tied"])
    assert list(arrays) == ["again", "tied"]
    assert arrays["again"] is arrays["tied"]
    assert raw(arrays["tied"]) == raw(BIG)
    assert raw(Reader(DATA).read_rows("tied", 7, 90)) == raw(BIG[7:90])
    assert Reader(DATA).read_nonzeros("again")[0].tolist() == np.flatnonzero(BIG).tolist()


def test_a_subset_comes_in_the_order_asked_for():
    assert list(Reader(DATA).read(["one", "big", "one"])) == ["one", "big"]
    assert Reader(DATA).read([]) == {}


@pytest.mark.parametrize("name", ["", "Big", "big ", "\ud800"], ids=repr)
def test_a_name_that_is_not_there(name):
    reader = Reader(DATA)
    for ask in (
        reader.entry,
        lambda n: reader.read(["big", n]),
        lambda n: reader.read_rows(n, 0, 1),
        reader.read_nonzeros,
    ):
        with pytest.raises(TensorNotFoundError) as caught:
            ask(name)
        assert isinstance(caught.value, KeyError)
        assert caught.value.tensor == name


def test_arrays_are_writable_aligned_and_contiguous():
    for array in Reader(DATA).read().values():
        assert array.flags.writeable
        assert array.flags.c_contiguous
        assert array.size == 0 or array.ctypes.data % 64 == 0


def test_arrays_do_not_share_memory_with_each_other_or_a_later_read():
    reader = Reader(DATA)
    first, second = reader.read(), reader.read()
    first["big"][:] = 1
    assert raw(second["big"]) == raw(BIG)
    assert raw(first["bias"]) == raw(TENSORS["bias"])


def test_arrays_outlive_reader_and_file(tmp_path):
    path = tmp_path / "t.spf"
    path.write_bytes(DATA)
    with Reader(path) as reader:
        arrays = reader.read()
    path.unlink()
    assert raw(arrays["big"]) == raw(BIG)


def test_a_large_load_has_zeros_where_nothing_is_stored():
    """Above 4 MiB memory comes straight from the kernel."""
    array = sparse((2000, 1000), 0.01)
    assert raw(Reader(written({"t": array, "u": np.ones(3)})).read()["t"]) == raw(array)


BLOCKS = {
    "csr": Policy("csr", block_entries=200),
    "rows": Policy("csr", GapRequest(restart_rows=2), block_entries=200),
    "bitmask": Policy("bitmask", block_entries=100),
    "dense": Policy("dense", block_entries=100),
}


@pytest.mark.parametrize("policy", BLOCKS.values(), ids=BLOCKS.keys())
def test_rows_decode_only_the_blocks_that_hold_them(policy):
    """All other blocks are damaged."""
    file = forge.Opened(written({"t": BIG}, policy=policy))
    rows_of = file.storage()[3] / BIG.shape[1]
    for start, stop in ((0, 1), (100, 140), (299, 300)):
        damaged = file.copy()
        for block, (at, _) in enumerate(damaged.blocks()):
            if (block + 1) * rows_of <= start or block * rows_of >= stop:
                damaged.body[at] ^= 1
        assert damaged.body != file.body
        with Reader(damaged.build()) as reader:
            assert raw(reader.read_rows("t", start, stop)) == raw(BIG[start:stop])
            with pytest.raises(ChecksumError):
                reader.read()


def test_no_rows_are_an_empty_array():
    reader = Reader(DATA)
    assert reader.read_rows("big", 5, 5).shape == (0, 70)
    assert reader.read_rows("none", 0, 0).shape == (0, 3)


def test_stored_blocks_are_the_bytes_of_the_file():
    data = written({"a": np.ones(3), "t": BIG}, policy=BLOCKS["csr"])
    file, reader = forge.Opened(data), Reader(data)
    for block in range(reader.entry("t").storage.blocks):
        assert reader.stored_block("t", block) == file.block(1, block)


def test_the_budget_is_for_all_tensors_of_a_call():
    reader = Reader(DATA, limits=Limits(max_bytes=BIG.nbytes))
    assert raw(reader.read(["big", "tied"])["tied"]) == raw(BIG)
    with pytest.raises(LimitError) as caught:
        reader.read()
    assert (caught.value.kind, caught.value.expected) == ("limits/bytes", BIG.nbytes)
    assert caught.value.found == sum(array.nbytes for array in TENSORS.values())


def test_the_budget_of_nonzeros_is_that_of_what_is_returned():
    count = np.count_nonzero(BIG)
    assert len(Reader(DATA, limits=Limits(max_bytes=12 * count)).read_nonzeros("big")[0]) == count
    with pytest.raises(LimitError):
        Reader(DATA, limits=Limits(max_bytes=12 * count - 1)).read_nonzeros("big")


def test_a_closed_file_says_so(source):
    reader = Reader(source)
    reader.close()
    reader.close()
    assert reader.names[0] == "big"
    asks: list[Callable[[], object]] = [
        reader.read,
        reader.check_blocks,
        lambda: list(reader.check_tensors()),
        lambda: reader.read_rows("big", 0, 1),
    ]
    asks += [lambda: reader.read_nonzeros("big"), lambda: reader.stored_block("big", 0)]
    for ask in asks:
        with pytest.raises(SpformatError, match="closed"):
            ask()
