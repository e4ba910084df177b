"""Floating point operations of a forward pass, and how many of them pruning leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import PruningError
from ..torch_arrays import torch

Module = torch.nn.Module
_Conv, _Transposed = torch.nn.modules.conv._ConvNd, torch.nn.modules.conv._ConvTransposeNd


@torch.no_grad()
def count_flops(model: Module, *inputs: torch.Tensor, zeros: bool = True) -> int:
    """Operations of model(*inputs) in Linear and convolution layers: two, a product and a sum, for each weight and
    each place of the output that it adds to. zeros: count weights that are zero too.

    Biases, normalization and functions are left out, as papers do, and so are weights that are read without
    calling their layer. Raises PruningError when no such layer is called.

    >>> layer = torch.nn.Conv2d(3, 8, 3, padding=1)
    >>> count_flops(layer, torch.zeros(1, 3, 10, 10)) == 2 * (8 * 3 * 3 * 3) * (10 * 10)
    True
    """
    counts: list[int] = []
    layers = [module for module in model.modules() if isinstance(module, (torch.nn.Linear, _Conv))]
    handles = [layer.register_forward_hook(_counting(counts, zeros)) for layer in layers]
    modes = {module: module.training for module in model.modules()}
    try:
        model.eval()(*inputs)
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes.items():
            module.training = mode
    if not counts:
        raise PruningError("the model calls no Linear and no convolution layer")
    return sum(counts)


def _counting(counts: list[int], zeros: bool) -> Callable[[Module, Any, torch.Tensor], None]:
    def hook(layer: Any, inputs: Any, output: torch.Tensor) -> None:
        # A transposed convolution sends each place of its input through every weight of its channel.
        places = inputs[0].numel() // layer.in_channels if isinstance(layer, _Transposed) else _places(layer, output)
        weights = layer.weight.numel() if zeros else int(torch.count_nonzero(layer.weight))
        counts.append(2 * weights * places)

    return hook


def _places(layer: Any, output: torch.Tensor) -> int:
    """Outputs of each unit, over the batch."""
    return output.numel() // (layer.out_features if isinstance(layer, torch.nn.Linear) else layer.out_channels)
