"""Each "Must fail when" line of the specification has code that raises it and a test that provokes it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = re.findall(r"^- `([a-z]+/[a-z_]+)`", (ROOT / "spec" / "format.md").read_text(), re.MULTILINE)


def text_of(folder):
    """All Python text under a folder, but for this folder's own."""
    files = (path for path in (ROOT / folder).rglob("*.py") if path.parent != Path(__file__).parent)
    return "\n".join(path.read_text() for path in files)


SOURCES, TESTS = text_of("spformat"), text_of("tests")


def test_the_specification_has_rules_and_names_each_once():
    assert len(RULES) > 30
    assert len(RULES) == len(set(RULES))


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_enforced_and_tested(rule):
    assert f'"{rule}"' in SOURCES
    assert f'"{rule}"' in TESTS
