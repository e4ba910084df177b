"""The tool that writes the vectors: it makes the ones that are there, and never writes over one."""

import sys

import pytest

from tests.conformance.decoders import VECTORS
from tools.make_vectors import __main__ as tool


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["make_vectors", *map(str, arguments)])
    return tool.main()


@pytest.fixture(scope="module")
def wanted():
    return tool.files(VECTORS)


def test_the_vectors_are_what_the_tool_makes(wanted):
    assert [path for path, data in wanted.items() if path.read_bytes() != data] == []


def test_it_makes_the_same_twice(wanted):
    assert tool.files(VECTORS) == wanted


def test_it_writes_what_is_missing_and_never_over_what_is_there(monkeypatch, tmp_path, capsys):
    some = {tmp_path / "valid" / "a.spf": b"a", tmp_path / "valid" / "b.spf": b"b"}
    monkeypatch.setattr(tool, "files", lambda folder: some if folder == tmp_path else {})
    assert run(monkeypatch, "--folder", tmp_path, "--check") == 1
    assert run(monkeypatch, "--folder", tmp_path) == 0
    assert run(monkeypatch, "--folder", tmp_path, "--check") == 0
    (tmp_path / "valid" / "a.spf").write_bytes(b"older")
    (tmp_path / "valid" / "b.spf").unlink()
    assert run(monkeypatch, "--folder", tmp_path, "--check") == 1
    assert run(monkeypatch, "--folder", tmp_path) == 1
    assert (tmp_path / "valid" / "a.spf").read_bytes() == b"older"
    assert (tmp_path / "valid" / "b.spf").read_bytes() == b"b"
    assert "a.spf: is not what would be written today" in capsys.readouterr().err
