"""Names from strangers come out as they are, or are refused; they mean nothing to spformat."""

import pytest

from spformat.errors import CorruptError, TensorNotFoundError
from spformat.reader import Reader
from tests import forge
from tests.helpers import read_everything, refused

ODD = [
    "\0",
    "a\0b",
    "\n",
    "\x1b[31mred",
    "../../etc/passwd",
    "/dev/null",
    "",
    " ",
    "\u202egnp.exe",
    "\ufeff",
    "\uffff",
]
ODD += ["nul", "t" * 65_535, "\U0001f600", "a\u0301", "\u00e1"]


def tensor(name):
    return [name, 1, [0], forge.EMPTY_DIGEST, 0]


def test_odd_names_are_only_names():
    """Those that look the same (composed or not) are two."""
    with Reader(forge.file_of([tensor(name) for name in ODD])) as reader:
        assert reader.names == ODD
        assert list(read_everything(reader)) == ODD
        assert len(set(reader.names)) == len(ODD)


@pytest.mark.parametrize("name", ["\0", "\x1b[31mred", "\u202egnp.exe"])
def test_errors_show_control_characters_escaped(name):
    error = refused(forge.file_of([tensor(name), tensor(name)]), CorruptError, "entry/name")
    assert name not in str(error)
    with pytest.raises(TensorNotFoundError) as caught:
        Reader(forge.file_of([])).read([name])
    assert name not in str(caught.value)


def test_a_name_of_a_megabyte_is_refused_and_not_printed():
    error = refused(forge.file_of([tensor("x" * 2**20)]), CorruptError, "entry/name")
    assert len(str(error)) < 1000


def test_a_duplicate_of_a_long_name_is_refused():
    name = "x" * 65_535
    refused(forge.file_of([tensor(name), tensor(name)]), CorruptError, "entry/name")


@pytest.mark.parametrize("data", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"], ids=repr)
def test_names_that_are_not_utf8_are_refused(data):
    packed = bytes([0xA0 | len(data)]) + data
    index = b"\x81\xa7tensors\x91\x95" + packed + b"\x01\x91\x00\x00\x00"
    refused(forge.file_of(None, index=index), CorruptError, "index/msgpack")
