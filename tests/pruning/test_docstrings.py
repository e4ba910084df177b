"""The examples in docstrings give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import spformat.pruning

MODULES = [name for _, name, _ in pkgutil.iter_modules(spformat.pruning.__path__, "spformat.pruning.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0


def test_there_are_examples():
    assert sum(doctest.testmod(importlib.import_module(name)).attempted for name in MODULES) > 9


def test_names_are_sorted_and_there():
    assert spformat.pruning.__all__ == sorted(spformat.pruning.__all__)
    assert all(hasattr(spformat.pruning, name) for name in spformat.pruning.__all__)
