"""A mask that lives in a module, beside the parameter that it masks.

The parameter stays a plain parameter, zero where it is pruned, so every module works that reads it in its own
way (torch.nn.utils.prune replaces it by an attribute that a hook computes, which torch.nn.MultiheadAttention
passes by and copy.deepcopy cannot copy). The mask is a bool buffer: it moves, copies and saves with the module.
State dicts have the names of torch.nn.utils.prune, weight_orig and weight_mask, both ways: those of models pruned
with torch load here unchanged, and ours load there. Dense ones load too, and what is masked becomes zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import PruningError
from ..torch_arrays import torch
from .masks import apply_mask

Module = torch.nn.Module
ORIG, MASK = "_orig", "_mask"
_HOOKS = "_spformat_hooks"  # on the module: handles of its three hooks, removed with its last mask


@dataclass(frozen=True)
class Masked:
    """A parameter of a module and its mask. name: dotted, in the whole model."""

    name: str
    module: Module
    attribute: str

    @property
    def weight(self) -> torch.nn.Parameter:
        """The parameter itself, the one that the optimizer has."""
        found: torch.nn.Parameter = getattr(self.module, self.attribute)
        return found

    @property
    def mask(self) -> torch.Tensor:
        """Bool, of the weight's shape: True where it survives."""
        found = self.module._buffers.get(self.attribute + MASK)
        if found is None:
            raise PruningError("has no mask any more: another Pruner was finalized", tensor=self.name)
        return found

    def shrink(self, mask: torch.Tensor) -> None:
        """Take away what `mask` has False. What is pruned stays pruned."""
        self.mask.logical_and_(mask)
        self.enforce()

    @torch.no_grad()
    def enforce(self) -> None:
        """Set what is pruned to zero: +0.0, whatever was there."""
        self.weight.masked_fill_(~self.mask, 0)


def attach(module: Module, attribute: str, name: str) -> Masked:
    """Give a parameter a mask, all True unless it has one already, also one of torch.nn.utils.prune."""
    _take_over(module, attribute)
    parameter = module._parameters.get(attribute)
    if parameter is None:
        raise PruningError("is no parameter, and cannot have a mask", tensor=name)
    if attribute + MASK not in module._buffers:
        if hasattr(module, attribute + MASK):
            raise PruningError(f"has no room for a mask: {attribute + MASK} is something else", tensor=name)
        module.register_buffer(attribute + MASK, torch.ones_like(parameter, dtype=torch.bool))
        _listen(module)
    return Masked(name, module, attribute)


def detach(masked: Masked) -> None:
    """Take the mask away; the weight keeps its zeros."""
    masked.enforce()
    del masked.module._buffers[masked.attribute + MASK]
    if not any(True for _ in _own(masked.module)):
        for handle in masked.module.__dict__.pop(_HOOKS, ()):
            handle.remove()


def attached(model: Module) -> list[Masked]:
    """Every parameter of the model that has a mask, in the order of its parameters."""
    return [
        Masked(f"{path}.{attribute}" if path else attribute, module, attribute)
        for path, module in model.named_modules()
        for attribute in _own(module)
    ]


def _own(module: Module) -> Iterator[str]:
    if _HOOKS in module.__dict__:
        yield from (name for name in module._parameters if name + MASK in module._buffers)


def _take_over(module: Module, attribute: str) -> None:
    """Make a parameter pruned by torch.nn.utils.prune a plain one again, of the same object, with our mask."""
    if attribute + ORIG not in module._parameters or attribute + MASK not in module._buffers:
        return
    import torch.nn.utils.prune as theirs

    mask = module._buffers[attribute + MASK]
    assert mask is not None
    kept = mask != 0
    theirs.remove(module, attribute)  # type: ignore[no-untyped-call]
    module.register_buffer(attribute + MASK, kept)
    _listen(module)
    Masked(attribute, module, attribute).enforce()


def _listen(module: Module) -> None:
    if _HOOKS not in module.__dict__:
        module.__dict__[_HOOKS] = (
            module.register_state_dict_post_hook(_rename_saved),  # type: ignore[no-untyped-call]
            module.register_load_state_dict_pre_hook(_rename_loaded),  # type: ignore[no-untyped-call]
            module.register_load_state_dict_post_hook(_enforce_loaded),  # type: ignore[no-untyped-call]
        )


# The hooks are functions that find everything in the module, so that they are right in copies of it too.


def _rename_saved(module: Module, state: dict[str, Any], prefix: str, _metadata: object) -> None:
    for name in _own(module):
        if prefix + name in state:
            state[prefix + name + ORIG] = state.pop(prefix + name)


def _rename_loaded(module: Module, state: dict[str, Any], prefix: str, *_: object) -> None:
    for name in _own(module):
        if prefix + name + ORIG in state:
            state[prefix + name] = state.pop(prefix + name + ORIG)
        mask = state.get(prefix + name + MASK, module._buffers[name + MASK])
        state[prefix + name + MASK] = mask != 0  # torch's masks are floats, and `assign` would keep them


def _enforce_loaded(module: Module, _keys: object) -> None:
    for name in _own(module):
        Masked(name, module, name).enforce()


def effective(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A state dict whose pairs weight_orig, weight_mask are folded into weight, as `finalize` would leave it."""
    folded = {}
    for name, tensor in state.items():
        base = name.removesuffix(ORIG) if name.endswith(ORIG) else name.removesuffix(MASK)
        if base == name or not {base + ORIG, base + MASK} <= state.keys():
            folded[name] = tensor
        elif name.endswith(ORIG):
            folded[base] = apply_mask(tensor, state[base + MASK] != 0)
    return folded
