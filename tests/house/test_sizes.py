"""Sizes that keep the house readable: a file that grows past them has two subjects."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES = 400
MOST_FUNCTION_LINES = 60
# The educational decoder is one file on purpose: it is read from top to bottom beside the specification.
ONE_FILE = {"spec/decoder/spf_decode.py": 1200}

SOURCES = sorted(
    path
    for folder in ("spformat", "spec", "tools", "tests")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".pyi", ".cpp", ".h") and "__pycache__" not in path.parts
)


def test_there_are_sources():
    assert len(SOURCES) > 100


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_too_long(path):
    most = ONE_FILE.get(path.relative_to(ROOT).as_posix(), MOST_LINES)
    assert len(path.read_text().splitlines()) <= most


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if path.suffix == ".py"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_function_is_too_long(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= MOST_FUNCTION_LINES, f"{node.name} has {lines} lines"
