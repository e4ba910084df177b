"""Files of a few hundred bytes that declare far more than they hold, digests right: refused, and nothing is
allocated.

They are read in a process that may allocate 300 MB more than it starts with, and use a few seconds of
processor time (tests/hostile/confined.py).
"""

import json
import os
import subprocess
import sys

import pytest

from spformat.errors import LimitError
from spformat.limits import Limits
from spformat.reader import Reader
from tests import forge

U8, F64, C128 = 1, 12, 21
NOTHING = forge.EMPTY_DIGEST
DEFAULT = [0, 0, 0, -1, 1, 4, 0]


def zeros(shape, dtype=U8, blocks=1, block_elements=2**31, parameters=DEFAULT, data=b"", count=1):
    """Tensors of nothing but zeros, as gap codes: blocks of no entries."""
    numbers = [len(data), 0, 0, forge.digest(data)] * blocks
    storage = [2, parameters, [1, 0], block_elements, numbers]
    return forge.file_of([[f"t{i}", dtype, shape, 0, storage] for i in range(count)], data * blocks * count)


def dense(shape, dtype=U8):
    """The short form, with no bytes behind it."""
    return forge.file_of([["t", dtype, shape, NOTHING, 0]])


def masked(elements, stored):
    storage = [1, [], [0, 0], min(elements, 2**31), [stored, 0, NOTHING]]
    return forge.file_of([["t", U8, [elements], NOTHING, storage]])


BY_INDEX = {
    "2^60 zeros, short form": (dense([2**60]), "sections/extent"),
    "2^60 zeros, one block": (zeros([2**60]), "storage/blocks"),
    "2^60 zeros, one large block": (zeros([2**60], block_elements=2**60), "storage/blocks"),
    "2^62 elements of 16 bytes": (dense([2**62], C128), "entry/limits"),
    "a product beyond 64 bits": (dense([2**33, 2**33]), "entry/limits"),
    "a product that is 0 modulo 2^64": (dense([2**32, 2**32]), "entry/limits"),
    "a mask of 2^31 bits that is not there": (masked(2**31, 2**28), "sections/extent"),
    "a mask that takes no bytes": (masked(2**31, 0), "storage/bytes"),
    "an empty tensor of 2^40 tensors": (zeros([0], blocks=3), "storage/blocks"),
}
BY_BUDGET = {
    "2^31 zeros": zeros([2**31]),
    "2^31 zeros of 16 bytes": zeros([2**31], C128),
    "2^37 zeros in blocks": zeros([2**37], blocks=64),
    "columns": zeros([2**15, 2**16], parameters=[1, 0, 0, -1, 1, 4, 0]),
    "many tensors that would each be allowed": zeros([2**29], count=8),
}
BY_MEMORY = {
    "2^30 zeros, as many as the budget allows": zeros([2**30]),
    "2^28 zeros in a column, which need as much again": zeros([2**28, 1], parameters=[1, 0, 0, -1, 1, 4, 0]),
}


def confined(tmp_path, files, megabytes=300, seconds=20):
    """The outcomes of reading these files; fails when the process crashes or is killed."""
    if "asan" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("AddressSanitizer needs more address space than this test allows")
    for number, data in enumerate(files):
        assert len(data) < 5000
        (tmp_path / f"{number:03}").write_bytes(data)
    command = [sys.executable, "-m", "tests.hostile.confined", str(tmp_path), str(megabytes), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-2000:]}"
    return list(json.loads(done.stdout).values())


def test_what_the_index_alone_shows_is_refused_at_opening(tmp_path):
    found = confined(tmp_path, [data for data, _ in BY_INDEX.values()])
    assert dict(zip(BY_INDEX, found, strict=True)) == {name: [kind] for name, (_, kind) in BY_INDEX.items()}


def test_more_decoded_bytes_than_the_budget_are_refused(tmp_path):
    for name, found in zip(BY_BUDGET, confined(tmp_path, BY_BUDGET.values()), strict=True):
        assert found[0] == "limits/bytes", name
        assert set(found) <= {"limits/bytes", "limits/memory", "read"}, name


def test_too_little_memory_is_an_error_of_ours(tmp_path):
    for name, found in zip(BY_MEMORY, confined(tmp_path, BY_MEMORY.values()), strict=True):
        assert found[0] == "limits/memory", name
        assert set(found) <= {"limits/memory", "read"}, name


def test_a_tiny_file_cannot_ask_for_hours_of_empty_groups(tmp_path):
    """2^37 rows of one element, each a group; pointers of width 0 take a byte for each block."""
    hours = zeros([2**37, 1], blocks=64, parameters=[0, 1, 0, -1, 1, 4, 0], data=b"\0")
    assert confined(tmp_path, [hours])[0][:2] == ["limits/bytes", "read"]


@pytest.mark.parametrize("budget", [0, 1, 1599, 1600])
def test_the_budget_counts_decoded_bytes(budget):
    reader = Reader(zeros([100, 2], F64, block_elements=200), limits=Limits(max_bytes=budget))
    if budget >= 1600:
        assert not reader.read()["t0"].any()
        return
    for read in (reader.read, lambda: reader.read_rows("t0", 0, 100), lambda: list(reader.check_tensors())):
        with pytest.raises(LimitError) as caught:
            read()
        assert (caught.value.kind, caught.value.expected, caught.value.found) == (
            "limits/bytes",
            budget,
            1600,
        )


def test_the_default_budget_grows_with_the_file():
    assert Limits().decoded_bytes(10) == 2**30
    assert Limits().decoded_bytes(2**30) == 1000 * 2**30
    assert Limits(max_bytes=5).decoded_bytes(2**30) == 5


@pytest.mark.parametrize("restart_rows", [2**40, 2**61, 2**63, 2**64 - 1], ids=hex)
@pytest.mark.parametrize("shape", [[6], [2, 3]], ids=str)
def test_groups_of_more_rows_than_64_bits_count(shape, restart_rows):
    """restart_rows has no upper bound in section 6.1: such a block is one group, and L is only large."""
    for origin, bias, code in ((-1, 1, 5), (0, 0, 5), (5, 0, 0)):
        block = bytes([code, 7])
        storage = [2, [0, restart_rows, 0, origin, bias, 4, 0], [1, 0], 6, [2, 1, 1, forge.digest(block)]]
        decoded = bytes([0, 0, 0, 0, 0, 7])
        reader = Reader(forge.file_of([["t", U8, shape, forge.digest(decoded), storage]], block))
        assert reader.read()["t"].tobytes() == decoded
        assert reader.read_nonzeros("t")[0].tolist() == [5]


WILD = {"2^62 x 0": [2**62, 0], "2^63 x 0": [2**63, 0], "0 x 2^64 - 1": [0, 2**64 - 1]}
WILD |= {"2^40 x 2^40 x 0": [2**40, 2**40, 0], "0 x 2^62 x 2^62 ...": [0] + [2**62] * 40}


@pytest.mark.parametrize("dtype", [U8, C128])
def test_empty_tensors_with_wild_lengths(tmp_path, dtype):
    """They have no elements, so nothing is too large; but numpy has no such shapes."""
    found = dict(zip(WILD, confined(tmp_path, [dense(shape, dtype) for shape in WILD.values()]), strict=True))
    assert all(outcome in ("read", "entry/limits") for outcomes in found.values() for outcome in outcomes), found
