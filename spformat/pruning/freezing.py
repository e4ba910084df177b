"""Holding the convolutions, or the dense layers, while the others are pruned and retrained
(Han et al. 2015, section 3.3: errors then need not be led through many pruned layers)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import PruningError
from ..torch_arrays import torch

Module = torch.nn.Module
CONV, DENSE = "conv", "dense"
GROUPS = (CONV, DENSE)

_LAYERS = {
    torch.nn.Linear: DENSE,
    torch.nn.Bilinear: DENSE,
    torch.nn.modules.conv._ConvNd: CONV,
}


def group_of(model: Module) -> dict[str, str]:
    """Name of every module with parameters or statistics of its own -> "conv" or "dense".

    Other than convolutions and linear layers, such as batch normalization, belong with the layer before them.
    """
    groups, last = {}, None
    for name, module in model.named_modules():
        kind = next((group for cls, group in _LAYERS.items() if isinstance(module, cls)), None)
        last = kind or last
        if last is not None and (kind or module._parameters or module._buffers):
            groups[name] = last
    return groups


@contextmanager
def frozen(model: Module, group: str) -> Iterator[None]:
    """While this lasts the parameters of the group have no gradient (what they had is dropped) and
    its batch statistics stand still.

    group: "conv" or "dense". The statistics stay even when the model is put in training mode.
    """
    if group not in GROUPS:
        raise PruningError(f"the group must be {CONV} or {DENSE}, not {group!r}")
    held = [model.get_submodule(name) for name, found in group_of(model).items() if found == group]
    parameters = [p for module in held for p in module.parameters(recurse=False) if p.requires_grad]
    norms = [module for module in held if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    modes = [module.training for module in norms]
    handles = [module.register_forward_pre_hook(_evaluate) for module in norms]
    for parameter in parameters:
        parameter.requires_grad_(False)
        parameter.grad = None  # optimizers decay whatever has a gradient, even one of zeros
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
        for handle, module, mode in zip(handles, norms, modes, strict=True):
            handle.remove()
            module.train(mode)


def _evaluate(module: Module, _: object) -> None:
    module.eval()  # just before each use: the training loop may have called model.train()
