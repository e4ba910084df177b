"""Binary activations: sign with a straight-through gradient (BNN), and XNOR-Net's layers with input scales."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ...errors import ConfigError
from .binary_weights import sign

Tensor = torch.Tensor


class BinaryActivation(nn.Module):
    """sign(x), 0.0 counting as +1; the gradient passes where |x| <= 1 (BNN), or |x| < 1 (XNOR-Net) if `strict`."""

    def __init__(self, *, strict: bool = False) -> None:
        super().__init__()
        self.strict = strict

    def forward(self, values: Tensor) -> Tensor:
        signs: Tensor = _Sign.apply(values, self.strict)  # type: ignore[no-untyped-call]
        return signs


class XnorLayer(nn.Module):
    """A Linear or Conv2d on binary inputs: layer(sign(x)) times the input scale, plus the bias.

    input_scale: Linear: beta = mean |x| of each sample; Conv2d: K, the mean |x| over the channels, averaged over each
    window (XNOR-Net, equation 11). Without it inputs are signs alone, as in the authors' code. The weight
    becomes binary by `xnor_net(layer)`.
    """

    def __init__(self, layer: nn.Linear | nn.Conv2d, *, input_scale: bool = True) -> None:
        super().__init__()
        if isinstance(layer, nn.Conv2d) and (layer.padding_mode != "zeros" or isinstance(layer.padding, str)):
            raise ConfigError("padding", expected="zeros, in numbers", found=f"{layer.padding_mode}, {layer.padding}")
        self.layer, self.input_scale = layer, input_scale
        self.activation = BinaryActivation(strict=True)

    def forward(self, values: Tensor) -> Tensor:
        layer, signs = self.layer, self.activation(values)
        out: Tensor
        if isinstance(layer, nn.Conv2d):
            out = layer._conv_forward(signs, layer.weight, None)
        else:
            out = functional.linear(signs, layer.weight)
        if self.input_scale:
            out = out * input_scales(values, layer)
        bias: Tensor | None = layer.bias
        return out if bias is None else out + bias.reshape(-1, *[1] * (out.ndim - 2))


def input_scales(values: Tensor, layer: nn.Linear | nn.Conv2d) -> Tensor:
    """beta (batch, 1) for Linear inputs (batch, in); K (batch, 1, height, width) for a Conv2d's output places."""
    if isinstance(layer, nn.Linear):
        return values.abs().mean(-1, keepdim=True)
    means = values.abs().mean(1, keepdim=True)
    height, width = layer.kernel_size
    box = means.new_full((1, 1, height, width), 1 / (height * width))
    assert not isinstance(layer.padding, str)  # XnorLayer refused it
    return functional.conv2d(means, box, None, layer.stride, layer.padding, layer.dilation)


class _Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, strict: bool) -> Tensor:
        magnitude = values.abs()
        ctx.save_for_backward(magnitude < 1 if strict else magnitude <= 1)
        return sign(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (passes,) = ctx.saved_tensors
        return gradients[0] * passes, None
