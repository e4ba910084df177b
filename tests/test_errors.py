"""What an error says: the tree of spformat/errors.py, its attributes, and that the reader fills them all."""

import re
from pathlib import Path

import pytest

from spformat import errors
from spformat.errors import FormatError, LimitError, SpformatError, TensorNotFoundError
from spformat.limits import Limits
from spformat.reader import Reader
from tests.conformance.decoders import VECTORS
from tests.helpers import read_everything, sparse, written

INVALID = sorted((VECTORS / "invalid").rglob("*.spf"))
CLASSES = {kind.__name__: kind for kind in vars(errors).values() if isinstance(kind, type)}


def test_the_tree_in_the_docstring_is_the_tree():
    """Each class stands one level (of four characters) deeper than the one that it is derived from."""
    above: list[str] = []
    drawn = {}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ((?:\||\+|-| )*)(\w+Error)", line)
        if found:
            level = len(found[1]) // 4
            above[level:] = [found[2]]
            drawn[found[2]] = above[level - 1] if level else "Exception"
    assert drawn == {name: kind.__bases__[0].__name__ for name, kind in CLASSES.items()}


def test_every_error_can_carry_all_of_it():
    where = {"kind": "a/b", "tensor": "t", "block": 3, "offset": 16, "expected": 1, "found": 2, "path": "f.spf"}
    for kind in CLASSES.values():
        error = kind("it is wrong", **where)
        assert {name: getattr(error, name) for name in where} == where
        assert str(error) == "f.spf: it is wrong: expected 1, found 2 (tensor 't', block 3, byte 16, a/b)"
        assert str(kind("it is wrong")) == "it is wrong"
        assert str(kind("it is wrong", found=2)) == "it is wrong: found 2"


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.relative_to(VECTORS).with_suffix("").as_posix())
def test_what_the_reader_says_of_each_vector(path):
    with pytest.raises((FormatError, LimitError)) as caught, Reader(path) as reader:
        read_everything(reader)
    error = caught.value
    assert error.path == str(path)
    assert error.offset is not None
    assert 0 <= error.offset <= path.stat().st_size
    assert error.expected is not None
    assert error.found is not None
    text = str(error)
    assert text.startswith(f"{path}: ")
    assert text.endswith(f"{error.kind})")
    assert "\n" not in text
    assert len(text) < 1000 + len(str(error.tensor))


def test_bytes_in_memory_have_no_path():
    with pytest.raises(FormatError) as caught:
        Reader(b"no")
    assert caught.value.path is None


def test_every_way_of_reading_names_the_file(tmp_path):
    path = tmp_path / "t.spf"
    data = bytearray(written({"t": sparse((20, 20))}))
    data[16] ^= 1
    path.write_bytes(data)
    with Reader(path, threads=1, limits=Limits(max_bytes=10_000)) as reader:
        for read in (
            reader.read,
            lambda: reader.read_rows("t", 0, 1),
            lambda: reader.read_nonzeros("t"),
            reader.check_blocks,
            lambda: list(reader.check_tensors()),
            lambda: reader.entry("no"),
        ):
            with pytest.raises(SpformatError) as caught:
                read()
            assert caught.value.path == str(path)
    with Reader(path, limits=Limits(max_bytes=10)) as reader, pytest.raises(LimitError) as limited:
        reader.read()
    assert (limited.value.path, limited.value.kind) == (str(path), "limits/bytes")
    assert isinstance(TensorNotFoundError("no"), KeyError)


def test_a_file_that_shrinks_while_it_is_open_is_block_short(tmp_path):
    """The one rule that no vector can show."""
    path = Path(tmp_path / "t.spf")
    path.write_bytes(written({"t": sparse((100, 100))}))
    with Reader(path, threads=1) as reader:
        with path.open("r+b") as file:
            file.truncate(100)
        with pytest.raises(FormatError) as caught:
            reader.read()
    error = caught.value
    assert (error.kind, error.tensor, error.block, error.offset) == ("block/short", "t", 0, 16)
    assert (error.found, type(error.expected)) == (84, int)
