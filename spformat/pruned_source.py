"""A source some of whose tensors appear pruned. Importing this imports torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from numpy.typing import NDArray

from .dtypes import DType
from .errors import PruningError
from .patterns import check, first_that_fits
from .pruning import provenance
from .pruning.masks import LAYER, Plan, plan
from .pruning.methods import Fixed, Magnitude, Method
from .pruning.schedules import OneShot
from .pruning.scope import Scope
from .sources import Source
from .sources.wording import listing
from .torch_arrays import to_tensor, torch


@dataclass(frozen=True)
class PrunedLayer:
    """One tensor that was pruned. kept: its nonzeros afterwards. target: the sparsity asked of it; None where it
    is one for all tensors together, or the method decides.
    """

    name: str
    shape: list[int]
    weights: int
    kept: int
    target: float | None

    @property
    def sparsity(self) -> float:
        """Share of zeros."""
        return 1 - self.kept / self.weights if self.weights else 0.0


class PrunedSource(Source):
    """A source some of whose tensors appear pruned; `aim` says how far. Tied tensors are pruned as one, and only
    when every name of theirs is in the scope.
    """

    def __init__(self, inner: Source, method: Method | None, scope: str, names: Scope | None) -> None:
        super().__init__()
        self._inner = inner
        self._method, self._scope = method or Magnitude(), scope
        self._plan: Plan | None = None
        self.metadata = dict(inner.metadata)
        self.pruned = _chosen(inner, names or Scope())
        self.notes = [*inner.notes, *_spared(inner, names or Scope())]
        self.sparsity: float | dict[str, float] | None = None
        self.layers: dict[str, PrunedLayer] = {}

    def aim(self, sparsity: float | Mapping[str, float] | None) -> None:
        """Prune to this sparsity from now on; None where the method decides. Of a mapping from patterns (patterns.fits)
        the first that fits a tensor counts, and tensors that none fits are left alone.
        """
        if isinstance(sparsity, Mapping):
            sparsity = self._by_name(sparsity)
            self.pruned = list(sparsity)
        lazily = _Tensors(self._inner, self.pruned)
        self._plan = plan(lazily, sparsity, self._method, self._scope)
        if not isinstance(self._method, Fixed) and sparsity is None:
            raise PruningError(f"the method {self._method.name} needs a sparsity")
        self.sparsity, self.layers = sparsity, {}

    def _by_name(self, asked: Mapping[str, float]) -> dict[str, float]:
        rules = [(check(pattern), sparsity) for pattern, sparsity in asked.items()]
        found = {name: first_that_fits(rules, name, len(self.spec(name)[1])) for name in self.pruned}
        wanted = {name: sparsity for name, sparsity in found.items() if sparsity is not None}
        if not wanted:
            raise PruningError(f"nothing to prune: no tensor that may be pruned fits {', '.join(asked)}")
        ranks = {name: len(self.spec(name)[1]) for name in self.pruned}
        used = {first_that_fits([(pattern, pattern) for pattern in asked], name, ranks[name]) for name in ranks}
        unused = [repr(pattern) for pattern in asked if pattern not in used]
        self.notes += [f"no tensor was pruned by {', '.join(unused)}"] if unused else []
        return wanted

    def names(self) -> list[str]:
        return self._inner.names()

    def ties(self) -> dict[str, str]:
        return self._inner.ties()

    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:
        return self._inner.spec(name)

    def read(self, name: str) -> tuple[NDArray[Any], DType]:
        array, dtype = self._inner.read(name)
        if name not in self.pruned or self._plan is None:
            return array, dtype
        mask = self._plan.mask(name, to_tensor(array, dtype))
        patterns = array.view(dtype.bits)
        patterns[~mask.numpy()] = 0
        self._count(name, to_tensor(array, dtype))
        return array, dtype

    def _count(self, name: str, tensor: torch.Tensor) -> None:
        """Note what is left of a tensor; after the last, the metadata says what was done."""
        alone = self._scope == LAYER and not isinstance(self._method, Fixed)
        kept = int(torch.count_nonzero(tensor if tensor.element_size() > 1 else tensor.float()))
        target = self._plan.target(name) if alone and self._plan else None
        self.layers[name] = PrunedLayer(name, list(tensor.shape), tensor.numel(), kept, target)
        if len(self.layers) < len(self.pruned):
            return
        counts = {layer.name: (layer.weights, layer.kept) for layer in self.layers.values()}
        once = {"name": OneShot.name}
        if self.sparsity is not None and not isinstance(self.sparsity, dict):  # else each layer has its own
            once = OneShot(self.sparsity).describe()
        self.metadata.update(provenance.from_counts(counts, self._method, self._scope, self.sparsity, once))


class _Tensors(Mapping[str, torch.Tensor]):
    """Tensors of a source by name, each read when it is asked for."""

    def __init__(self, source: Source, names: list[str]) -> None:
        self._source, self._names = source, names

    def __getitem__(self, name: str) -> torch.Tensor:
        return to_tensor(*self._source.read(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _chosen(source: Source, scope: Scope) -> list[str]:
    """The tensors to prune, in order. Raises PruningError for patterns without a tensor, and for no tensor."""
    names, ties = source.names(), source.ties()
    unused = scope.unused(names)
    if unused:
        raise PruningError(f"no tensor is named like {', '.join(map(repr, unused))}")
    specs = {name: source.spec(name) for name in names}
    taken = {name for name, (dtype, shape) in specs.items() if dtype.is_float and scope.takes(name, len(shape))}
    spared = {ties[name] for name in ties if name not in taken}
    chosen = [name for name in names if name in taken and name not in ties and name not in spared]
    if not chosen:
        raise PruningError("nothing to prune: no floating point tensor is in the scope")
    return chosen


def _spared(source: Source, scope: Scope) -> list[str]:
    """A note on what only its name saves: VGG's classifier is nine tenths of the network."""
    specs = {name: source.spec(name) for name in source.names()}
    spared = [name for name, (dtype, shape) in specs.items() if dtype.is_float and scope.spares(name, len(shape))]
    weights = sum(prod(specs[name][1]) for name in spared)
    text = f"left alone, by their names embeddings or output layers: {listing(spared)} ({weights:,} weights)"
    return [f"{text}; --include takes them in"] if spared else []
