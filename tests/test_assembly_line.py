"""Tensors that are examined and encoded on threads while others are added: the same file, the same errors."""

import contextlib
import io
import threading
import time
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spformat
from spformat import assembly_line, tensor_jobs
from spformat.assembly_line import AssemblyLine
from spformat.errors import SourceError
from spformat.writer import Writer
from tests.helpers import sparse

STEPS = ["examine", "settle", "encode", "write"]


class Noted:
    """A job that notes its steps; `fails` in one of them."""

    def __init__(self, number, size, log, fails=None):
        self.number, self.size, self._log, self._fails = number, size, log, fails

    def _note(self, step):
        if step == self._fails:
            raise SourceError("it fails", tensor=str(self.number))
        self._log.append((step, self.number))

    def examine(self, threads):
        assert threads >= 1
        self._note("examine")

    def settle(self):
        self._note("settle")

    def encode(self, threads):
        assert threads >= 1
        self._note("encode")
        return [np.array([self.number])]

    def write(self, pieces):
        assert list(pieces) == [self.number]
        self._note("write")


SIZES = st.lists(st.sampled_from([0, 100, 1 << 14, 1 << 20, 1 << 23, 1 << 25]), max_size=30)


@given(SIZES, st.sampled_from([1, 2, 5]), st.booleans())
@settings(max_examples=60)
def test_each_job_takes_its_four_steps_and_is_settled_and_written_in_order(sizes, threads, ahead):
    log: list[tuple[str, int]] = []
    line = AssemblyLine(threads, ahead)
    for number, size in enumerate(sizes):
        line.add(Noted(number, size, log))
        written = [other for step, other in log if step == "write"]
        assert sum(sizes[len(written) : number + 1]) <= assembly_line._MOST_UNDER_WAY
        assert ahead or len(written) == number + 1
    line.finish()
    line.close()
    for step in ("settle", "write"):
        assert [number for other, number in log if other == step] == list(range(len(sizes)))
    for number in range(len(sizes)):
        assert [step for step, other in log if other == number] == STEPS


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("size", [10, 1 << 16, 1 << 25])
def test_what_a_step_raises_comes_out_and_nothing_is_written_out_of_order(step, size):
    log: list[tuple[str, int]] = []
    line = AssemblyLine(3, ahead=True)

    def add_all():
        for number in range(20):
            line.add(Noted(number, size, log, step if number == 7 else None))
        line.finish()

    with pytest.raises(SourceError) as caught:
        add_all()
    line.close()
    assert caught.value.tensor == "7"
    written = [number for other, number in log if other == "write"]
    assert written == list(range(len(written)))
    assert len(written) <= 7


class Roomy(Noted):
    """Its bytes stand at the start of much larger buffers."""

    rooms: list[weakref.ref[Any]]

    def encode(self, threads):  # noqa: ARG002
        self.rooms = []
        for number in range(3):
            room = np.full(1000, number)
            self.rooms.append(weakref.ref(room))
            yield room[:2]

    def write(self, pieces):
        assert [piece.tolist() for piece in pieces] == [[0, 0], [1, 1], [2, 2]]
        del pieces
        assert all(room() is None for room in self.rooms)


@pytest.mark.parametrize("size", [10, 1 << 16])
def test_what_waits_to_be_written_holds_no_more_than_its_bytes(size):
    with contextlib.closing(AssemblyLine(2, ahead=True)) as line:
        for number in range(5):
            line.add(Roomy(number, size, []))
        line.finish()


class Slow(Noted):
    """Its first step takes a while."""

    def __init__(self, number, log):
        super().__init__(number, 1 << 16, log)
        self.has_begun = threading.Event()

    def examine(self, threads):
        self.has_begun.set()
        time.sleep(0.2)
        super().examine(threads)


def test_an_interrupt_does_not_end_the_wait_for_the_threads(monkeypatch):
    log: list[tuple[str, int]] = []
    interrupts, join = [KeyboardInterrupt], threading.Thread.join

    def interrupted(thread, *arguments):
        if interrupts:
            raise interrupts.pop()
        join(thread, *arguments)

    line, job = AssemblyLine(2, ahead=True), Slow(0, log)
    line.add(job)
    job.has_begun.wait()
    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        line.close()
    assert log == [("examine", 0)]


def tensors():
    out = {f"w{i}": sparse((120, 300), 0.05 * (1 + i % 9), seed=i) for i in range(25)}
    out |= {f"b{i}": np.arange(i, 40 + i, dtype=np.float32) for i in range(25)}
    out |= {f"w{i} again": out[f"w{i}"].copy() for i in range(0, 25, 6)}
    out["large"] = sparse((1500, 3000), 0.1)
    return out


def saved(arrays, threads, ahead):
    file = io.BytesIO()
    with Writer(file, threads=threads, ahead=ahead) as writer:
        for number, (name, array) in enumerate(arrays.items()):
            writer.add(name, array)
            if number % 10 == 3:
                writer.tie(f"{name} tied", name)
    return file.getvalue()


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_file_is_the_same(threads):
    arrays = tensors()
    assert saved(arrays, threads, ahead=True) == saved(arrays, 1, ahead=False)


def test_equal_tensors_that_are_under_way_are_found():
    array = sparse((300, 300), 0.2)
    one = spformat.save({"a": array}, threads=3)
    assert len(spformat.save({str(i): array.copy() for i in range(30)}, threads=3)) < len(one) + 30 * 12


def refused_by(monkeypatch, name):
    survey = vars(tensor_jobs)["survey"]

    def refuse(other, *arguments):
        if other == name:
            raise SourceError("refused", tensor=other)
        return survey(other, *arguments)

    monkeypatch.setattr(tensor_jobs, "survey", refuse)


def test_an_error_names_its_tensor_and_leaves_nothing_behind(tmp_path, monkeypatch):
    refused_by(monkeypatch, "w11")
    with pytest.raises(SourceError) as caught:
        spformat.save_file(tensors(), tmp_path / "t.spf", threads=3)
    assert caught.value.tensor == "w11"
    assert list(tmp_path.iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("spformat")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_exception_of_the_caller_ends_the_threads(tmp_path, error):
    def give_up():
        with Writer(tmp_path / "t.spf", threads=3, ahead=True) as writer:
            for name, array in tensors().items():
                writer.add(name, array)
            raise error

    with pytest.raises(error):
        give_up()
    assert list(tmp_path.iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("spformat")]


def test_a_tensor_that_changes_is_named(monkeypatch):
    array, choose = sparse((100, 100), 0.2), vars(tensor_jobs)["choose"]

    def change(*arguments):
        found = choose(*arguments)
        array[:] = 1
        return found

    monkeypatch.setattr(tensor_jobs, "choose", change)
    with pytest.raises(SourceError, match="changed") as caught:
        Writer(io.BytesIO()).add("that one", array)
    assert caught.value.tensor == "that one"
