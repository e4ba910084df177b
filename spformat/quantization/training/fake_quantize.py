"""Simulated quantization in training: the forward pass rounds, the gradient passes (Jacob et al., section 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...errors import ConfigError
from ..activation_grid import BELOW_HALF, ActivationGrid
from ..affine import AffineScheme, choose_parameters
from ..affine_blocks import check_blocks, ranges, spread
from ..affine_tensor import Scales

Tensor = torch.Tensor


def fake_quantize(
    values: Tensor, scale: Tensor, zero_point: Tensor, code_range: tuple[int, int], *, away: bool = False
) -> Tensor:
    """dequantize(quantize(values)), bit for bit what the numpy functions give, in the type of `values`.

    The parameters broadcast against the values. away: ties away from zero, as activations have them, not to even,
    as weights and biases do. The gradient is that of the values where they are inside of the range, else 0.
    """
    rounded: Tensor = _FakeQuantize.apply(values, scale, zero_point, code_range, away)  # type: ignore[no-untyped-call]
    return rounded


def fake_quantize_weight(weight: Tensor, scheme: AffineScheme) -> tuple[Tensor, Scales]:
    """A weight as `quantize_affine` would have it now, with the scales; its range is that of the weight itself."""
    check_blocks(tuple(weight.shape), scheme.axis, scheme.group)
    wide = weight.detach().cpu().double().numpy()
    parameters = choose_parameters(*ranges(wide, scheme.axis, scheme.group), scheme)
    scale, zero_point = (
        torch.from_numpy(np.ascontiguousarray(spread(part, wide.shape, scheme.axis, scheme.group))).to(weight.device)
        for part in parameters
    )
    return fake_quantize(weight, scale, zero_point, scheme.code_range), parameters[0]


class FakeQuantizedActivation(torch.nn.Module):
    """Activations on an unsigned grid over the moving average of their least and largest values.

    bits: 2 to 8. decay: weight of the past in the average; the first batch starts it. delay: training steps that only
    watch, as ranges shift quickly at first (the paper has 50,000 to 2 million). In evaluation it always quantizes.
    An empty batch passes, and counts as none.
    """

    minimum: Tensor
    maximum: Tensor
    steps: Tensor

    def __init__(self, bits: int = 8, decay: float = 0.99, delay: int = 0) -> None:
        super().__init__()
        if not 0 <= decay < 1 or delay < 0:
            raise ConfigError("average", expected="decay in [0, 1), delay from 0", found=f"{decay}, {delay}")
        self.bits, self.decay, self.delay = bits, decay, delay
        self.register_buffer("minimum", torch.zeros((), dtype=torch.float64))
        self.register_buffer("maximum", torch.zeros((), dtype=torch.float64))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    @property
    def grid(self) -> ActivationGrid:
        """The grid of the range so far. Raises ConfigError before the first batch in training."""
        if not int(self.steps):
            raise ConfigError("no range of activations yet", expected="a forward pass in training", found="none")
        return ActivationGrid.of_range(float(self.minimum), float(self.maximum), self.bits)

    @property
    def active(self) -> bool:
        """Whether the next forward pass quantizes."""
        return not self.training or int(self.steps) >= self.delay

    def forward(self, values: Tensor) -> Tensor:
        if not values.numel():
            return values
        active = self.active
        if self.training:
            self._watch(values.detach())
        if not active:
            return values
        grid = self.grid
        scale = torch.tensor(grid.scale, dtype=torch.float32, device=values.device)
        zero_point = torch.tensor(grid.zero_point, dtype=torch.int32, device=values.device)
        return fake_quantize(values, scale, zero_point, (0, grid.largest), away=True)

    def _watch(self, values: Tensor) -> None:
        least, largest = (end.double() for end in torch.aminmax(values))
        keep = self.decay if int(self.steps) else 0.0
        self.minimum.mul_(keep).add_((1 - keep) * least)
        self.maximum.mul_(keep).add_((1 - keep) * largest)
        self.steps.add_(1)


class _FakeQuantize(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, values: Tensor, scale: Tensor, zero_point: Tensor, code_range: tuple[int, int], away: bool
    ) -> Tensor:
        low, high = code_range
        steps = values.double() / scale.double()  # float64, as in numpy
        codes = (torch.trunc(steps + torch.sign(steps) * BELOW_HALF) if away else torch.round(steps)) + zero_point
        ctx.save_for_backward((codes >= low) & (codes <= high))
        steps = codes.clamp(low, high) - zero_point
        return (steps.float() * scale).to(values.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None]:
        (inside,) = ctx.saved_tensors
        return gradients[0] * inside, None, None, None, None
