"""Values of options."""

from __future__ import annotations

import click
import pytest

from spformat.cli import options


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("500", 500),
        ("1kB", 1000),
        ("64 MB", 64_000_000),
        ("2GiB", 2 << 30),
        ("1.5k", 1500),
        ("3ti", 3 << 40),
    ],
)
def test_size(text: str, expected: int) -> None:
    assert options.size(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("1", 1), (".5", 0.5), ("1.", 1), (" 0.9", 0.9), ("1E-3", 0.001)]
)
def test_share(text: str, expected: float) -> None:
    assert options.share(text) == ("*", expected)
    assert options.share(f"fc*={text}") == ("fc*", expected)


@pytest.mark.parametrize("text", ["", "-0.1", "1.01", "90%", "nan", "inf", "1e9", "one", ".", "0_1", "٣"])
def test_not_a_share(text: str) -> None:
    with pytest.raises(click.BadParameter, match="not a number from 0 to 1"):
        options.share(text)


@pytest.mark.parametrize("text", ["", "-1", "1e9", "five", "1 parsec", "0x10", "1..5", "٣", "9" * 30])
def test_not_a_size(text: str) -> None:
    with pytest.raises(click.BadParameter, match="not a number of bytes"):
        options.size(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", 1),
        ("a=1.5", 1.5),
        ("a=true", True),
        ('a="1"', "1"),
        ("a=one", "one"),
        ("a=[1", "[1"),
        ("a=NaN", "NaN"),
    ],
)
def test_pair(text: str, expected: object) -> None:
    assert options.pair(text) == ("a", expected)


def test_pair_of_deep_json_is_text() -> None:
    assert options.pair("a=" + "[" * 200_000) == ("a", "[" * 200_000)
