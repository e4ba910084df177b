"""The results as a picture: ratio against decode speed, a panel for each input."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from tools.bench.results import Input, Results

_COLUMNS = 4
_PANEL_INCHES = 3.4
_MARKERS = "osD^v<>pPXhH*d8"


def draw(results: Results, path: Path) -> None:
    """Writes a picture of the panels; the kind follows from the name's ending (.png, .svg)."""
    style = _styles(results)
    columns = min(_COLUMNS, len(results.inputs))
    rows = -(-len(results.inputs) // columns)
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(columns * _PANEL_INCHES, rows * _PANEL_INCHES + 1.2),
        squeeze=False,
        layout="constrained",
    )
    for axes, described in zip(grid.flat, results.inputs, strict=False):
        _panel(axes, described, results, style)
    for axes in grid.flat[len(results.inputs) :]:
        axes.set_axis_off()
    handles = {
        label: handle for axes in grid.flat for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=min(columns + 1, 4), frameon=False
    )
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _panel(axes: Axes, described: Input, results: Results, style: dict[str, dict[str, object]]) -> None:
    for row in results.rows:
        if row.input == described.name and not row.error:
            axes.plot(row.fastest.decode_gb_per_s, row.ratio, linestyle="", label=row.rival, **style[row.rival])
    axes.axvline(
        described.memset_gb_per_s[-1], color="0.6", linestyle="--", linewidth=1, label="memset of fresh memory"
    )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(0.1)
    axes.set_title(described.name, fontsize=10)
    axes.set_xlabel(f"decode, dense GB/s, {described.threads[-1]} threads", fontsize=8)
    axes.set_ylabel("dense bytes / stored bytes", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(True, color="0.92")
    axes.set_ylim(bottom=0)


def _styles(results: Results) -> dict[str, dict[str, object]]:
    """The same colour and marker for a rival in all panels; ours larger, in one colour."""
    names = sorted({row.rival for row in results.rows}, key=lambda name: (not name.startswith("spformat"), name))
    others = [name for name in names if not name.startswith("spformat")]
    styles: dict[str, dict[str, object]] = {}
    for name in names:
        if name in others:
            number = others.index(name)
            styles[name] = {
                "marker": _MARKERS[1 + number % (len(_MARKERS) - 1)],
                "color": plt.get_cmap("tab20")(number % 20),
                "markersize": 6,
            }
        else:
            filled = name == "spformat"
            styles[name] = {
                "marker": _MARKERS[0],
                "color": "black",
                "markersize": 10 if filled else 8,
                "markerfacecolor": "black" if filled else "white",
                "zorder": 3,
            }
    return styles
