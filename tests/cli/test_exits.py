"""How commands end when something is wrong: one line, the right code, never a traceback."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

import spformat
from spformat.cli.exits import describe
from tests.cli.command import COMMAND, ENVIRONMENT, done, failed, lecture_matrix, run

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory, model_spf: Path) -> Path:
    """A folder of files that are not what their names say."""
    folder: Path = tmp_path_factory.mktemp("bad")
    good = model_spf.read_bytes()
    (folder / "empty.spf").write_bytes(b"")
    (folder / "text.spf").write_bytes(b"not a model at all\n" * 20)
    (folder / "cut.spf").write_bytes(good[: len(good) // 2])
    (folder / "longer.spf").write_bytes(good + b"x")
    (folder / "index.spf").write_bytes(good[:-80] + bytes([good[-80] ^ 1]) + good[-79:])
    (folder / "version.spf").write_bytes(good[:8] + b"\x63" + good[9:])
    (folder / "folder.spf").mkdir()
    (folder / "header.safetensors").write_bytes((1000).to_bytes(8, "little") + b'{"a": 1' + b" " * 2000)
    (folder / "huge.safetensors").write_bytes((1 << 60).to_bytes(8, "little") + b"{}" + b" " * 50)
    (folder / "cut.npz").write_bytes(b"PK\x03\x04 and then nothing")
    (folder / "objects.npy").write_bytes(_npy_of_objects(folder))
    (folder / "unknown.xyz").write_bytes(b"what is this?")
    (folder / "hdf5.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    return folder


def _npy_of_objects(folder: Path) -> bytes:
    path = folder / "temporary.npy"
    np.save(path, np.array([{}, None]), allow_pickle=True)
    data = path.read_bytes()
    path.unlink()
    return data


@pytest.mark.parametrize(
    "args",
    [
        "inspect nothing.spf",
        "inspect empty.spf",
        "inspect text.spf",
        "inspect cut.spf --json",
        "inspect longer.spf --no-bound",
        "inspect index.spf",
        "inspect folder.spf",
        "verify version.spf",
        "verify text.spf -q",
        "unpack cut.spf x.npz",
        "unpack nothing.spf x.npz --json",
        "diff cut.spf text.spf",
        "pack nothing.npy x.spf",
        "pack header.safetensors x.spf",
        "pack huge.safetensors x.spf",
        "pack cut.npz x.spf",
        "pack objects.npy x.spf",
        "pack unknown.xyz x.spf",
        "pack hdf5.h5 x.spf --json",
        "pack folder.spf x.spf",
        "pack cut.spf x.spf",
    ],
)
def test_bad_input(args: str, bad: Path) -> None:
    assert failed(*args.split(), cwd=bad)
    assert not (bad / "x.spf").exists()
    assert not (bad / "x.npz").exists()


def test_target_in_no_folder(lecture_spf: Path, tmp_path: Path) -> None:
    assert "No such file or directory" in failed("pack", lecture_spf, tmp_path / "no" / "m.spf")
    assert "No such file or directory" in failed("unpack", lecture_spf, tmp_path / "no" / "m.npz")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_no_permission(lecture_spf: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.spf"
    secret.write_bytes(lecture_spf.read_bytes())
    secret.chmod(0)
    assert failed("inspect", secret) == f"{secret}: Permission denied"


@linux
def test_odd_file_names(tmp_path: Path) -> None:
    np.save(tmp_path / "-m.npy", lecture_matrix())
    for name in (b"with space.spf", b"caf\xe9\n.spf", b"-dash.spf"):
        done("pack", "-q", "--", "-m.npy", name, cwd=tmp_path)
        done("verify", "--", name, cwd=tmp_path)
        assert spformat.load_file(tmp_path / os.fsdecode(name))["-m"].tobytes() == lecture_matrix().tobytes()
    assert failed("inspect", b"no\xff\x1b[2J", cwd=tmp_path) == r"no\udcff\x1b[2J: No such file or directory"


@linux
def test_a_pipe_closed_early(tmp_path: Path) -> None:
    spformat.save_file({"w": np.arange(100_000)}, tmp_path / "m.spf")
    command = [*COMMAND, "inspect", "m.spf", "--tensor", "w", "--entries"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 128 + signal.SIGPIPE


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_no_room_for_the_output(lecture_spf: Path) -> None:
    for args in (["inspect", lecture_spf], ["--help"]):
        with open("/dev/full", "wb") as full:
            process = subprocess.run([*COMMAND, *args], env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE)
        assert process.returncode == 1
        assert process.stderr == b"spformat: error: No space left on device\n"


@linux
def test_nowhere_to_write(lecture_spf: Path) -> None:
    process = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "verify", lecture_spf], env=ENVIRONMENT)
    assert process.returncode == 0


def open_when_read(fifo: Path, process: subprocess.Popen[bytes]) -> BinaryIO:
    """The writing end of a pipe, once the command has opened the reading end."""
    while process.poll() is None:
        with contextlib.suppress(OSError):
            return os.fdopen(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK), "wb")
        time.sleep(0.02)
    raise AssertionError(f"the command ended with {process.returncode}")


def wait_until_it_waits_for_more(fifo: BinaryIO, process: subprocess.Popen[bytes]) -> None:
    """Returns once the command has taken a byte and sleeps in the next read. A signal that comes a moment
    earlier, between Python's look for signals and the system call, would wait for the call to end.
    """
    fifo.write(b"\x93")
    fifo.flush()
    while process.poll() is None and (_unread(fifo) or _state(process) != "S"):
        time.sleep(0.02)


def _unread(fifo: BinaryIO) -> int:
    return int.from_bytes(fcntl.ioctl(fifo, termios.FIONREAD, bytes(4)), sys.byteorder)


def _state(process: subprocess.Popen[bytes]) -> str:
    """R when it runs, S when it sleeps: what follows the name in parentheses."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


@linux
def test_interrupted(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endless.npy")
    command = [*COMMAND, "pack", "endless.npy", "m.spf"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, stdout=pipe, stderr=pipe) as process:
        with open_when_read(tmp_path / "endless.npy", process) as file:
            wait_until_it_waits_for_more(file, process)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (128 + signal.SIGINT, b"", b"")
    assert not (tmp_path / "m.spf").exists()


def test_a_traceback_for_who_asks(tmp_path: Path) -> None:
    result = run("inspect", "nothing.spf", cwd=tmp_path, SPFORMAT_TRACEBACK="1")
    assert result.code == 1
    assert "FileNotFoundError" in result.err


def test_descriptions() -> None:
    assert describe(MemoryError()) == "not enough memory"
    assert describe(OSError(28, "No space left on device", b"caf\xe9")) == "caf\udce9: No space left on device"
    assert describe(spformat.SpformatError("wrong", tensor="w")) == "wrong (tensor 'w')"
    assert describe(ZeroDivisionError("oh")).startswith("unexpected, please report it: ZeroDivisionError: oh")
