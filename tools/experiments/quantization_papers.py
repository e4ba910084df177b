"""The compression tables of Deep Compression, computed from its shapes, densities and bits.

Three sizes for each layer, as shares of the dense float32 layer:
- P+Q: entries of fixed width, expected fillers of an independent mask, codebook;
- P+Q+H at the paper's own coded bits, on the same entries;
- the order-0 bound at the paper's value bits: H(density) + density * value bits, and the codebook. It has no fillers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spformat.quantization import binary_entropy, index_code_counts
from tools.experiments.quantization_tables import NETWORKS, Network, Row


@dataclass(frozen=True)
class LayerResult:
    """Computed and printed sizes of a layer, as shares of the dense one; expansion: entries for each nonzero."""

    network: str
    layer: str
    weights: int
    density: float
    expansion: float
    expansion_counted: float
    quantized: float
    quantized_printed: float
    coded: float
    coded_printed: float
    bound: float

    @property
    def deviation(self) -> float:
        """Of the computed P+Q size from the printed one, relative."""
        return self.quantized / self.quantized_printed - 1


@dataclass(frozen=True)
class NetworkResult:
    """The weighted rows of a network, and what table 1 prints."""

    network: str
    quantized: float
    quantized_printed: float
    coded: float
    coded_printed: float
    bound: float


def compute() -> tuple[list[LayerResult], list[NetworkResult]]:
    """All tables."""
    layers = [_layer(network, row) for network in NETWORKS for row in network.rows]
    return layers, [_total(network, [row for row in layers if row.network == network.name]) for network in NETWORKS]


def _layer(network: Network, row: Row) -> LayerResult:
    plan = row.plan
    codebook = (1 << plan.value_bits) / plan.weights
    return LayerResult(
        network=network.name,
        layer=row.name,
        weights=plan.weights,
        density=plan.density,
        expansion=plan.expansion,
        expansion_counted=_counted(row),
        quantized=plan.rate(),
        quantized_printed=row.quantized,
        coded=plan.rate(row.coded_value_bits, row.coded_index_bits),
        coded_printed=row.coded,
        bound=(binary_entropy(plan.density) + plan.density * row.coded_value_bits) / 32 + codebook,
    )


def _counted(row: Row, most: int = 4_000_000) -> float:
    """The same expansion counted on one random mask, of at most some million weights."""
    mask = np.random.default_rng(row.plan.weights).random(min(row.plan.weights, most)) < row.plan.density
    return float(index_code_counts(mask, row.plan.index_bits).sum() / mask.sum())


def _total(network: Network, rows: list[LayerResult]) -> NetworkResult:
    weights = np.array([row.weights for row in rows], np.float64)
    quantized, coded, bound = (
        float(np.average([getattr(row, name) for row in rows], weights=weights))
        for name in ("quantized", "coded", "bound")
    )
    return NetworkResult(network.name, quantized, network.quantized, coded, network.coded, bound)
