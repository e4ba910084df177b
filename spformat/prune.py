"""From any file of tensors to a pruned one, without the model's code."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from .errors import PruningError, SourceError
from .pack import Progress, pack_source, packed_bytes, refuse_same_file, report_progress
from .sinks import EXTENSIONS, write_tensors
from .sources import open_source

if TYPE_CHECKING:
    from .planning.policy import Policy
    from .pruned_source import PrunedLayer, PrunedSource
    from .pruning.methods import Method
    from .pruning.scope import Scope


@dataclass(frozen=True)
class PruneReport:
    """What was pruned. weights and kept: of `layers`, the tensors that were pruned; tensors: of the whole file,
    tied ones included. dense_bytes: of the whole file, without tied ones. target: the sparsity asked for, or
    found for a size; None where the method decides.
    """

    layers: list[PrunedLayer]
    tensors: int
    dense_bytes: int
    written_bytes: int
    target: float | None
    notes: list[str]
    seconds: float
    verified: bool = False
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
    sparsity: float | None = None,
    *,
    max_bytes: int | None = None,
    method: Method | None = None,
    scope: str = "layer",
    names: Scope | None = None,
    key: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    policy: Policy | None = None,
    verify: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PruneReport:
    """Prune the tensors of `src` (see sources.open_source) at once, without retraining, and write `dst`: .spf,
    .pt, .pth, .bin, .safetensors or .npz, as its name says.

    sparsity: share of zeros of each tensor, or with scope "global" of all together. max_bytes: instead, the
    least sparsity at which the .spf file is no larger. names: which tensors (Scope: rank 2 or more, neither
    embeddings nor output layers). What was done is in the metadata. policy, verify: as in `pack`, for .spf.
    Raises PruningError, SourceError, MissingExtraError, OSError; `dst` is then as it was before.
    """
    started = time.perf_counter()
    refuse_same_file(src, dst)
    packs = _check(dst, sparsity, max_bytes)
    from .pruned_source import PrunedSource  # only here: it imports torch

    with open_source(src, key=key) as inner:
        source = PrunedSource(inner, method, scope, names)
        if max_bytes is None:
            source.aim(sparsity)
        else:
            _aim_at_size(source, max_bytes, policy, threads, progress)
        if packs:
            report = pack_source(source, dst, policy, metadata, verify, threads, progress)
            notes, dense, written = report.notes, report.dense_bytes, report.stored_bytes
        else:
            notes, dense, written = _write(source, dst, metadata, progress)
        return PruneReport(
            layers=[source.layers[name] for name in source.pruned],
            tensors=len(source.names()),
            dense_bytes=dense,
            written_bytes=written,
            target=source.sparsity,
            notes=notes,
            seconds=time.perf_counter() - started,
            verified=packs and verify,
        )


def _check(dst: str | os.PathLike[str], sparsity: float | None, max_bytes: int | None) -> bool:
    """Whether `dst` is to be an .spf file; else it is of a kind that write_tensors writes."""
    extension = os.path.splitext(os.fspath(dst))[1].lower()
    packs = extension == ".spf"
    if not packs and extension not in EXTENSIONS:
        raise SourceError(f"{os.fspath(dst)}: the name must end in one of .spf, {', '.join(EXTENSIONS)}")
    if max_bytes is not None and sparsity is not None:
        raise PruningError("either a sparsity or a size, not both")
    if max_bytes is not None and not packs:
        raise PruningError("a size needs an .spf file: in others zeros take as much room as numbers")
    return packs


def _aim_at_size(
    source: PrunedSource, max_bytes: int, policy: Policy | None, threads: int | None, progress: Progress | None
) -> None:
    """Aim at the least sparsity whose file, metadata included, is at most `max_bytes`."""
    from .pruning.budget import sparsity_for_size

    def size_of(sparsity: float) -> int:
        source.aim(sparsity)
        return packed_bytes(source, policy, threads, progress)

    source.aim(sparsity_for_size(size_of, max_bytes))


def _write(
    source: PrunedSource, dst: str | os.PathLike[str], metadata: Mapping[str, Any] | None, progress: Progress | None
) -> tuple[list[str], int, int]:
    """Write dense; returns notes, dense bytes and bytes of the file."""
    ties = source.ties()
    names = [name for name in source.names() if name not in ties]
    sizes = {name: prod(source.spec(name)[1]) * source.spec(name)[0].itemsize for name in names}
    tensors, done, total = {}, 0, sum(sizes.values())
    for name in names:
        tensors[name] = source.read(name)
        done += sizes[name]
        report_progress(progress, "pruning", done, total)
    notes = write_tensors(dst, tensors, ties, {**source.metadata, **(metadata or {})})
    return [*source.notes, *notes], total, os.path.getsize(dst)
