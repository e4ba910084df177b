"""Tables of text. rich's own take four seconds for a thousand rows; a checkpoint has tens of thousands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click

from .output import glyph, printable

GAP = "  "


@dataclass(frozen=True)
class Column:
    """A column. `shrink`: its text may be shortened in the middle. `drop`: on a narrow screen columns are
    left out by this rank, the highest first; 0 stays.
    """

    title: str
    right: bool = True
    shrink: bool = False
    drop: int = 0


@dataclass(frozen=True)
class Table:
    """Rows of text under columns, and a last row apart from them. One column at most shrinks."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    footer: Sequence[str] | None = None

    def render(self, width: int | None, least: int = 32) -> tuple[str, list[str]]:
        """The text, its lines of at most `width` cells where that can be, and the titles of columns left out.

        `least`: cells that the column that shrinks keeps while others are left out for it.
        """
        rows = [[printable(cell) for cell in row] for row in self.rows]
        footer = [list(self.footer)] if self.footer else []
        titles = [column.title for column in self.columns]
        widths = [max(map(cells, column)) for column in zip(titles, *rows, *footer, strict=True)]
        shown = self._fit(widths, width, least)
        lines = [click.style(self._line(titles, shown, widths), bold=True)]
        lines += [self._line(row, shown, widths) for row in rows]
        if footer:
            rule = glyph("─", "-") * (sum(widths[at] + len(GAP) for at in shown) - len(GAP))
            lines += [rule, self._line(footer[0], shown, widths)]
        return "\n".join(lines), [title for at, title in enumerate(titles) if at not in shown]

    def _fit(self, widths: list[int], width: int | None, least: int) -> list[int]:
        """Numbers of the columns that stay; the width of the one that shrinks is set."""
        shown = list(range(len(self.columns)))
        if width is None:
            return shown
        flexible = next((at for at in shown if self.columns[at].shrink), None)
        floor = 0 if flexible is None else min(widths[flexible], least)
        while True:
            fixed = sum(widths[at] for at in shown if at != flexible) + len(GAP) * (len(shown) - 1)
            droppable = [at for at in shown if self.columns[at].drop]
            if fixed + floor <= width or not droppable:
                break
            shown.remove(max(droppable, key=lambda at: self.columns[at].drop))
        if flexible is not None:
            widths[flexible] = min(widths[flexible], max(width - fixed, 8))
        return shown

    def _line(self, row: Sequence[str], shown: list[int], widths: list[int]) -> str:
        parts = []
        for at in shown:
            text = shortened(row[at], widths[at]) if self.columns[at].shrink else row[at]
            space = " " * (widths[at] - cells(text))
            parts.append(space + text if self.columns[at].right else text + space)
        return GAP.join(parts).rstrip()


def cells(text: str) -> int:
    """Columns of the screen that a text takes: Chinese characters, for one, take two each."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def shortened(text: str, width: int) -> str:
    """The text in at most `width` cells, its middle left out: names of tensors differ at both ends."""
    if cells(text) <= width:
        return text
    dots = glyph("…", "..")
    for keep in range(max(width - len(dots), 0), 0, -1):
        head = -(-keep * 3 // 5)
        short = text[:head] + dots + text[len(text) - (keep - head) :]
        if cells(short) <= width:
            return short
    return dots
