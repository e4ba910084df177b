"""Every byte of small files is damaged: that is detected, or harmless, and then nothing read is different."""

import pytest

from spformat.errors import SpformatError
from spformat.reader import Reader
from tests.helpers import read_everything
from tests.small_files import SMALL_FILES

FILES = pytest.mark.parametrize("data", SMALL_FILES.values(), ids=SMALL_FILES.keys())


def content(source):
    """All that a user gets from a file; None when it is refused."""
    try:
        with Reader(source, threads=1) as reader:
            arrays = read_everything(reader)
            entries = {name: (e.dtype, e.shape, e.target) for name, e in reader.entries.items()}
            return reader.metadata, entries, {name: array.tobytes() for name, array in arrays.items()}
    except SpformatError:
        return None


def damaged(data, masks):
    for at in range(len(data)):
        for mask in masks:
            broken = bytearray(data)
            broken[at] ^= mask
            yield at, bytes(broken)


@FILES
def test_no_flipped_bit_goes_unnoticed(data):
    whole = content(data)
    assert whole is not None
    for at, broken in damaged(data, [1 << bit for bit in range(8)]):
        assert content(broken) in (None, whole), at


@FILES
def test_no_other_byte_goes_unnoticed(data):
    whole = content(data)
    for at, broken in damaged(data, [0xFF, 0x55]):
        assert content(broken) in (None, whole), at


def test_every_flip_is_in_fact_detected():
    """Stronger than harmless: this version of the format has no byte that means nothing."""
    for data in SMALL_FILES.values():
        assert all(content(broken) is None for _, broken in damaged(data, [0x10]))


def test_flips_on_disk_are_detected_too(tmp_path):
    path, data = tmp_path / "t.spf", SMALL_FILES["several"]
    for at, broken in damaged(data, [0x81]):
        path.write_bytes(broken)
        assert content(path) is None, at


@FILES
def test_bytes_in_exchange_are_detected(data):
    """Two neighbours change places: what a digest of sums would not see."""
    whole = content(data)
    for at in range(len(data) - 1):
        swapped = data[:at] + data[at + 1 : at + 2] + data[at : at + 1] + data[at + 2 :]
        assert content(swapped) in (None, whole), at
