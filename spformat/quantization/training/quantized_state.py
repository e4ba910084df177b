"""A model that trains with shared or binary weights -> what is to be stored of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import torch
from torch import nn
from torch.nn.utils import parametrize

from ..binary import BinaryTensor
from ..codebook_tensor import CodebookTensor
from .binary_weights import binary_weight, is_binary
from .shared_weights import is_shared, shared_weights

Stored: TypeAlias = torch.Tensor | CodebookTensor | BinaryTensor


def quantized_state(model: nn.Module) -> dict[str, Stored]:
    """The state dict of the plain model, with the names it had before `share_weights` and the binary rules: what
    spformat.torch.save_file stores, and what the plain model's load_state_dict takes when it is loaded.

    Weights that are shared are CodebookTensors, binary ones BinaryTensors; of other parametrizations it has the tensors
    that they compute in evaluation. Nothing of the model changes, whatever its mode.
    """
    state: dict[str, Stored] = dict(model.state_dict())
    replaced: list[str] = []
    for path, module in model.named_modules(remove_duplicate=False):  # a layer may stand in a model twice
        names = list(module.parametrizations) if parametrize.is_parametrized(module) else []
        for name in names:
            before = f"{path}." if path else ""
            if before.startswith(tuple(replaced)):
                continue  # a parametrization that has one itself
            inside = f"{before}parametrizations.{name}."
            for key in [key for key in state if key.startswith(inside)]:
                del state[key]
            replaced.append(inside)
            state[before + name] = _stored(module, name)
    return state


def _stored(module: nn.Module, name: str) -> Stored:
    alone = len(module.parametrizations[name]) == 1  # type: ignore[index]
    if alone and is_shared(module, name):  # else what follows changes what it gives
        return shared_weights(module, name).compact()
    if alone and name == "weight" and is_binary(module):
        return binary_weight(module)
    with torch.no_grad(), _evaluating(module):
        weight: torch.Tensor = getattr(module, name).detach()
    return weight


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """The module and all in it in evaluation: spectral_norm, for one, changes its buffers in training.

    The flags themselves are set, as `train` and `eval` of a module may do more.
    """
    before = [(each, each.training) for each in module.modules()]
    try:
        for each, _ in before:
            each.training = False
        yield
    finally:
        for each, training in before:
            each.training = training
