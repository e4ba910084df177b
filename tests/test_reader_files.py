"""Reading from files that others touch: shortened, changed or replaced meanwhile; threads; forked processes;
handles.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest

from spformat.errors import ChecksumError, FormatError, SpformatError, TruncatedError
from spformat.planning.policy import Policy
from spformat.reader import Reader
from tests import forge
from tests.helpers import raw, sparse, written

ARRAYS = {f"t{i}": sparse((100, 90), 0.1 * (i + 1), np.float32, seed=i) for i in range(6)}
DATA = written(ARRAYS)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "t.spf"
    file.write_bytes(DATA)
    return file


@pytest.mark.parametrize("layout", ["dense", "bitmask", "csr"])
@pytest.mark.parametrize("length", [0, 10, 16, 500])
def test_a_file_that_becomes_shorter_is_an_error_that_says_so(tmp_path, layout, length):
    path = tmp_path / "t.spf"
    path.write_bytes(written({"t": ARRAYS["t1"]}, policy=Policy(layout)))
    with Reader(path) as reader:
        os.truncate(path, length)
        asks: list[Callable[[], object]] = [
            reader.read,
            reader.check_blocks,
            lambda: reader.read_rows("t", 5, 9),
            lambda: reader.read_nonzeros("t"),
        ]
        for ask in [*asks, lambda: reader.stored_block("t", 0), lambda: list(reader.check_tensors())]:
            with pytest.raises(TruncatedError) as caught:
                ask()
            assert caught.value.kind == "block/short"


def test_a_file_that_becomes_shorter_keeps_what_it_still_has(path):
    with Reader(path) as reader:
        os.truncate(path, reader.entry("t2").offset + 100)
        assert raw(reader.read(["t0", "t1"])["t1"]) == raw(ARRAYS["t1"])
        with pytest.raises(TruncatedError) as caught:
            reader.read()
        assert caught.value.tensor == "t2"


def test_a_file_that_is_changed_in_place_is_detected(path):
    with Reader(path) as reader:
        data = bytearray(DATA)
        data[reader.entry("t3").offset + 7] ^= 4
        path.write_bytes(data)
        with pytest.raises(ChecksumError) as caught:
            reader.read()
        assert caught.value.tensor == "t3"


def test_a_file_that_is_replaced_stays_the_one_that_was_opened(path):
    with Reader(path) as reader:
        other = path.with_name("other")
        other.write_bytes(written({"x": np.ones(5)}))
        other.replace(path)
        assert raw(reader.read()["t4"]) == raw(ARRAYS["t4"])


def test_many_threads_share_a_reader(path):
    """Each reads everything in its own order; nothing is mixed up."""
    wrong = []

    def work(reader, seed):
        names = np.random.default_rng(seed).permutation(list(ARRAYS)).tolist()
        for name in names * 5:
            if raw(reader.read([name])[name]) != raw(ARRAYS[name]):
                wrong.append(name)
            if raw(reader.read_rows(name, 10, 20)) != raw(ARRAYS[name][10:20]):
                wrong.append(name)

    with Reader(path, threads=2) as reader:
        threads = [threading.Thread(target=work, args=(reader, seed)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


FORKED = """
import os, sys
from spformat.reader import Reader
reader = Reader(sys.argv[1], threads=4)
before = {name: array.tobytes() for name, array in reader.read().items()}
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        same = all(array.tobytes() == before[name] for _ in range(5) for name, array in reader.read().items())
        os._exit(0 if same else 1)
    children.append(child)
after = {name: array.tobytes() for name, array in reader.read().items()}
ends = [os.waitpid(child, 0)[1] for child in children]
print(after == before, ends)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forked_processes_read_with_the_parents_reader(path):
    """Positions are given with each read, so processes that share the handle do not disturb each other."""
    done = subprocess.run(
        [sys.executable, "-c", FORKED, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "True [0, 0, 0, 0]\n", done.stderr


FORKED_MEANWHILE = """
import os, signal, sys, threading
from spformat.reader import Reader
reader = Reader(sys.argv[1], threads=1)
right, done = {name: array.tobytes() for name, array in reader.read().items()}, threading.Event()

def work():
    while not done.is_set():
        reader.read()

thread = threading.Thread(target=work)
thread.start()
ends = []
for number in range(40):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(0 if {name: array.tobytes() for name, array in reader.read().items()} == right else 1)
    ends.append(os.waitpid(child, 0)[1])
    if ends[-1]:
        break
done.set()
thread.join()
print(set(ends))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_process_forked_while_another_thread_reads_can_read(tmp_path):
    """No lock of the reader stays locked in it. Describing so many blocks takes half of the time."""
    blocks = [(b"\1", 1, 1)] * 2000
    stored = forge.storage_entry("t", 1, [2000], b"\1" * 2000, [0, [], [0], 1], blocks)
    (tmp_path / "t.spf").write_bytes(forge.file_of([stored, *([f"t{i}", 0, True] for i in range(9))], b"\1" * 2000))
    command = [sys.executable, "-W", "ignore", "-c", FORKED_MEANWHILE, str(tmp_path / "t.spf")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "{0}\n", done.stderr


def handles():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_no_handle_is_left_open(path, tmp_path):
    broken = tmp_path / "broken.spf"
    files = {
        "short": DATA[:30],
        "cut": DATA[:-5],
        "digest": DATA[:-60] + b"x" + DATA[-59:],
        "magic": b"x" * 500,
    }
    Reader(path).close()
    before = handles()
    for _ in range(20):
        with Reader(path) as reader:
            reader.read(["t0"])
        for data in files.values():
            broken.write_bytes(data)
            with pytest.raises(FormatError):
                Reader(broken)
    assert handles() == before


def test_what_is_no_file_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError):
        Reader(tmp_path / "none.spf")
    with pytest.raises(OSError, match="directory"):
        Reader(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OSError, match="symbolic"):
        Reader(tmp_path / "loop")


def test_an_empty_device_is_an_error_of_ours():
    with pytest.raises(SpformatError):
        Reader("/dev/null")


@pytest.mark.parametrize(
    ("asked", "threads"), [("3", 3), ("1", 1), ("0", None), ("-1", None), ("many", None), ("", None)]
)
def test_the_environment_may_say_how_many_threads(monkeypatch, asked, threads):
    from spformat.layouts.jobs import default_threads

    monkeypatch.delenv("SPFORMAT_THREADS", raising=False)
    processors = default_threads()
    monkeypatch.setenv("SPFORMAT_THREADS", asked)
    assert default_threads() == (threads or processors)
