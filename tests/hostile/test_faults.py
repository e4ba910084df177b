"""Processes that are killed, folders and files without permission, links and devices as targets, leaks."""

import errno
import gc
import json
import os
import pickle
import resource
import shutil
import stat
import tempfile
from pathlib import Path

import numpy as np
import pytest

import spformat
from spformat.atomic_file import AtomicFile
from spformat.errors import SourceError, SpformatError
from spformat.pack import pack
from spformat.reader import Reader
from spformat.unpack import unpack
from spformat.writer import Writer
from tests.helpers import sparse, written
from tools.fuzz.kill import BROKEN, kill_packs

# The children only pack a file and end; that other threads of the test runner do not live on in them is no matter.
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
ARRAY = sparse((8, 8))
WHOLE = written({"t": ARRAY})
NOBODY = 65534


def packed(target):
    with Writer(target) as writer:
        writer.add("t", ARRAY)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def source(tmp_path):
    np.savez(tmp_path / "model.npz", t=ARRAY)
    return tmp_path / "model.npz"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_killed_pack_leaves_the_old_file_or_the_new_one(tmp_path):
    found = kill_packs(tmp_path, kills=16, seed=3)
    assert [found[outcome] for outcome in BROKEN] == [0, 0]
    assert len([outcome for outcome in found if not outcome.startswith("(")]) > 1


# Permissions: root may do anything, so these run as nobody when the tests run as root.


@pytest.fixture
def public():
    """A folder that anyone may reach (pytest's own are closed to others)."""
    folder = Path(tempfile.mkdtemp(prefix="spformat-"))
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


def as_nobody(work):
    """What the work raises (None: nothing) in a process that has no privileges."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        error = None
        try:
            work()
        except BaseException as raised:
            error = (type(raised), getattr(raised, "errno", None), str(raised))
        os.write(into, pickle.dumps(error))
        os._exit(0)
    os.close(into)
    with open(out, "rb") as file:
        found = pickle.loads(file.read())
    os.waitpid(child, 0)
    return found


def test_a_read_only_folder_is_no_target(public):
    folder = public / "closed"
    folder.mkdir(mode=0o555)
    kind, number, text = as_nobody(lambda: packed(folder / "t.spf"))
    assert (kind, number) == (PermissionError, errno.EACCES)
    assert str(folder / "t.spf") in text
    assert names(folder) == []


def test_a_read_only_file_is_no_target(public):
    (public / "t.spf").write_bytes(b"old")
    (public / "t.spf").chmod(0o444)
    assert as_nobody(lambda: packed(public / "t.spf"))[0] is PermissionError
    assert (public / "t.spf").read_bytes() == b"old"
    assert names(public) == ["t.spf"]


def test_an_unreadable_source_is_an_error_that_names_it(public, source):
    secret = public / "model.npz"
    shutil.copy(source, secret)
    secret.chmod(0o000)
    kind, _, text = as_nobody(lambda: pack(secret, public / "out.spf"))
    assert kind is SourceError
    assert text == f"{secret}: cannot be read: Permission denied"
    assert names(public) == ["model.npz"]


def test_an_unreadable_file_is_an_error_that_names_it(public):
    (public / "t.spf").write_bytes(WHOLE)
    (public / "t.spf").chmod(0o000)
    kind, _, text = as_nobody(lambda: unpack(public / "t.spf", public / "out.npz"))
    assert kind is PermissionError
    assert str(public / "t.spf") in text
    assert names(public) == ["t.spf"]


# What stands under the target's name already.


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755], ids=oct)
def test_the_permissions_of_a_file_that_is_replaced_stay(tmp_path, mode):
    target = tmp_path / "t.spf"
    target.write_bytes(b"old")
    target.chmod(mode)
    with Writer(target) as writer:
        writer.add("t", ARRAY)
        assert stat.S_IMODE(writer.written_path.stat().st_mode) == mode
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert target.read_bytes() == WHOLE


@pytest.mark.parametrize("there", [True, False], ids=["a link", "a link to nothing yet"])
def test_a_link_stays_and_the_file_that_it_leads_to_is_replaced(tmp_path, there):
    (tmp_path / "models").mkdir()
    real, link = tmp_path / "models" / "real.spf", tmp_path / "latest.spf"
    if there:
        real.write_bytes(b"old")
    link.symlink_to(Path("models") / "real.spf")
    packed(link)
    assert link.is_symlink()
    assert real.read_bytes() == link.read_bytes() == WHOLE
    assert not real.is_symlink()
    assert names(tmp_path / "models") == ["real.spf"]


def test_another_name_of_a_file_keeps_what_it_had(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    os.link(tmp_path / "a", tmp_path / "b")
    packed(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == WHOLE
    assert (tmp_path / "b").read_bytes() == b"old"


def test_a_link_to_itself_is_no_target(tmp_path):
    (tmp_path / "t.spf").symlink_to("t.spf")
    with pytest.raises(OSError, match="symbolic"):
        packed(tmp_path / "t.spf")
    assert (tmp_path / "t.spf").is_symlink()


def test_a_device_or_a_pipe_is_no_target(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(OSError, match="Not a regular file") as caught:
            AtomicFile(target)
        assert caught.value.filename == str(target)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.parametrize("make", [os.link, os.symlink], ids=["hard link", "symbolic link"])
def test_packing_onto_the_source_is_refused_by_whatever_name(source, tmp_path, make):
    before = source.read_bytes()
    make(source, tmp_path / "other.spf")
    with pytest.raises(SourceError, match="same file"):
        pack(source, tmp_path / "other.spf")
    assert source.read_bytes() == before
    assert names(tmp_path) == ["model.npz", "other.spf"]


def test_a_source_that_shrinks_while_it_is_packed_leaves_no_debris(tmp_path):
    """The file is cut after the first tensor was read."""
    from safetensors.numpy import save_file

    path, out = tmp_path / "model.safetensors", tmp_path / "out"
    save_file({f"t{i}": np.ones(5000, np.float32) for i in range(3)}, path)
    out.mkdir()
    with pytest.raises((SpformatError, OSError, EOFError)):
        pack(path, out / "m.spf", progress=lambda *_: os.truncate(path, 10_000))
    assert names(out) == []


# Leaks.


def _resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _use(path, data):
    """One of everything: opened, read, refused, written."""
    spformat.load_file(path)
    spformat.load(data)
    with Reader(path, threads=2) as reader:
        reader.read_nonzeros("t0")
        reader.read_rows("t0", 1, 5)
    with pytest.raises(SpformatError):
        Reader(data[:-1])
    with pytest.raises(SpformatError), Reader(data[:20] + b"\xff\xff" + data[22:]) as reader:
        reader.read()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="AddressSanitizer keeps what is freed")
def test_many_opens_and_closes_leak_neither_memory_nor_handles(tmp_path):
    """40 kB decoded and 20 kB read each time: a leak of one of them would be 12 MB or more in 600 rounds."""
    data = written({f"t{i}": sparse((50, 100), 0.3, seed=i) for i in range(2)})
    (tmp_path / "t.spf").write_bytes(data)
    for _ in range(100):
        _use(tmp_path / "t.spf", data)
    gc.collect()
    memory, handles = _resident(), len(os.listdir("/proc/self/fd"))
    for _ in range(600):
        _use(tmp_path / "t.spf", data)
    gc.collect()
    assert _resident() - memory < 6 * 2**20
    assert len(os.listdir("/proc/self/fd")) == handles


def test_a_report_is_json_whatever_the_metadata(tmp_path):
    odd = {"nan": float("nan"), "list": [float("inf"), {"x": -float("inf")}], "one": 1.5}
    (tmp_path / "t.spf").write_bytes(written({"t": ARRAY}, metadata=odd))

    def refuse(text):
        raise AssertionError(text)

    found = json.loads(spformat.inspect(tmp_path / "t.spf").to_json(), parse_constant=refuse)
    assert found["file"]["metadata"] == {"list": ["inf", {"x": "-inf"}], "nan": "nan", "one": 1.5}
