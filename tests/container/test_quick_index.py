"""The index read natively: it takes what index.py takes, and nothing else; what it decodes is the same."""

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spformat.container import quick_index
from spformat.container.index import read as read_step_by_step
from spformat.errors import SpformatError
from spformat.layouts import storage
from spformat.limits import Limits
from spformat.reader import Reader
from tests import forge
from tests.conformance.decoders import VECTORS

VALID = sorted((VECTORS / "valid").rglob("*.spf"))
INVALID = sorted((VECTORS / "invalid").rglob("*.spf"))


def name_of(path):
    return path.relative_to(VECTORS).with_suffix("").as_posix()


def taken_quickly(index, offset):
    if not 16 <= offset <= 1 << 20:
        return False  # there is no such file
    file = forge.MAGIC + forge.VERSION + bytes(offset - 16) + index + forge.footer(index, offset)
    return quick_index.read(-1, np.frombuffer(file, np.uint8), Limits()) is not None


def taken_step_by_step(index, offset):
    """Whether index.py and storage.py find nothing wrong, and the sections fill the file."""
    try:
        found = read_step_by_step(index, offset, Limits())
        stored = [storage.interpret(entry, offset) for entry in found.entries if entry.target is None]
    except SpformatError:
        return False
    return 16 + sum(sum(one.stored_bytes) for one in stored) == offset


@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_valid_vectors_are_taken_and_decoded_alike(path, monkeypatch):
    with Reader(path) as reader:
        quick = reader.read()
        heads = reader.heads
        known = msgpack.unpackb(reader._file.index_data).keys() <= {"metadata", "tables", "tensors"}
        assert (reader._quick is not None) == known
    monkeypatch.setattr(quick_index, "read", lambda *_: None)
    with Reader(path) as reader:
        assert reader.heads == heads
        slow = reader.read()
    assert list(quick) == list(slow)
    assert all(quick[name].tobytes() == slow[name].tobytes() for name in slow)
    assert all((quick[a] is quick[b]) == (slow[a] is slow[b]) for a in slow for b in slow)


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_what_is_wrong_in_the_index_is_not_taken(path):
    data = path.read_bytes()
    start, size = (int.from_bytes(data[at : at + 8], "little") for at in (len(data) - 40, len(data) - 32))
    index = data[start : start + size]
    if taken_quickly(index, start):
        assert taken_step_by_step(index, start)


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.integers(-2, 40),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=5),
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(0, 3), max_size=2),
)
INDEXES = [forge.Opened(path.read_bytes()) for path in VALID if path.stat().st_size < 3000]


def places(value, path=()):
    """Where something stands in a value of nested lists and maps."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from places(item, (*path, key))


def changed(opened, path, how, leaf):
    """The bytes of an index with one place of it replaced, removed or repeated."""
    index = opened.copy().index
    *way, last = path
    at = index
    for key in way:
        at = at[key]
    if how == "remove":
        del at[last]
    elif how == "repeat" and isinstance(at, list):
        at.insert(last, at[last])
    elif how == "nudge" and type(at[last]) is int and 0 < at[last] < 2**64 - 1:
        at[last] += 1 if leaf else -1
    else:
        at[last] = leaf
    return msgpack.packb({key: index[key] for key in sorted(index)})


@given(st.data())
def test_a_changed_index_is_taken_by_both_or_by_neither(data):
    opened = data.draw(st.sampled_from(INDEXES))
    path = data.draw(st.sampled_from([path for path in places(opened.index) if path]))
    how = data.draw(st.sampled_from(["replace", "remove", "repeat", "nudge"]))
    index = changed(opened, path, how, data.draw(LEAVES))
    offset = 16 + len(opened.body)
    known = msgpack.unpackb(index).keys() <= {"metadata", "tables", "tensors"}
    assert taken_quickly(index, offset) == (known and taken_step_by_step(index, offset))


@given(st.data())
def test_changed_bytes_are_never_taken_by_the_quick_reader_alone(data):
    opened = data.draw(st.sampled_from(INDEXES))
    index = bytearray(msgpack.packb(opened.index))
    for _ in range(data.draw(st.integers(1, 3))):
        index[data.draw(st.integers(0, len(index) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(len(index) - 2, len(index)))
    offset = 16 + len(opened.body)
    if taken_quickly(bytes(index[:end]), offset):
        assert taken_step_by_step(bytes(index[:end]), offset)


TEXTS = [b"", b"a", "é€\U0001f600".encode(), b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff", b"\xe2\x82"]


@pytest.mark.parametrize("text", TEXTS, ids=repr)
def test_names_are_utf8(text):
    index = b"\x81\xa7tensors\x91\x95" + bytes([0xA0 + len(text)]) + text
    index += b"\x01\x91\x00" + msgpack.packb(forge.EMPTY_DIGEST) + b"\x00"
    assert taken_quickly(index, 16) == taken_step_by_step(index, 16)


NUMBERS = [0, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1, -1, -32, -33, -128, -129, -32769, -(2**63)]


@pytest.mark.parametrize("value", [*NUMBERS, 1.5, float("nan"), None, True, "x" * 31, "x" * 32, "x" * 300], ids=repr)
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v] * 16, lambda v: {"a": v, "b": [v]}])
def test_metadata_of_every_kind_is_taken_and_longer_forms_are_not(value, wrap):
    index = msgpack.packb({"metadata": {"k": wrap(value)}, "tensors": []})
    assert taken_quickly(index, 16)
    longer = {0x7F: b"\xcc\x7f", 0xCC: b"\xcd\x00", 0xCD: b"\xce\x00\x00"}
    at = index.index(b"\xa1k") + 2
    if index[at] in longer and not isinstance(value, float):
        wrong = index[:at] + longer[index[at]] + index[at + 1 :]
        assert not taken_quickly(wrong, 16)
        assert not taken_step_by_step(wrong, 16)
