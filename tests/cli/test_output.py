"""Words and numbers."""

from __future__ import annotations

import json
from datetime import date

import pytest

from spformat.cli import output


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("layer.0.weight", "layer.0.weight"),
        ("poids été 漢字", "poids été 漢字"),
        ("a\nb\tc\x1b[0m\x7f\x9b", r"a\nb\tc\x1b[0m\x7f\x9b"),
        ("\u202eabc\u200b\ufeff", r"\u202eabc\u200b\ufeff"),
        ("\udcff\U000e0001", r"\udcff\U000e0001"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    assert output.printable(text) == expected


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (0, 0, "-"),
        (0, 5, "0.0 %"),
        (5, 5, "100.0 %"),
        (1, 10**6, "<0.1 %"),
        (999_999, 10**6, ">99.9 %"),
        (1, 3, "33.3 %"),
    ],
)
def test_percent(part: int, whole: int, expected: str) -> None:
    assert output.percent(part, whole) == expected


def test_times_and_shapes() -> None:
    assert [output.times(8.414), output.times(1234.5)] == ["8.41x", "1,234x"]
    assert [output.shape_text([3, 4]), output.shape_text([]), output.shape_text([0])] == [
        "3x4",
        "scalar",
        "0",
    ]


def test_json_is_strict(capsys: pytest.CaptureFixture[str]) -> None:
    output.say_json({"a": float("inf"), "b": [(1.5, float("nan"))], "c": "\udcff", "d": date(2000, 1, 1)})
    expected = {"a": "inf", "b": [[1.5, "nan"]], "c": "\udcff", "d": "2000-01-01"}
    assert json.loads(capsys.readouterr().out) == expected
