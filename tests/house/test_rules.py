"""Each "Must fail when" line of the specification has code that raises it and a test that provokes it."""

import ast
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


DECODER = (ROOT / "spec" / "decoder" / "spf_decode.py").read_text()


def plain(text):
    """Words only: line breaks, links, stars and the case of the first letter of a quotation do not matter."""
    return re.sub(r"\s+", " ", re.sub(r"\]\(#[^)]*\)|[\[\]*`]|^ *#", "", text, flags=re.MULTILINE)).lower()


def test_the_educational_decoder_names_each_rule():
    unnamed = {rule for rule in RULES if f'"{rule}"' not in DECODER}
    assert unnamed == {"block/short"}, "a file given as bytes does not become shorter"
    assert set(re.findall(r'"([a-z]+/[a-z_]+)"', DECODER)) <= set(RULES)


def test_what_the_educational_decoder_quotes_stands_in_the_specification():
    words = plain((ROOT / "spec" / "format.md").read_text())
    constants = [node.value for node in ast.walk(ast.parse(DECODER)) if isinstance(node, ast.Constant)]
    said = [value for value in constants if isinstance(value, str)]
    said += re.findall(r"# (.*)", DECODER)
    quotes = [plain(part).strip() for text in said for part in re.findall(r'"([^"]{20,})"', text)]
    assert len(quotes) > 15
    assert [quote for quote in quotes if not all(part.strip() in words for part in quote.split("..."))] == []
