"""After an error a writer can only be given up; without threads to be had it does the work itself."""

import io
import subprocess
import sys
import threading

import numpy as np
import pytest

import spformat
from spformat import encode, tensor_jobs
from spformat.assembly_line import AssemblyLine
from spformat.atomic_file import AtomicFile
from spformat.errors import SourceError, SpformatError
from spformat.planning.mask import Mask
from spformat.writer import Writer
from tests.helpers import sparse, written

ARRAY = sparse((30, 50))


@pytest.fixture
def changing(monkeypatch):
    """A tensor whose last block changes when its first ones may be written already."""
    array, choose = sparse((500, 1000), 0.3), vars(tensor_jobs)["choose"]

    def change(name, *arguments):
        found = choose(name, *arguments)
        if name == "changing":
            array[-1] = 1
        return found

    monkeypatch.setattr(tensor_jobs, "choose", change)
    monkeypatch.setattr(encode, "_WINDOW", 1 << 16)
    return array


@pytest.mark.parametrize("ahead", [False, True])
def test_a_file_with_a_part_of_a_tensor_is_never_finished(tmp_path, changing, ahead):
    (tmp_path / "t.spf").write_bytes(b"old")
    writer = Writer(tmp_path / "t.spf", threads=2, ahead=ahead)

    def add_all():
        for name, array in (("a", ARRAY), ("changing", changing), ("b", ARRAY + 1)):
            writer.add(name, array)
        writer.finish()

    with pytest.raises(SourceError, match="changed"):
        add_all()
    for late in (lambda: writer.add("c", ARRAY), lambda: writer.tie("c", "a"), writer.finish, writer.close):
        with pytest.raises(SpformatError, match="given up"):
            late()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("t.spf", b"old")]


def test_a_tensor_that_changes_is_an_error_without_numbers_that_say_nothing(changing):
    with pytest.raises(SourceError) as caught:
        Writer(io.BytesIO(), threads=1).add("changing", changing)
    error = caught.value
    assert (error.tensor, error.kind, error.offset) == ("changing", "source/changed", None)
    assert error.expected is None or error.expected != error.found


class Full(io.BytesIO):
    """A file whose disk may be full."""

    full = False

    def write(self, data, /):
        if self.full:
            raise OSError("full")
        return super().write(data)


def test_a_file_without_its_index_is_not_closed_as_if_it_were_whole():
    file = Full()
    writer = Writer(file)
    writer.add("a", ARRAY)
    file.full = True
    with pytest.raises(OSError, match="full"):
        writer.finish()
    file.full = False
    with pytest.raises(SpformatError, match="given up"):
        writer.close()


def test_nothing_is_written_after_abort(tmp_path):
    writer = Writer(tmp_path / "t.spf")
    writer.abort()
    for late in (lambda: writer.add("a", ARRAY), writer.close):
        with pytest.raises(SpformatError, match="given up"):
            late()
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_threads_are_waited_for_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupted(_line):
        raise KeyboardInterrupt

    writer = Writer(tmp_path / "t.spf")
    monkeypatch.setattr(AssemblyLine, "close", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writer.abort()
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_the_file_is_closed_leaves_nothing_behind(tmp_path):
    class Interrupted(io.BytesIO):
        def close(self):
            super().close()
            raise KeyboardInterrupt

    atomic = AtomicFile(tmp_path / "t.spf")
    atomic.file.close()
    atomic.file = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        atomic.abort()
    assert list(tmp_path.iterdir()) == []


AT_EXIT = """
import atexit, sys, numpy, spformat
tensors = {str(i): numpy.random.default_rng(i).standard_normal((100, 100)) for i in range(5)}
if sys.argv[2] == "used":
    spformat.save(tensors, threads=3)
atexit.register(lambda: spformat.save_file(tensors, sys.argv[1], threads=3))
"""


@pytest.mark.parametrize("before", ["used", "never used"])
def test_files_are_saved_when_the_interpreter_ends(tmp_path, before):
    path = tmp_path / "t.spf"
    done = subprocess.run(
        [sys.executable, "-c", AT_EXIT, str(path), before], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    loaded = spformat.load_file(path)
    assert all(np.array_equal(loaded[str(i)], np.random.default_rng(i).standard_normal((100, 100))) for i in range(5))


@pytest.mark.parametrize("started", [0, 1, 2])
def test_without_more_threads_there_is_the_same_file(monkeypatch, started):
    tensors = {f"t{i:02}": sparse((200, 300), 0.1, seed=i) for i in range(20)}
    left, start = [None] * started, threading.Thread.start

    def start_some(thread):
        if not left:
            raise RuntimeError("can't start new thread")
        left.pop()
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_some)
    assert spformat.save(tensors, threads=4) == written(tensors)


def test_a_failure_of_the_planner_in_any_job_is_an_error_of_ours(monkeypatch):
    no_memory = 14
    monkeypatch.setattr("spformat._native.gap_costs", lambda *_: (5, no_memory, 0, 0))
    with pytest.raises(SpformatError, match="memory"):
        Mask.of(ARRAY.view(np.uint32), 1).gap_statistics(100)
