"""Without an optional package the error names the extra; what does not need the package still works."""

import subprocess
import sys

import numpy as np
import pytest

RUN = """
import sys
sys.modules[sys.argv[1]] = None  # importing it fails from here on, as if it were not installed
from spformat.errors import MissingExtraError
from spformat.sources import open_source
try:
    open_source(sys.argv[2]) if len(sys.argv) > 2 else __import__("spformat.torch")
except MissingExtraError as error:
    print(error)
"""


def message_without(package, *arguments):
    ran = subprocess.run([sys.executable, "-c", RUN, package, *arguments], check=True, capture_output=True, text=True)
    return ran.stdout


def test_torch(tmp_path):
    (tmp_path / "x.pt").write_bytes(b"\x80\x02.")
    assert "pip install spformat[torch]" in message_without("torch", tmp_path / "x.pt")
    assert "pip install spformat[torch]" in message_without("torch")


def test_scipy(tmp_path):
    sparse = pytest.importorskip("scipy.sparse")
    sparse.save_npz(tmp_path / "x.npz", sparse.eye_array(3))
    assert "pip install spformat[scipy]" in message_without("scipy", tmp_path / "x.npz")


def test_numpy_files_need_neither(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.ones(2))
    assert message_without("torch", tmp_path / "x.npz") == ""
    assert message_without("scipy", tmp_path / "x.npz") == ""
