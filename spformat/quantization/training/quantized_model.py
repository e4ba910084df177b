"""Models that train with simulated quantization, and what becomes of them: chains of integer layers."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from torch import nn

from ...errors import ConfigError
from ..integer_chain import Flatten, IntegerChain, MaxPool, Step
from .fake_quantize import FakeQuantizedActivation
from .fake_quantized_layer import FakeQuantizedLayer, TrainingScheme, pair


def fake_quantized(model: nn.Sequential, scheme: TrainingScheme | None = None) -> nn.Sequential:
    """A copy of a chain that trains with simulated quantization.

    The chain, nested or not, is of Linear, Conv2d, ReLU (behind one of these), MaxPool2d, Flatten, Dropout and
    Identity. Fold BatchNorm before (`fold_batch_norms`). Raises ConfigError for other modules, and for scales of groups
    or inputs.
    """
    asked = TrainingScheme() if scheme is None else scheme
    last = asked.activation()
    out: list[nn.Module] = [last]
    modules = [copy.deepcopy(module) for module in _flat(model)]
    for module, following in zip(modules, [*modules[1:], nn.Identity()], strict=True):
        if isinstance(module, nn.Linear | nn.Conv2d):
            layer = FakeQuantizedLayer(module, isinstance(following, nn.ReLU), last, asked)
            out.append(layer)
            last = layer.output
        elif isinstance(module, nn.ReLU):
            if not (isinstance(out[-1], FakeQuantizedLayer) and out[-1].relu):
                raise ConfigError("ReLU", expected="behind Linear or Conv2d", found=f"behind {out[-1]}")
        elif isinstance(module, nn.MaxPool2d | nn.Flatten | nn.Dropout | nn.Identity):
            out.append(module)
        else:
            raise ConfigError("no quantized form of a module", expected=_KNOWN, found=type(module).__name__)
    return nn.Sequential(*out)


_KNOWN = "Linear, Conv2d, ReLU, MaxPool2d, Flatten, Dropout or Identity"


def to_integers(model: nn.Sequential) -> IntegerChain:
    """What a `fake_quantized` model is in integers.

    Within one step of the output, at any depth, it gives what its `simulate` and the model in evaluation give; so far
    they gave the same codes. In training mode sums are rounded, as the model's type has it: one that is nearly a tie
    may come to the other neighbour, and in chains of more than about four layers the last output may then be off by
    some steps. Evaluation in bfloat16, which has too few digits for 255 steps, may be off, too.
    Raises ConfigError for pools with padding or dilation, and when the model never saw a batch in training.
    """
    first = model[0]
    if not isinstance(first, FakeQuantizedActivation):
        raise ConfigError("not made by fake_quantized", expected="FakeQuantizedActivation", found=type(first).__name__)
    source, target = first.grid, first.grid
    steps: list[Step] = []
    for module in list(model)[1:]:
        if isinstance(module, FakeQuantizedLayer):
            steps.append(module.to_integers())
            target = module.output.grid
        elif isinstance(module, nn.MaxPool2d):
            steps.append(_pool(module))
        elif isinstance(module, nn.Flatten):
            steps.append(_flatten(module))
    return IntegerChain(source, target, tuple(steps))


def _flat(model: nn.Module) -> Iterator[nn.Module]:
    if isinstance(model, nn.Sequential):
        for module in model:
            yield from _flat(module)
    else:
        yield model


def _pool(pool: nn.MaxPool2d) -> MaxPool:
    if pair(pool.padding) != (0, 0) or pair(pool.dilation) != (1, 1) or pool.ceil_mode:
        raise ConfigError("a pool in integers", expected="no padding, dilation or ceil_mode", found=str(pool))
    return MaxPool(pair(pool.kernel_size), pair(pool.stride))


def _flatten(flatten: nn.Flatten) -> Flatten:
    if (flatten.start_dim, flatten.end_dim) != (1, -1):
        raise ConfigError("Flatten in integers", expected="dimensions 1 to -1", found=str(flatten))
    return Flatten()
