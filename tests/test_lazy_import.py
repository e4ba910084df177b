"""`import spformat` is cheap, and its names are what they seem whatever was imported before."""

from __future__ import annotations

import subprocess
import sys

import pytest

import spformat


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return process.stdout.strip()


def test_importing_it_imports_neither_torch_nor_numpy() -> None:
    code = "import sys, spformat; print(*{'numpy', 'torch', 'ml_dtypes', 'msgpack'} & set(sys.modules))"
    assert run(code) == ""


def test_using_it_imports_no_torch() -> None:
    every = "[getattr(spformat, name) for name in spformat.__all__]"
    assert run(f"import sys, spformat; {every}; print('torch' in sys.modules)") == "False"


@pytest.mark.parametrize("name", ["diff", "pack", "prune", "safe_open", "unpack", "verify"])
def test_a_function_is_not_hidden_by_the_module_of_its_name(name: str) -> None:
    code = f"import spformat.{name}; from spformat.{name} import {name}; print(spformat.{name} is {name})"
    assert run(code) == "True"


def test_star_import_and_submodule() -> None:
    same = "load_file is spformat.numpy.load_file"
    assert run(f"import spformat; from spformat import *; print({same}, 'numpy' in dir())") == "True False"


def test_names() -> None:
    assert spformat.__all__ == sorted(spformat.__all__)
    assert set(spformat.__all__) <= set(dir(spformat))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = spformat.nothing
