"""From any file of tensors to a pruned one, without the model's code."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from .errors import ConfigError, PruningError, SourceError
from .pack import (
    PackReport,
    Progress,
    QuantizedReport,
    pack_source,
    packed_bytes,
    quantizer_of,
    refuse_same_file,
    report_progress,
)
from .sinks import EXTENSIONS, write_tensors
from .size_ledger import SizeLedger, sizes_without_coding
from .sources import open_source

if TYPE_CHECKING:
    from .planning.policy import Policy
    from .pruned_source import PrunedLayer, PrunedSource
    from .pruning.methods import Method
    from .pruning.scope import Scope
    from .quantize import Quantizer


@dataclass(frozen=True)
class PruneReport:
    """What was pruned. weights and kept: of `layers`, the tensors that were pruned; tensors: of the whole file,
    tied ones included. dense_bytes: of the whole file, without tied ones. target: the sparsity asked for, or
    found for a size; None where the method decides, or the layers have their own. quantized: the tensors that are
    stored quantized. ledger: the sizes after each stage, if they were asked for.
    """

    layers: list[PrunedLayer]
    tensors: int
    dense_bytes: int
    written_bytes: int
    target: float | None
    notes: list[str]
    seconds: float
    verified: bool = False
    quantized: list[QuantizedReport] = field(default_factory=list)
    ledger: SizeLedger | None = None
    weights: int = field(init=False)
    kept: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", sum(layer.weights for layer in self.layers))
        object.__setattr__(self, "kept", sum(layer.kept for layer in self.layers))

    @property
    def sparsity(self) -> float:
        """Share of zeros among the pruned tensors."""
        return 1 - self.kept / self.weights if self.weights else 0.0


def prune(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    sparsity: float | Mapping[str, float] | None = None,
    *,
    max_bytes: int | None = None,
    method: Method | None = None,
    scope: str = "layer",
    names: Scope | None = None,
    quantize: str | Mapping[str, str | None] | None = None,
    ledger: bool = False,
    key: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    policy: Policy | None = None,
    verify: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PruneReport:
    """Prune the tensors of `src` (see sources.open_source) at once, without retraining, and write `dst`: .spf,
    .pt, .pth, .bin, .safetensors or .npz, as its name says. With `quantize` an .spf file holds them quantized too:
    Deep Compression's pipeline (arXiv 1510.00149, figure 1) but for its training.

    sparsity: share of zeros of each tensor, or with scope "global" of all together; or a mapping from patterns
    (patterns.fits) to shares, such as {"@conv": 0.6, "*": 0.9}: the first that fits a tensor counts, and what none
    fits is left alone. max_bytes: instead, the least sparsity at which the .spf file is no larger. names: which tensors
    (Scope: rank 2 or more, neither embeddings nor output layers). quantize: as in `pack`, of all tensors, pruned or
    not. ledger: measure the sizes after each stage as well, by files beside `dst` that are removed again. What was
    done is in the metadata. policy, verify: as in `pack`, for .spf.

    Raises PruningError, ConfigError, SourceError, MissingExtraError, OSError; `dst` is then as it was before.
    """
    started = time.perf_counter()
    refuse_same_file(src, dst)
    packs = _check(dst, sparsity, max_bytes, quantize is not None or ledger)
    quantizer = quantizer_of(quantize)
    from .pruned_source import PrunedSource  # only here: it imports torch

    with open_source(src, key=key) as inner:
        source = PrunedSource(inner, method, scope, names)
        if max_bytes is None:
            source.aim(sparsity)
            _refuse_signs(source, quantizer)
        else:
            _refuse_signs(source, quantizer)
            _aim_at_size(source, max_bytes, policy, metadata, threads, progress, quantizer)
        if packs:
            folder = os.path.dirname(os.path.abspath(dst))
            stages = sizes_without_coding(source, folder, quantizer, metadata, threads, progress) if ledger else {}
            report = pack_source(source, dst, policy, metadata, verify, threads, progress, quantizer)
        else:
            stages, report = {}, _write(source, dst, metadata, progress)
        return _report(source, report, stages, time.perf_counter() - started)


def _report(source: PrunedSource, written: PackReport, stages: dict[str, int], seconds: float) -> PruneReport:
    """stages: the sizes of those before the last, none if they were not measured."""
    last = "P+Q+H" if "P+Q" in stages else "P+H"
    return PruneReport(
        layers=[source.layers[name] for name in source.pruned],
        tensors=written.tensors,
        dense_bytes=written.dense_bytes,
        written_bytes=written.stored_bytes,
        target=None if isinstance(source.sparsity, dict) else source.sparsity,
        notes=written.notes,
        seconds=seconds,
        verified=written.verified,
        quantized=written.quantized,
        ledger=SizeLedger(written.dense_bytes, {**stages, last: written.stored_bytes}) if stages else None,
    )


def _refuse_signs(source: PrunedSource, quantizer: Quantizer | None) -> None:
    """Raises ConfigError when tensors would be pruned and then lose their zeros to signs."""
    for name in source.pruned:
        recipe = None if quantizer is None else quantizer.recipe(name, *source.spec(name))
        if recipe is not None and not recipe.keeps_zeros:
            ternary = "codebook:1, two values and zero"
            raise ConfigError(f"binary weights of a pruned tensor, {name!r}", expected=ternary, found=recipe.text)


def _check(dst: str | os.PathLike[str], sparsity: object, max_bytes: int | None, quantizes_or_measures: bool) -> bool:
    """Whether `dst` is to be an .spf file; else it is of a kind that write_tensors writes."""
    extension = os.path.splitext(os.fspath(dst))[1].lower()
    packs = extension == ".spf"
    if not packs and extension not in EXTENSIONS:
        raise SourceError(f"{os.fspath(dst)}: the name must end in one of .spf, {', '.join(EXTENSIONS)}")
    if max_bytes is not None and sparsity is not None:
        raise PruningError("either a sparsity or a size, not both")
    if max_bytes is not None and not packs:
        raise PruningError("a size needs an .spf file: in others zeros take as much room as numbers")
    if quantizes_or_measures and not packs:
        raise ConfigError("to quantize, and to measure stages", expected="an .spf file", found=os.fspath(dst))
    return packs


def _aim_at_size(
    source: PrunedSource,
    max_bytes: int,
    policy: Policy | None,
    metadata: Mapping[str, Any] | None,
    threads: int | None,
    progress: Progress | None,
    quantizer: Quantizer | None,
) -> None:
    """Aim at the least sparsity whose file, metadata included, is at most `max_bytes`."""
    from .pruning.budget import sparsity_for_size

    def size_of(sparsity: float) -> int:
        source.aim(sparsity)
        return packed_bytes(source, policy, metadata, threads, progress, quantizer)

    source.aim(sparsity_for_size(size_of, max_bytes))


def _write(
    source: PrunedSource, dst: str | os.PathLike[str], metadata: Mapping[str, Any] | None, progress: Progress | None
) -> PackReport:
    """Write dense."""
    started = time.perf_counter()
    ties = source.ties()
    names = [name for name in source.names() if name not in ties]
    sizes = {name: prod(source.spec(name)[1]) * source.spec(name)[0].itemsize for name in names}
    tensors, done, total = {}, 0, sum(sizes.values())
    for name in names:
        tensors[name] = source.read(name)
        done += sizes[name]
        report_progress(progress, "pruning", done, total)
    notes = [*source.notes, *write_tensors(dst, tensors, ties, {**source.metadata, **(metadata or {})})]
    seconds = time.perf_counter() - started
    return PackReport(len(source.names()), total, os.path.getsize(dst), notes, seconds, verified=False)
