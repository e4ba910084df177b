"""The bytes of a model's file after each stage of Deep Compression: pruned (P), quantized (Q), entropy coded (H)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from .errors import ConfigError, MissingExtraError, SourceError
from .pack import Progress, pack_source
from .planning.policy import Policy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .quantize import Quantizer
    from .sources import Source

PICTURES = (".svg", ".png", ".pdf")


@dataclass(frozen=True)
class SizeLedger:
    """What is left of a model, as figure 1 of Deep Compression (arXiv 1510.00149) has it.

    dense_bytes: of the tensors before, tied ones once and without any container. stages: name -> bytes of a whole .spf
    file. "P": pruned tensors, and no entropy coding (Policy.fast): values raw, unless they are few already, their
    positions as a bit mask or as bit-packed gaps, whichever is smaller for each tensor. "P+Q": the same with quantized
    values as bit-packed codes, codebooks and scales. "P+Q+H": as the file is written, positions and codes entropy
    coded; "P+H" where nothing is quantized.
    """

    dense_bytes: int
    stages: dict[str, int]

    def ratios(self) -> dict[str, float]:
        """Dense bytes per byte of the file, by stage."""
        return {stage: self.dense_bytes / size for stage, size in self.stages.items()}

    def draw(self, path: str | os.PathLike[str]) -> None:
        """A picture of the stages, .svg, .png or .pdf; of equal ledgers the same. Raises MissingExtraError without
        matplotlib.
        """
        figure = self.figure()
        from matplotlib import rc_context

        with rc_context({"svg.hashsalt": "spformat", "svg.fonttype": "none"}):
            dateless: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
            figure.savefig(path, metadata=dateless.get(Path(path).suffix.lower()))

    def figure(self) -> Figure:
        """The same as a figure of matplotlib: a bar for each stage, as a share of the dense bytes."""
        figure_type = _figure_type()
        if not self.dense_bytes:
            raise ConfigError("a picture of nothing", expected="dense bytes", found=0)
        from .sources.wording import human_bytes

        sizes = {"dense": self.dense_bytes, **self.stages}
        shares = [100 * size / self.dense_bytes for size in sizes.values()]
        texts = [f"{human_bytes(size)}, {self.dense_bytes / size:.1f}x" for size in sizes.values()]
        figure = figure_type(figsize=(7, 0.7 + 0.5 * len(sizes)), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh(list(sizes), shares, height=0.6, color=["silver", *(f"C{at}" for at in range(len(texts) - 1))])
        axes.bar_label(bars, texts, padding=4)
        axes.invert_yaxis()
        axes.set(xlim=(0, 125), xticks=range(0, 101, 20), xlabel="% of the dense bytes")
        axes.spines[["top", "right"]].set_visible(False)
        return figure


def check_picture(path: str | os.PathLike[str]) -> None:
    """Raises SourceError when the folder of a picture is not there, MissingExtraError without matplotlib."""
    folder = Path(path).parent
    if not folder.is_dir():
        raise SourceError(f"{os.fspath(path)}: no such folder: {folder}")
    _figure_type()


def _figure_type() -> type[Figure]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib is needed to draw: pip install spformat[plot]") from error
    figure: type[Figure] = Figure
    return figure


def sizes_without_coding(
    source: Source,
    folder: str | os.PathLike[str],
    quantizer: Quantizer | None,
    metadata: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, int]:
    """The stages of a SizeLedger before the last one, of a source whose tensors appear pruned.

    Each is the size of a file that is written into `folder` and removed again.
    """
    sizes = {}
    with TemporaryDirectory(prefix=".spformat-", dir=folder) as temporary:
        path = os.path.join(temporary, "stage.spf")
        for stage, how in {"P": None, "P+Q": quantizer}.items():
            if stage == "P" or how is not None:
                report = pack_source(source, path, Policy(fast=True), metadata, False, threads, progress, how)
                sizes[stage] = report.stored_bytes
    return sizes
