"""What goes in comes out, bit for bit, whatever the tensor and however it is stored.

SPFORMAT_EXAMPLES=10000 runs that many examples of each property (default: 300).
"""

import os
import tempfile
from dataclasses import replace

import msgpack
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spformat import _native
from spformat.planning import choose
from spformat.planning.policy import GapRequest, Policy
from spformat.planning.pool import TablePool
from spformat.planning.survey import survey
from spformat.reader import Reader
from spformat.writer import Writer
from tests import forge
from tests.helpers import raw, weighed, written
from tests.strategies import metadata, names, policies, shapes, tensors

FRAME = 16 + 48 + len(msgpack.packb({"tensors": [0]})) - 1  # prologue, footer, the index without its entry
FEWER = max(50, settings().max_examples // 10)


def dense_size(name, array, dtype):
    """Bytes of a file with one tensor in the short form (spec section 3.3), whose digest takes nine bytes."""
    elements = np.frombuffer(raw(array), np.uint8).reshape(-1, dtype.itemsize)
    zeros = array.size - int(np.count_nonzero(elements.any(axis=1)))
    return FRAME + len(msgpack.packb([name, dtype.code, array.shape, 2**64 - 1, zeros])) + array.nbytes


def same(reader, tensors_in):
    arrays = reader.read()
    for name, (array, dtype) in tensors_in.items():
        assert reader.entry(name).dtype == dtype
        assert arrays[name].shape == array.shape
        assert arrays[name].dtype == dtype.bits
        assert raw(arrays[name]) == raw(array), name


@given(st.dictionaries(names(), tensors(), max_size=3), policies(), metadata(), st.sampled_from([1, 2]))
def test_bits_names_shapes_and_metadata_survive(several, policy, extra, threads):
    data = written(several, policy=policy, metadata=extra, threads=threads)
    with Reader(data, threads=threads) as reader:
        assert reader.names == list(several)
        assert reader.metadata == extra
        same(reader, several)
        reader.check_blocks()
        assert [entry.name for entry in reader.check_tensors()] == [entry.name for entry in reader.stored]


@given(tensors(), policies())
def test_nonzeros_and_their_positions_agree_with_numpy(tensor, policy):
    array, dtype = tensor
    with Reader(written({"t": tensor}, policy=policy)) as reader:
        column = reader.entry("t").storage.layout.view(array.shape).column
        positions, values = reader.read_nonzeros("t")
    matrix = array.reshape(array.shape[0] if array.ndim else 1, -1) if array.size else array.reshape(0, 1)
    flat = np.ascontiguousarray(matrix.T if column else matrix).reshape(-1).view(np.uint8).reshape(-1, dtype.itemsize)
    expected = np.flatnonzero(flat.any(axis=1))
    assert positions.dtype == np.int64
    assert positions.tolist() == expected.tolist()
    assert raw(values) == flat[expected].tobytes()


@given(tensors(shape=shapes().filter(len)), policies(), st.data())
def test_any_range_of_rows_is_what_slicing_gives(tensor, policy, data):
    array, _ = tensor
    start = data.draw(st.integers(0, array.shape[0]))
    stop = data.draw(st.integers(start, array.shape[0]))
    with Reader(written({"before": tensor, "t": tensor}, policy=policy)) as reader:
        rows = reader.read_rows("t", start, stop)
    assert rows.shape == array[start:stop].shape
    assert raw(rows) == raw(array[start:stop])


@given(tensors(), names())
def test_a_file_is_never_larger_than_dense_bytes_and_a_small_header(tensor, name):
    array, dtype = tensor
    size = len(written({name: tensor}))
    assert size <= dense_size(name, array, dtype)
    assert dense_size(name, array, dtype) <= array.nbytes + 120 + len(name.encode()) + 9 * array.ndim


@given(tensors(), policies())
def test_equal_input_gives_equal_bytes(tensor, policy):
    data = written({"t": tensor}, policy=policy, threads=1)
    assert written({"t": tensor}, policy=policy, threads=3) == data
    fastest = _native.simd_name()
    try:
        for name in _native.simd_names():
            _native.select_simd(name)
            assert written({"t": tensor}, policy=policy, threads=1) == data
    finally:
        _native.select_simd(fastest)


def _sizes(data):
    """Bytes of the first tensor: blocks and entry; None when a digest takes fewer than nine bytes."""
    file = forge.Opened(data)
    entry = file.entry()
    blocks = [] if isinstance(entry[4], int) else entry[4][4]
    each = 3 + (bool(blocks) and entry[4][0] == forge.CSR)
    if min([entry[3], *blocks[each - 1 :: each]]) < 1 << 32:
        return None
    return len(file.body) + len(msgpack.packb(entry))


@given(tensors(), policies(), names())
def test_the_planner_knows_the_size_to_the_byte(tensor, policy, name):
    array, dtype = tensor
    plain = replace(policy, fast=True)
    planned = choose.choose(name, survey(name, array, dtype, plain, 1), TablePool())
    actual = _sizes(written({name: tensor}, policy=plain))
    assume(actual is not None)
    assert planned.bytes == actual


def _request(candidate):
    """The policy that forces a candidate of the automatic choice."""
    layout = candidate.storage(TablePool()).layout
    if layout.name != "csr":
        return Policy(layout.name)
    return Policy("csr", GapRequest(bits=layout.gap.bits, fill=["filler", "escape"][layout.gap.fill]))


@given(tensors())
@settings(max_examples=FEWER)
def test_each_candidate_weighs_what_it_would_take_and_the_lightest_is_taken(tensor):
    array, dtype = tensor
    actual = []
    for candidate in weighed(array, dtype, Policy(fast=True)):
        if candidate.label.endswith("codebook"):  # which no policy forces; the property before says what it takes
            actual.append(candidate.bytes)
            continue
        actual.append(_sizes(written({"t": tensor}, policy=_request(candidate))))
        assume(actual[-1] is not None)
        assert candidate.bytes == actual[-1], candidate.label
    assert _sizes(written({"t": tensor}, policy=Policy(fast=True))) == min(actual)


@given(st.dictionaries(names(), tensors(), max_size=3), policies())
@settings(max_examples=FEWER)
def test_files_on_disk_hold_the_same_bytes_and_read_the_same(several, policy):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "t.spf")
        with Writer(path, policy=policy) as writer:
            for name, (array, dtype) in several.items():
                writer.add(name, array, dtype)
        with open(path, "rb") as file:
            assert file.read() == written(several, policy=policy)
        with Reader(path) as reader:
            same(reader, several)
            reader.check_blocks()
            assert os.listdir(folder) == ["t.spf"]
