"""Tables of text."""

from __future__ import annotations

import click

from spformat.cli.table import Column, Table, cells, shortened

COLUMNS = (
    Column("name", right=False, shrink=True),
    Column("size"),
    Column("rate", drop=2),
    Column("kind", drop=1),
)
ROWS = (("layers.0.attention.weight", "1,000", "8.4x", "csr"), ("b", "5", "1.0x", "dense"))


def plain(table: Table, width: int | None, least: int = 10) -> tuple[list[str], list[str]]:
    text, left_out = table.render(width, least)
    return click.unstyle(text).splitlines(), left_out


def test_all_fits() -> None:
    lines, left_out = plain(Table(COLUMNS, ROWS, ("all", "1,005", "", "")), None)
    assert lines == [
        "name                        size  rate   kind",
        "layers.0.attention.weight  1,000  8.4x    csr",
        "b                              5  1.0x  dense",
        "─" * 45,
        "all                        1,005",
    ]
    assert left_out == []


def test_names_shrink_before_columns_go() -> None:
    lines, left_out = plain(Table(COLUMNS, ROWS), 34)
    assert lines[1] == "layers.0…weight  1,000  8.4x    csr".replace("layers.0…weight", shortened(ROWS[0][0], 14))
    assert max(map(len, lines)) == 34
    assert left_out == []


def test_columns_go_by_rank() -> None:
    assert plain(Table(COLUMNS, ROWS), 25)[1] == ["rate"]
    assert plain(Table(COLUMNS, ROWS), 20)[1] == ["rate", "kind"]
    lines, _ = plain(Table(COLUMNS, ROWS), 1)
    assert lines[2] == "b             5"


def test_no_rows() -> None:
    assert plain(Table(COLUMNS, ()), 80)[0] == ["name  size  rate  kind"]


def test_shortened_keeps_both_ends() -> None:
    assert shortened("encoder.layer.0.key.weight", 26) == "encoder.layer.0.key.weight"
    assert shortened("encoder.layer.0.key.weight", 16) == "encoder.l…weight"
    for width in range(3, 40):
        assert cells(shortened("漢字" * 20, width)) <= width


def test_control_characters_are_escaped() -> None:
    lines, _ = plain(Table(COLUMNS, [("a\x1b[2Jb", "1", "2", "3")]), None)
    assert lines[1].startswith(r"a\x1b[2Jb")
