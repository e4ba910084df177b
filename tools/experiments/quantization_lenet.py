"""LeNet-300-100 on digits: pruning and weight sharing, alone and together, and what each stage takes."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import torch
from torch import nn

from spformat.quantization import StageBits, fidelity, quantize_codebook, stage_bits
from spformat.quantization.training import share_weights, shared_weights
from tools.experiments.quantization_common import (
    PRUNING_EPOCHS,
    PRUNING_RATE,
    Split,
    accuracy,
    dense_model,
    digits,
    linears,
    pruned_models,
    train,
)

DENSITIES = (0.4, 0.18, 0.08, 0.055, 0.04, 0.03, 0.02, 0.01)
PAPERS_DENSITY = 0.08  # of the first layer; the others follow, as in table 2: 8, 9, 26 %
BITS = (1, 2, 3, 4, 5, 6, 7, 8)
WAYS = {
    "linear": {"init": "linear"},
    "density": {"init": "density"},
    "random": {"init": "random"},
    "optimal": {"method": "optimal"},
}
VALUE_BITS = INDEX_BITS = 5
TUNING_EPOCHS, TUNING_RATE = 3, 3e-4


@dataclass(frozen=True)
class Point:
    """One model of one seed: its size as a share of the dense weights, and its accuracy in per cent."""

    seed: int
    method: str
    setting: float
    size: float
    accuracy: float


@dataclass(frozen=True)
class Codebooks:
    """One way to find centroids on the pruned model: signal-to-noise ratio, accuracies before and after tuning."""

    seed: int
    way: str
    bits: int
    snr_db: float
    accuracy: float
    tuned_accuracy: float


@dataclass(frozen=True)
class Stages:
    """The model at the paper's densities: accuracies, and the ledger of each layer and of all."""

    seed: int
    dense: float
    dense_trained_on: float
    pruned: float
    quantized: float
    layers: tuple[StageBits, ...]
    total: StageBits


def shares(density: float) -> tuple[float, float, float]:
    """Densities of the three layers, from that of the first."""
    return density, 1.125 * density, max(density, 0.26)


def run(seed: int) -> tuple[list[Point], list[Codebooks], Stages]:
    """All of one seed."""
    split = digits(seed)
    dense = dense_model(seed, split)
    points = [Point(seed, "dense", 1.0, 1.0, accuracy(dense, split))]
    points += [_quantized_alone(seed, dense, split, bits) for bits in BITS]
    pruned = dict(zip(DENSITIES, pruned_models(dense, split, [shares(d) for d in DENSITIES]), strict=True))
    for density, model in pruned.items():
        weights = [layer.weight.detach().numpy() for layer in linears(model)]
        size = sum(np.count_nonzero(w) for w in weights) / sum(w.size for w in weights)
        points.append(Point(seed, "pruning", density, float(size), accuracy(model, split)))
        points.append(_both(seed, model, split, density))
    at_papers = pruned[PAPERS_DENSITY]
    return points, _codebooks(seed, at_papers, split), _stages(seed, dense, at_papers, split)


def quantized(model: nn.Sequential, bits: int, **how: str) -> nn.Sequential:
    """A copy whose linear layers share weights."""
    model = copy.deepcopy(model)
    for layer in linears(model):
        share_weights(layer, quantize_codebook(layer.weight.detach().numpy(), bits, **how))  # type: ignore[arg-type]
    return model


def tune(model: nn.Sequential, split: Split, epochs: int = TUNING_EPOCHS) -> float:
    """Fine-tune centroids (and biases); accuracy afterwards."""
    train(model, split, epochs, TUNING_RATE)
    return accuracy(model, split)


def ledgers(model: nn.Sequential) -> tuple[StageBits, ...]:
    """The ledger of each layer, at fixed widths."""
    stored = [shared_weights(layer).compact() for layer in linears(model)]
    return tuple(stage_bits(tensor, INDEX_BITS, value_bits=max(VALUE_BITS, tensor.bits)) for tensor in stored)


def _quantized_alone(seed: int, dense: nn.Sequential, split: Split, bits: int) -> Point:
    model = quantized(dense, bits, zeros="clustered")
    sizes = [layer.weight.numel() for layer in linears(model)]
    size = sum(n * bits + 32 * 2**bits for n in sizes) / (32 * sum(sizes))
    return Point(seed, "quantization", bits, size, tune(model, split))


def _both(seed: int, pruned: nn.Sequential, split: Split, density: float) -> Point:
    model = quantized(pruned, VALUE_BITS)
    reached = tune(model, split)
    total = reduce(add, ledgers(model))
    return Point(seed, "both", density, total.quantized / total.dense, reached)


def _codebooks(seed: int, pruned: nn.Sequential, split: Split) -> list[Codebooks]:
    out = []
    for way, how in WAYS.items():
        for bits in BITS[1:]:
            model = quantized(pruned, bits, **how)
            before = np.concatenate([layer.weight.detach().numpy().ravel() for layer in linears(pruned)])
            after = np.concatenate([layer.weight.detach().numpy().ravel() for layer in linears(model)])
            snr = fidelity(before, after).snr_db
            out.append(Codebooks(seed, way, bits, snr, accuracy(model, split), tune(model, split, 1)))
    return out


def _stages(seed: int, dense: nn.Sequential, pruned: nn.Sequential, split: Split) -> Stages:
    """dense_trained_on: the dense model after as many further epochs as the pruned one had, at the same rates."""
    on = copy.deepcopy(dense)
    torch.manual_seed(seed)
    for _ in range(DENSITIES.index(PAPERS_DENSITY) + 1):
        train(on, split, PRUNING_EPOCHS, PRUNING_RATE)
    train(on, split, TUNING_EPOCHS, TUNING_RATE)
    model = quantized(pruned, VALUE_BITS)
    reached = tune(model, split)
    layers = ledgers(model)
    return Stages(
        seed, accuracy(dense, split), accuracy(on, split), accuracy(pruned, split), reached, layers, reduce(add, layers)
    )
