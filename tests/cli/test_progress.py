"""The bar on a terminal."""

from __future__ import annotations

import os
import select
import sys

import pytest

from spformat.cli import progress


def test_nothing_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress() as callback:
        assert callback is None
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with progress.progress(wanted=False) as callback:
            assert callback is None
        with progress.progress() as callback:
            assert callback is not None
            callback("packing", 1_000_000, 8_000_000)
            seen = _read_until(ours, b"1.0/8.0 MB")
            callback("packing", 2_000_000, 8_000_000)
            callback("packing", 8_000_000, 8_000_000)
        terminal.flush()
        seen += _read_until(ours, b"8.0/8.0 MB")
    os.close(ours)
    assert b"packing" in seen


def _read_until(descriptor: int, text: bytes) -> bytes:
    seen = b""
    while text not in seen:
        assert select.select([descriptor], [], [], 30)[0], seen
        seen += os.read(descriptor, 1 << 16)
    return seen
