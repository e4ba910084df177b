"""A file appears under its name whole or not at all, with the permissions that open() would give, and no
debris.
"""

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spformat.reader import Reader
from spformat.writer import Writer
from tests.helpers import sparse, written

ARRAY = sparse((8, 8))
WHOLE = written({"t": ARRAY})


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("before", [None, b"old"], ids=["no file", "an old file"])
def test_an_exception_leaves_what_was_there_and_no_debris(tmp_path, error, before):
    target = tmp_path / "t.spf"
    if before is not None:
        target.write_bytes(before)

    def pack():
        with Writer(target) as writer:
            writer.add("t", ARRAY)
            raise error

    with pytest.raises(error):
        pack()
    assert files(tmp_path) == ({} if before is None else {"t.spf": before})


def test_nothing_stands_under_the_name_before_the_end(tmp_path):
    target = tmp_path / "t.spf"
    target.write_bytes(b"old")
    writer = Writer(target)
    writer.add("t", ARRAY)
    writer.finish()
    assert target.read_bytes() == b"old"
    assert writer.written_path.read_bytes() == WHOLE
    assert writer.written_path.parent == tmp_path
    writer.close()
    assert files(tmp_path) == {"t.spf": WHOLE}


def test_closing_again_does_nothing(tmp_path):
    with Writer(tmp_path / "t.spf") as writer:
        writer.add("t", ARRAY)
        writer.close()
    writer.close()
    assert files(tmp_path) == {"t.spf": WHOLE}


def test_aborting_after_the_end_keeps_the_file(tmp_path):
    writer = Writer(tmp_path / "t.spf")
    writer.add("t", ARRAY)
    writer.close()
    writer.abort()
    assert files(tmp_path) == {"t.spf": WHOLE}


@pytest.mark.parametrize("make", [str, Path, os.fspath], ids=["str", "Path", "fspath"])
def test_any_kind_of_path(tmp_path, make):
    with Writer(make(tmp_path / "t.spf")) as writer:
        writer.add("t", ARRAY)
    assert files(tmp_path) == {"t.spf": WHOLE}


def test_a_path_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Writer("t.spf") as writer:
        writer.add("t", ARRAY)
    assert files(tmp_path) == {"t.spf": WHOLE}


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o027, 0o077], ids=oct)
def test_permissions_honour_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        with Writer(tmp_path / "t.spf") as writer:
            temporary = stat.S_IMODE(writer.written_path.stat().st_mode)
        (tmp_path / "plain").write_bytes(b"")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    expected = stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    assert stat.S_IMODE((tmp_path / "t.spf").stat().st_mode) == expected == 0o666 & ~umask
    assert temporary & ~expected == 0


@pytest.mark.parametrize(
    "name", ["x" * 255, "x" * 251 + ".spf", "\U0001f600" * 62 + ".spf", "é" * 127, "a b\n.spf"], ids=len
)
def test_every_name_that_the_file_system_takes(tmp_path, name):
    """The temporary file's name must not be longer than the target's may be."""
    with Writer(tmp_path / name) as writer:
        writer.add("t", ARRAY)
    assert files(tmp_path) == {name: WHOLE}


def test_a_folder_is_no_target(tmp_path):
    with pytest.raises(IsADirectoryError):
        Writer(tmp_path)
    with pytest.raises(FileNotFoundError):
        Writer(tmp_path / "none" / "t.spf")
    (tmp_path / "plain").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        Writer(tmp_path / "plain" / "t.spf")
    assert files(tmp_path) == {"plain": b""}


def test_two_writers_of_one_target_do_not_meet(tmp_path):
    first, second = Writer(tmp_path / "t.spf"), Writer(tmp_path / "t.spf")
    first.add("t", ARRAY)
    second.add("u", ARRAY)
    second.close()
    first.close()
    assert files(tmp_path) == {"t.spf": WHOLE}


FULL = """
import resource, sys, numpy
from spformat.writer import Writer
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
try:
    with Writer(sys.argv[1]) as writer:
        for i in range(int(sys.argv[3])):
            data = numpy.random.default_rng(i).bytes(int(sys.argv[2]))
            writer.add("name" * 10 + str(i), numpy.frombuffer(data, numpy.uint8))
except OSError as error:
    print(type(error).__name__, error.errno)
"""


@pytest.mark.parametrize(
    ("elements", "tensors"), [(100_000, 1), (0, 100), (2_990, 1)], ids=["tensor", "index", "footer"]
)
def test_a_full_disk_is_an_oserror_and_leaves_no_debris(tmp_path, elements, tensors):
    """The disk is full while a tensor is written, or only when the index is."""
    target = tmp_path / "t.spf"
    target.write_bytes(b"old")
    command = [sys.executable, "-c", FULL, str(target), str(elements), str(tensors)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "OSError 27\n", done.stderr[-500:]
    assert files(tmp_path) == {"t.spf": b"old"}


def test_a_failing_rename_leaves_no_debris(tmp_path):
    target = tmp_path / "t.spf"
    writer = Writer(target)
    writer.add("t", np.zeros(3))
    target.mkdir()
    (target / "x").write_bytes(b"")
    with pytest.raises(OSError, match="directory"):
        writer.close()
    assert [path.name for path in tmp_path.iterdir()] == ["t.spf"]


def test_a_file_that_is_being_read_can_be_replaced(tmp_path):
    path = tmp_path / "t.spf"
    path.write_bytes(WHOLE)
    with Reader(path) as reader:
        with Writer(path) as writer:
            for name, bits in reader.read().items():
                writer.add(name + "2", bits, reader.entry(name).dtype)
        assert reader.read()["t"].tobytes() == ARRAY.tobytes()
    assert Reader(path).names == ["t2"]
