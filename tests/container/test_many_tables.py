"""Files of many tables, which are expanded on the threads that decode: before any block, once, and only when right."""

import sys
import threading

import numpy as np
import pytest

from spformat import arena
from spformat.container import quick_index
from spformat.errors import CorruptError, SpformatError
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


@pytest.mark.parametrize("names", [list(ARRAYS), ["t07", "t03"]])
@pytest.mark.parametrize("size", [0, 1, 1 << 14, 100_000, 1 << 21])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_spare_memory_is_worked_in_and_nothing_beside_it(threads, size, names):
    """Native: which buffers lie in it depends on its size; they end up on a page of their own or the heap."""
    data = np.frombuffer(DATA, np.uint8)
    with Reader(DATA) as reader:
        framed, footer, numbers = reader._file.framed_index, reader._file.footer, [reader.names.index(n) for n in names]
    index = quick_index.read(framed, footer.index_bytes, footer.index_offset, Limits())
    assert index
    for _ in range(2):
        starts = np.arange(len(names)) * 120_064
        memory, around = np.zeros(len(names) * 120_064, np.uint8), np.full(size + 128, 7, np.uint8)
        addresses = (memory.ctypes.data + starts).astype(np.uint64)
        spare = around[64 : 64 + size]
        assert index.native.decode(np.array(numbers, np.uint32), addresses, -1, data, threads, spare)
        found = {name: memory[start : start + 120_000] for name, start in zip(names, starts, strict=True)}
        assert {name: raw(array) for name, array in found.items()} == {name: raw(ARRAYS[name]) for name in names}
        assert (around[:64] == 7).all()
        assert (around[64 + size :] == 7).all()


@pytest.mark.parametrize("size", [1, 1 << 20, (1 << 22) - 1, 1 << 22, (1 << 22) + 1, (5 << 21) - 64])
def test_what_is_left_of_the_last_huge_page_follows_the_arena(size):
    memory, rest = arena.zeroed_and_rest(size)
    assert (len(memory), memory.ctypes.data % arena.ALIGNMENT) == (size, 0)
    assert not memory.any()
    assert not rest.any()
    if len(rest):
        assert rest.ctypes.data == memory.ctypes.data + size
        assert (rest.ctypes.data + len(rest)) % (1 << 21) == 0
        assert len(rest) < 1 << 21


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
