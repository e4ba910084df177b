"""A file that is cut, shortened in the middle or put together from pieces is refused."""

import pytest

from spformat.errors import FormatError
from spformat.reader import Reader
from tests import forge
from tests.helpers import read_everything, refused
from tests.small_files import SMALL_FILES

FILES = pytest.mark.parametrize("data", SMALL_FILES.values(), ids=SMALL_FILES.keys())


@FILES
def test_whole_files_are_read(data):
    with Reader(data) as reader:
        read_everything(reader)


@FILES
def test_every_prefix_is_refused_in_memory(data):
    for length in range(len(data)):
        refused(data[:length], FormatError)


def test_every_prefix_is_refused_on_disk(tmp_path):
    path, data = tmp_path / "t.spf", SMALL_FILES["several"]
    for length in range(len(data)):
        path.write_bytes(data[:length])
        refused(path, FormatError)


@FILES
def test_every_suffix_is_refused(data):
    for start in range(1, len(data)):
        refused(data[start:], FormatError)


@FILES
def test_a_file_without_some_bytes_in_the_middle_is_refused(data):
    for start in range(0, len(data), 3):
        for length in (1, 2, 8, 16, 48):
            shorter = data[:start] + data[start + length :]
            if len(shorter) < len(data):
                refused(shorter, FormatError)


@FILES
def test_a_prefix_with_the_right_end_is_refused(data):
    """As a download that was resumed at the wrong place."""
    for length in range(0, len(data) - 48, 5):
        refused(data[:length] + data[-48:], FormatError)


def test_the_end_of_another_file_is_refused():
    files = list(SMALL_FILES.values())
    for one in files:
        for other in files:
            if one is not other:
                refused(one[:-48] + other[-48:], FormatError)


def test_swapped_sections_are_refused():
    """Two tensors of the same length change places; the index does not."""
    body = b"\1\2\3" + b"\4\5\6"
    entries = [["a", 1, [3], forge.digest(body[:3]), 0], ["b", 1, [3], forge.digest(body[3:]), 0]]
    assert Reader(forge.file_of(entries, body)).read()["b"].tolist() == [4, 5, 6]
    refused(forge.file_of(entries, body[3:] + body[:3]), FormatError, "block/digest")


@pytest.mark.parametrize("data", [b"", b"\0" * 64, b"\xff" * 200, b"PK\3\4" * 40, b'{"__metadata__":{}}' * 20])
def test_files_of_other_kinds_are_refused(data):
    refused(data, FormatError)
