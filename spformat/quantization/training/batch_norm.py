"""BatchNorm folded into the layer before it: w_fold = gamma w / sqrt(var + eps) (Jacob et al., section 3.2)."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...errors import ConfigError

Layer = nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d


def fold_batch_norm(layer: Layer, norm: _BatchNorm) -> Layer:
    """A copy of the layer that gives what layer and norm give in evaluation, up to rounding.

    The moving averages of the norm count, not a batch. Its bias is beta + gamma (bias - mean) / sqrt(var + eps).
    Raises ConfigError for a norm without moving averages or of another width.
    """
    if norm.running_mean is None or norm.running_var is None:
        raise ConfigError("BatchNorm without moving averages", expected="track_running_stats", found="none")
    if len(norm.running_mean) != len(layer.weight):
        raise ConfigError("BatchNorm", expected=f"{len(layer.weight)} channels", found=len(norm.running_mean))
    folded = copy.deepcopy(layer)
    with torch.no_grad():
        factor = 1 / torch.sqrt(norm.running_var.double() + norm.eps)
        shift = -norm.running_mean.double() * factor
        if norm.affine:
            factor = factor * norm.weight.double()
            shift = -norm.running_mean.double() * factor + norm.bias.double()
        if layer.bias is not None:
            shift = shift + layer.bias.double() * factor
        by_output = factor.reshape(-1, *[1] * (layer.weight.ndim - 1))
        folded.weight = nn.Parameter((layer.weight.double() * by_output).to(layer.weight.dtype))
        folded.bias = nn.Parameter(shift.to(layer.weight.dtype))
    return folded


def fold_batch_norms(model: nn.Sequential) -> nn.Sequential:
    """A copy of a chain, nested chains included, in which every BatchNorm behind a layer is folded into it.

    Raises ConfigError for a BatchNorm that has no Linear or convolution right before it.
    """
    out: list[nn.Module] = []
    for module in model:
        if isinstance(module, nn.Sequential):
            out.append(fold_batch_norms(module))
        elif isinstance(module, _BatchNorm):
            if not out or not isinstance(out[-1], Layer):
                before = type(out[-1]).__name__ if out else "nothing"
                raise ConfigError("BatchNorm", expected="behind Linear or a convolution", found=f"behind {before}")
            out[-1] = fold_batch_norm(out[-1], module)
        else:
            out.append(copy.deepcopy(module))
    return nn.Sequential(*out)
