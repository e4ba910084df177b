"""A small convolutional network on digits with binary weights, binary activations and int8, against floats."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from spformat.quantization import AffineScheme
from spformat.quantization.training import (
    BinaryActivation,
    TrainingScheme,
    XnorLayer,
    binary_connect,
    binary_net,
    constrain,
    fake_quantized,
    fold_batch_norms,
    to_integers,
    xnor_net,
)
from tools.experiments.quantization_common import Split, accuracy, per_cent, small_digits, train

EPOCHS = 30
WEIGHTS = (72, 1_152, 4_608, 1_280)  # conv1, conv2, conv3, fc


@dataclass(frozen=True)
class NetResult:
    """One way to compute: accuracy in per cent, and bits for each weight on average (scales not counted)."""

    seed: int
    way: str
    bits_per_weight: float
    accuracy: float


def layers() -> tuple[nn.Conv2d, nn.Conv2d, nn.Conv2d, nn.Linear]:
    """1 x 8 x 8 -> 8 x 8 x 8 -> 16 x 4 x 4 -> 32 x 2 x 2 -> 10."""
    return (
        nn.Conv2d(1, 8, 3, padding=1),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.Linear(128, 10),
    )


def chain(activation: Callable[[], nn.Module], binarize: Callable[[nn.Module], None] = lambda _: None) -> nn.Sequential:
    """Layer, BatchNorm, activation, three times, and a linear layer; every layer binarized."""
    one, two, three, last = layers()
    for layer in (one, two, three, last):
        binarize(layer)
    return nn.Sequential(
        *(one, nn.BatchNorm2d(8), activation()),
        *(two, nn.BatchNorm2d(16), activation()),
        *(three, nn.BatchNorm2d(32), activation()),
        *(nn.Flatten(), last),
    )


def binary_net_chain() -> nn.Sequential:
    """All weights and activations binary, the input real, a BatchNorm to scale the sums of the last layer."""
    return nn.Sequential(*chain(BinaryActivation, binary_net), nn.BatchNorm1d(10))


def binary_connect_chain(stochastic: bool) -> nn.Sequential:
    """All weights binary, ReLU between, a BatchNorm to scale the sums of the last layer."""
    return nn.Sequential(
        *chain(nn.ReLU, lambda layer: binary_connect(layer, scale="glorot", stochastic=stochastic)), nn.BatchNorm1d(10)
    )


def xnor_chain(activations: bool) -> nn.Sequential:
    """First and last layer real; between them BatchNorm, sign with scale, binary convolution (or weights only)."""
    one, two, three, last = layers()
    for layer in (two, three):
        xnor_net(layer)
    if not activations:
        norms = (nn.BatchNorm2d(8), nn.BatchNorm2d(16), nn.BatchNorm2d(32))
        middle = [one, norms[0], nn.ReLU(), two, norms[1], nn.ReLU(), three, norms[2], nn.ReLU()]
    else:
        middle = [one, nn.BatchNorm2d(8), XnorLayer(two), nn.BatchNorm2d(16), XnorLayer(three), nn.BatchNorm2d(32)]
        middle.append(nn.ReLU())
    return nn.Sequential(*middle, nn.Flatten(), last)


MIDDLE_BINARY = (32 * (WEIGHTS[0] + WEIGHTS[3]) + WEIGHTS[1] + WEIGHTS[2]) / sum(WEIGHTS)
STOCHASTIC = "BinaryConnect, stochastic"
BINARY: dict[str, tuple[Callable[[], nn.Sequential], float]] = {
    "BinaryConnect, deterministic": (lambda: binary_connect_chain(False), 1.0),
    STOCHASTIC: (lambda: binary_connect_chain(True), 1.0),
    "BNN": (binary_net_chain, 1.0),
    "BWN (XNOR-Net's weights, real activations)": (lambda: xnor_chain(False), MIDDLE_BINARY),
    "XNOR-Net": (lambda: xnor_chain(True), MIDDLE_BINARY),
}


def run(seed: int) -> list[NetResult]:
    """All ways, for one seed."""
    split = small_digits(seed)
    torch.manual_seed(seed)
    real = chain(nn.ReLU)
    train(real, split, EPOCHS, 2e-3)
    out = [NetResult(seed, "float32", 32, accuracy(real, split))]
    for bits in (8, 4):
        out += _integers(seed, real, split, bits)
    for way, (make, bits_per_weight) in BINARY.items():
        torch.manual_seed(seed)
        model = make()
        train(model, split, EPOCHS, 5e-3, lambda model=model: constrain(model))  # type: ignore[misc]
        out.append(NetResult(seed, way, bits_per_weight, accuracy(model, split)))
        if way == STOCHASTIC:
            measure_again(model, split)
            out.append(NetResult(seed, way + ", BatchNorm measured again", bits_per_weight, accuracy(model, split)))
            remove_binarization(model)
            measure_again(model, split)
            out.append(NetResult(seed, way + ", real weights in evaluation", 32, accuracy(model, split)))
    return out


def measure_again(model: nn.Sequential, split: Split) -> None:
    """The averages of every BatchNorm anew, with the weights of evaluation: those of training were random."""
    model.eval()
    norms = [module for module in model if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    for norm in norms:  # one after the other: each looks at what the ones before give in evaluation
        norm.reset_running_stats()
        norm.train().momentum = None
        with torch.no_grad():
            model(split.train_inputs)
        norm.eval()


def remove_binarization(model: nn.Sequential) -> None:
    """The real weights as plain parameters."""
    for module in model:
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=False)


def _integers(seed: int, real: nn.Sequential, split: Split, bits: int) -> list[NetResult]:
    """Integer-only inference, with ranges found on one pass over the training digits, and with training."""
    scheme = TrainingScheme(AffineScheme(bits), decay=0.9, delay=40)
    model = fake_quantized(fold_batch_norms(copy.deepcopy(real).eval()), scheme)
    model.train()
    with torch.no_grad():
        model(split.train_inputs)
    out = [NetResult(seed, f"int{bits} weights, integer-only, ranges measured", bits, _integer_accuracy(model, split))]
    train(model, split, 6, 3e-4)
    out.append(NetResult(seed, f"int{bits} weights, integer-only, trained", bits, _integer_accuracy(model, split)))
    return out


def _integer_accuracy(model: nn.Sequential, split: Split) -> float:
    outputs = to_integers(model.eval())(split.test_inputs.numpy())
    return per_cent(torch.from_numpy(np.asarray(outputs)), split)
