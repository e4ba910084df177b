"""Files of many tables, which are expanded on the threads that decode: before any block, once, and only when right."""

import os
import sys
import threading

import numpy as np
import pytest

from spformat import _native, arena
from spformat.container import quick_index
from spformat.errors import CorruptError, LimitError, SpformatError
from spformat.limits import Limits
from spformat.reader import Reader
from tests import forge
from tests.helpers import raw, written


def unlike(number):
    """Values whose exponents no other of the tensors has: a table each for positions and for values."""
    rng = np.random.default_rng(number)
    values = rng.standard_normal((200, 150)).astype(np.float32) * np.float32(2.0) ** (number - 12)
    values *= np.exp(rng.standard_normal(values.shape) * (0.1 + number / 10)).astype(np.float32)
    values[rng.random(values.shape) > 0.04 * (number + 1)] = 0
    return values


ARRAYS = {f"t{number:02}": unlike(number) for number in range(24)}
DATA = written(ARRAYS)
ROOM = arena.aligned(200 * 150 * 4)


def test_the_file_has_them():
    assert len(forge.Opened(DATA).index["tables"]) > 16


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_all_at_once_and_again(threads):
    with Reader(DATA, threads=threads) as reader:
        for _ in range(2):
            found = reader.read()
            assert {name: raw(array) for name, array in found.items()} == {n: raw(a) for n, a in ARRAYS.items()}
    with Reader(DATA, threads=threads) as reader:
        for name in ["t07", "t03"]:
            assert raw(reader.read([name])[name]) == raw(ARRAYS[name])
        assert raw(reader.read()["t23"]) == raw(ARRAYS["t23"])


def opened_quickly():
    index = quick_index.read(-1, np.frombuffer(DATA, np.uint8), Limits())
    assert index
    return index.native


@pytest.mark.parametrize("names", [list(ARRAYS), ["t07", "t03"]])
@pytest.mark.parametrize("rest", [0, 64, 1 << 14, 100_032, 1 << 20, (1 << 21) - 64])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_what_is_left_of_the_last_huge_page_is_worked_in(threads, rest, names):
    """Which buffers lie in it depends on its size; the others are on a page of their own or on the heap."""
    native, numbers = opened_quickly(), [int(name[1:]) for name in names]
    for _ in range(2):
        memory = _native.Arena((6 << 20) - rest)
        starts = [(6 << 20) - rest - (number + 1) * ROOM for number in range(len(names))]
        assert native.decode(numbers, starts, memory, -1, np.frombuffer(DATA, np.uint8), threads)
        array = np.frombuffer(memoryview(memory), np.uint8)
        for name, start in zip(names, starts, strict=True):
            assert raw(array[start : start + ARRAYS[name].nbytes]) == raw(ARRAYS[name])


def test_an_index_that_was_not_opened_has_no_bytes():
    with pytest.raises(ValueError, match="not opened"):
        _native.Index().frame()


def test_places_outside_of_the_arena_are_refused():
    native, memory = opened_quickly(), _native.Arena(ROOM)
    for start in [ROOM, ROOM - ARRAYS["t03"].nbytes + 1, 2**64 - 64]:
        with pytest.raises(ValueError, match="room"):
            native.decode([3], [start], memory, -1, np.frombuffer(DATA, np.uint8), 1)
    with pytest.raises(ValueError, match="place"):
        native.decode([3, 4], [0], memory, -1, np.frombuffer(DATA, np.uint8), 1)
    with pytest.raises(IndexError):
        native.decode([len(ARRAYS)], [0], memory, -1, np.frombuffer(DATA, np.uint8), 1)


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 22) - 1, 1 << 22, (1 << 22) + 1])
def test_an_arena_is_zeroed_memory_that_lives_as_long_as_its_arrays(size):
    array = arena.zeroed(size)
    assert (len(array), array.ctypes.data % arena.ALIGNMENT, array.flags.writeable) == (size, 0, True)
    assert not array.any()
    array[:] = 1
    half = array[size // 2 :]
    del array
    assert half.all()


@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="AddressSanitizer ends the process")
@pytest.mark.parametrize("size", [2**62, 2**64 - 1, 2**64, -1])
def test_an_arena_that_cannot_be_had(size):
    with pytest.raises(LimitError) as caught:
        arena.allocated(size)
    assert (caught.value.kind, caught.value.found) == ("limits/memory", size)


@pytest.fixture
def impatient():
    """Threads of Python take turns a thousand times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("quick", [True, False])
def test_who_reads_while_another_has_them_expanded_gets_the_same(quick, monkeypatch):
    """Each reads other tensors first, so that all find tables that are not expanded; native and step by step."""
    if not quick:
        monkeypatch.setattr(quick_index, "read", lambda *_: None)
    wrong: list[object] = []

    def work(reader, seed, start):
        rng = np.random.default_rng(seed)
        start.wait()
        try:
            for _ in range(3):
                names = rng.choice(list(ARRAYS), rng.integers(1, len(ARRAYS)), replace=False).tolist()
                found = reader.read(names)
                wrong.extend(name for name in names if raw(found[name]) != raw(ARRAYS[name]))
        except SpformatError as error:
            wrong.append(error)

    for number in range(20):
        with Reader(DATA, threads=2) as reader:
            start = threading.Barrier(4)
            workers = [threading.Thread(target=work, args=(reader, 4 * number + i, start)) for i in range(4)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
    assert not wrong


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("number", [0, 9, -1])
def test_a_wrong_one_is_found(number, threads):
    opened = forge.Opened(DATA)
    table = opened.index["tables"][number]
    opened.index["tables"][number] = table[:-1]
    with Reader(opened.build(), threads=threads) as reader:
        for _ in range(2):
            with pytest.raises(CorruptError) as caught:
                reader.read()
            assert str(caught.value.kind).startswith("tables/")


def test_keys_that_are_too_large_for_the_type_are_found():
    """What a table's largest symbol decides is checked when the table is expanded."""
    opened = forge.Opened(DATA)
    codec = opened.storage(5)[2][1]
    number, shift, base, _ = codec
    assert (number, base < 2 ** (31 - shift) - 1) == (3, True)
    codec[2] = 2 ** (31 - shift) - 1
    with Reader(opened.build()) as reader, pytest.raises(CorruptError) as caught:
        reader.read()
    assert caught.value.tensor == "t05"
