"""Memory that packing takes besides the largest tensor, in a process that notes the most that it ever held."""

import os
import subprocess
import sys

import pytest

PACK = """
import sys, numpy
from spformat.writer import Writer

def random(shape, dtype, seed):
    out = numpy.empty(shape, dtype)
    for part in numpy.array_split(out.reshape(-1), 64):
        rng = numpy.random.default_rng(seed)
        part[:] = rng.standard_normal(len(part), numpy.float32) * (rng.random(len(part), numpy.float32) < 0.5)
        seed += 1
    return out

def peak():
    status = open("/proc/self/status").read()  # what getrusage says begins with the peak of whoever started this
    return int(status.split("VmHWM:")[1].split()[0])

path, shape, dtype, count = sys.argv[1], eval(sys.argv[2]), sys.argv[3], int(sys.argv[4])
with Writer(path, threads=2, ahead=True) as writer:
    writer.add("first", random((300, 300), dtype, 0))
before = peak()
with Writer(path, threads=2, ahead=True) as writer:
    for number in range(count):
        writer.add(str(number), random(shape, dtype, 64 * number))
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="AddressSanitizer keeps what is freed")
@pytest.mark.parametrize(
    ("shape", "dtype", "count", "most"),
    [((2000, 4000), "float16", 7, 115), ((1 << 22, 4), "float32", 1, 115)],
    ids=["many of medium size", "many short rows"],
)
def test_packing_needs_little_besides_the_largest_tensor(tmp_path, shape, dtype, count, most):
    """most: MB, the tensor included."""
    command = [sys.executable, "-c", PACK, str(tmp_path / "t.spf"), str(shape), dtype, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 / 1e6 < most
