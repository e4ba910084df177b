"""The educational decoder: its digest, its program, everything that the writer writes, and damage of every kind."""

import subprocess
import sys

import numpy as np
import pytest
import xxhash
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spformat.dtypes import BY_NAME
from spformat.planning.policy import GapRequest, Policy, preset
from tests import forge
from tests.codecs.test_coded import tensor, write
from tests.conformance.decoders import DECODER, VECTORS, educational, spf_decode, spformat
from tests.helpers import raw, sparse, weighed, written
from tests.small_files import SMALL_FILES

CODED = [VECTORS / "valid" / f"{name}.spf" for name in ("rans/gaps", "floatsplit/layouts", "strips/classes")]
DAMAGED = [*SMALL_FILES.values(), *(path.read_bytes() for path in CODED)]


@pytest.mark.parametrize(
    "lengths", [range(300), range(1000, 1100), [2048, 4097, 70_001]], ids=["short", "long", "longer"]
)
def test_xxh3_is_that_of_the_reference(lengths):
    data = np.random.default_rng(0).bytes(70_001)
    for length in lengths:
        assert spf_decode.xxh3(data[:length]) == xxhash.xxh3_64_intdigest(data[:length]), length


@pytest.mark.parametrize("name", SMALL_FILES)
def test_it_reads_what_the_writer_writes(name):
    assert educational(SMALL_FILES[name]) == spformat(SMALL_FILES[name])


@pytest.mark.parametrize("name", ["lecture", "deep-compression", "eie"])
def test_it_reads_each_preset(name):
    array = sparse((30, 20), 0.2)
    [(_, _, _, data, *_)] = educational(written({"t": array}, policy=preset(name))).tensors
    assert data == raw(array)


@pytest.mark.parametrize("restart_rows", [1, 3, None])
@pytest.mark.parametrize("axis", ["row", "column"])
@pytest.mark.parametrize("fill", ["filler", "escape"])
def test_it_reads_each_kind_of_gap_code(axis, fill, restart_rows):
    array = sparse((30, 20), 0.2)
    for origin, bias, carry in [(-1, 1, False), (0, 0, True), (7, 1, False)]:
        request = GapRequest(axis, restart_rows, carry, origin, bias, 3, fill)
        [(_, _, _, data, *_)] = educational(written({"t": array}, policy=Policy("csr", request, 50))).tensors
        assert data == raw(array)


@given(
    st.sampled_from([(20, 33), (9, 100), (100, 9), (8, 8, 10), (500,), (1, 300)]),
    st.sampled_from([0.02, 0.3, 1.5]),
    st.sampled_from(["F32", "BF16", "F64", "F8_E4M3", "I32"]),
    st.integers(0, 50),
)
@settings(max_examples=6, deadline=None)
@example((64, 64), 0.4, "BF16", 1)
def test_it_reads_every_candidate_of_the_planner(shape, density, dtype, seed):
    array, wire = tensor(shape, density, dtype, seed)
    assert wire == BY_NAME[dtype]
    for candidate in weighed(array, wire):
        found = educational(write(array, wire, candidate.label))
        assert [data for _, _, _, data, *_ in found.tensors] == [raw(array), raw(array[::-1])], candidate.label


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_both_refuse_the_same_damaged_blocks_or_read_the_same(data):
    """Bytes of a block are changed, and its digest is made right. Which of several broken rules is named may differ."""
    file = forge.Opened(data.draw(st.sampled_from(DAMAGED)))
    places = [
        (number, block)
        for number, entry in enumerate(file.index["tensors"])
        if len(entry) > 2 and isinstance(entry[4], list)
        for block in range(len(file.blocks(number)))
    ]
    if not places:
        return
    number, block = data.draw(st.sampled_from(places))
    stored = bytearray(file.block(number, block))
    for at in data.draw(st.lists(st.integers(0, len(stored) - 1), max_size=2)) if stored else []:
        stored[at] ^= data.draw(st.integers(1, 255))
    file.replace(bytes(stored), number, block)
    same_outcome(file.build())


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_both_refuse_the_same_damaged_indexes_or_read_the_same(data):
    """A number somewhere in the storage of a tensor is another one, and the index has a right digest."""
    file = forge.Opened(data.draw(st.sampled_from(DAMAGED)))
    lists = list(inner_lists(file.index["tensors"]))
    if not lists:
        return
    items = data.draw(st.sampled_from(lists))
    at = data.draw(st.integers(0, len(items) - 1))
    items[at] = data.draw(st.one_of(st.integers(0, 20), st.sampled_from([-1, 2**31, 2**64 - 1, None, True, [], 0.5])))
    same_outcome(file.build())


def inner_lists(value):
    for item in value if isinstance(value, list) else []:
        if isinstance(item, list) and item:
            yield item
            yield from inner_lists(item)


def same_outcome(data):
    """The digest of the tensor is left alone here: it would hide in what they differ. Tensors beyond our budget are not
    given to the educational decoder, which has none and would fill the memory."""
    ours = spformat(data, prove=False)
    if ours.refused and ours.refused[0] == "limits/bytes":
        return
    theirs = educational(data, prove=False)
    if ours.refused and theirs.refused:
        return
    assert ours == theirs


def test_a_tensor_beyond_the_budget_is_ours_to_refuse():
    file = forge.Opened(written({"t": np.full((64, 64), 1.5, np.float32)}))
    file.entry()[2] = [2**31]
    assert file.entry()[4][3] == 0  # one block of all elements, of which none takes a byte
    assert spformat(file.build(), prove=False).refused == ("limits/bytes", None, None)


def program(*arguments):
    return subprocess.run([sys.executable, DECODER, *arguments], capture_output=True, check=False, timeout=60)


def test_the_program_lists_and_dumps(tmp_path):
    path = VECTORS / "valid" / "csr" / "eie.spf"
    listed = program(path)
    assert listed.returncode == 0
    assert listed.stdout.decode().splitlines() == ["'t' U8 [23, 1] csr, digest ff2da5310a7104ea", "metadata {}"]
    assert program(path, "t").stdout == bytes([0, 0, 1, 2, *[0] * 18, 3])
    assert program(path, "no").returncode == 1
    assert program().returncode == 2
    (tmp_path / "cut.spf").write_bytes(path.read_bytes()[:-1])
    refused = program(tmp_path / "cut.spf")
    assert refused.returncode == 1
    assert refused.stderr.decode().count("\n") == 1
    assert "footer/magic" in refused.stderr.decode()
