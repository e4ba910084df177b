"""Writing to file objects of any kind, and packing a tensor that changes meanwhile."""

import io
import os
import subprocess
import sys
from typing import BinaryIO, cast

import numpy as np

from spformat.writer import Writer
from tests.helpers import sparse, written

FOLDED = sparse((6, 8), 0.4, np.float32)


def test_a_file_object_is_written_where_it_stands_and_left_open():
    buffer = io.BytesIO(b"before")
    buffer.seek(6)
    with Writer(buffer) as writer:
        writer.add("t", FOLDED)
    assert buffer.getvalue() == b"before" + written({"t": FOLDED})


def test_a_file_object_need_not_be_seekable():
    receiver, sender = os.pipe()  # which holds more than this file
    with open(receiver, "rb") as received:
        with open(sender, "wb") as pipe, Writer(pipe) as writer:
            writer.add("t", FOLDED)
        assert received.read() == written({"t": FOLDED})


class Trickle(io.RawIOBase):
    """A raw file: it may write less than it is given, and says so."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data[:100])
        return min(100, len(data))


def test_a_raw_file_that_writes_less_at_a_time_gets_everything():
    """open(path, "wb", buffering=0) is such a file: Linux writes at most 2 GiB at a time."""
    trickle = Trickle()
    with Writer(cast("BinaryIO", trickle)) as writer:
        writer.add("t", np.arange(1, 500, dtype=np.float64))
    assert bytes(trickle.data) == written({"t": np.arange(1, 500, dtype=np.float64)})


CHANGING = """
import io, numpy, spformat.tensor_jobs, spformat.writer
from spformat.errors import SpformatError
array = numpy.zeros(1 << 20, numpy.float32)
array[7] = 1
choose = spformat.tensor_jobs.choose
def choose_and_train_on(*arguments):
    found = choose(*arguments)
    array[:] = 1
    return found
spformat.tensor_jobs.choose = choose_and_train_on
try:
    spformat.writer.Writer(io.BytesIO()).add("t", array)
except SpformatError:
    print("refused")
"""


def test_a_tensor_that_changes_while_it_is_packed_overflows_nothing():
    """Another thread may go on training: what was measured is no longer what is encoded."""
    done = subprocess.run([sys.executable, "-c", CHANGING], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr[-500:]
