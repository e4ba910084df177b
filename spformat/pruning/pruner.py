"""Pruning while training: one call per step, whatever the optimizer."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import PruningError
from ..torch_arrays import torch
from . import provenance
from .attached import Masked, attach, detach
from .masks import LAYER, Masks, Sparsity, achieved, check_scope, plan
from .methods import Fixed, Magnitude, Method
from .parameters import prunable
from .schedules import OneShot, Schedule
from .scope import Scope
from .selection import check_sparsity

Module = torch.nn.Module


class Pruner:
    """Prunes a model by a schedule, and keeps pruned what is pruned.

        pruner = Pruner(model, Gradual(0.9, begin=500, end=5000, frequency=100))
        for x, y in data:
            loss(model(x), y).backward()
            optimizer.step()
            optimizer.zero_grad()
            pruner.step()
        pruner.finalize()

    Gradients are masked before they arrive, and after each step of any torch optimizer that has the parameters
    both they and the optimizer's state (momentum, Adam's moments) are set to zero where pruned, so nothing revives
    a weight: not momentum, not weight decay. The masks are buffers of the model, with the names of
    torch.nn.utils.prune in its state dict (see `attached`). To resume: load the state dicts of model, optimizer
    and pruner. copy.deepcopy copies model and pruner, together or the model alone.
    """

    def __init__(
        self,
        model: Module,
        schedule: Schedule | float,
        *,
        method: Method | None = None,
        scope: str = LAYER,
        names: Scope | None = None,
        targets: Mapping[str, float] | None = None,
    ) -> None:
        """schedule: when and how far; a number is one shot, at the first step.

        method: what goes first (Magnitude); of a method that decides how much goes, the schedule only says when.
        scope: "layer" or "global". names: which parameters (see Scope). targets: final sparsity of some parameters
        by full name, instead of the schedule's; on the way they keep the schedule's pace. Raises PruningError when
        nothing is to be pruned, a name is unknown, or settings make no sense together.
        """
        self.schedule = schedule if isinstance(schedule, Schedule) else OneShot(float(schedule))
        self.method = method or Magnitude()
        self.scope = scope
        self.targets = {name: check_sparsity(target) for name, target in (targets or {}).items()}
        self.steps = 0
        check_scope(scope, self.method, each=bool(self.targets))
        places = prunable(model, names or Scope())
        unknown = set(self.targets) - {name for *_, name in places}
        if unknown:
            raise PruningError(f"targets for parameters that are not pruned: {', '.join(sorted(unknown))}")
        self._masked = [attach(*place) for place in places]
        self._handles: list[Any] = []
        self._listen()

    def step(self) -> bool:
        """Once per step of the optimizer, after it: renew the mask if the schedule says so; whether it did."""
        sparsity = self.schedule.at(self.steps)
        self.steps += 1
        if sparsity is None:
            self.enforce()
            return False
        self.prune(sparsity)
        return True

    def prune(self, sparsity: Sparsity) -> None:
        """Shrink the masks to this sparsity now. Raises PruningError where weights are NaN or infinite, and after
        `finalize`.
        """
        self._check_not_final()
        weights: Masks = {masked.name: masked.weight.detach() for masked in self._masked}
        wanted = self._wanted(sparsity) if self.targets and not isinstance(sparsity, Mapping) else sparsity
        fixed = isinstance(self.method, Fixed)
        made = plan(weights, None if fixed else wanted, self.method, self.scope, self.masks())
        for masked in self._masked:
            masked.shrink(made.mask(masked.name, weights[masked.name], masked.mask))

    def shrink(self, masks: Mapping[str, torch.Tensor]) -> None:
        """Take away what these masks (bool, by parameter name) have False. Raises PruningError for other names."""
        own = {masked.name: masked for masked in self._masked}
        if set(masks) - set(own):
            raise PruningError(f"masks for what is not pruned: {', '.join(sorted(set(masks) - set(own)))}")
        for name, mask in masks.items():
            own[name].shrink(mask)

    def enforce(self) -> None:
        """Set everything pruned to zero, for changes that no torch optimizer made."""
        for masked in self._masked:
            masked.enforce()

    def masks(self) -> Masks:
        """The masks by parameter name, bool; not copies."""
        return {masked.name: masked.mask for masked in self._masked}

    @property
    def sparsity(self) -> float:
        """Share of zeros that the masks have now, over all parameters that are pruned."""
        return achieved(self.masks())

    def provenance(self) -> dict[str, Any]:
        """What was done, for `metadata` of save_file or pack: {"pruning": {...}}; see provenance."""
        self._check_not_final()
        ranked = not isinstance(self.method, Fixed)
        target = {name: self.targets.get(name, self.schedule.final) for name in self.masks()} if ranked else None
        times = {name: value for name, value in self.schedule.describe().items() if ranked or name != "sparsity"}
        return provenance.record(self.masks(), self.method, self.scope, target, times)

    def finalize(self) -> dict[str, Any]:
        """Leave a plain model with zeros, no mask and no hook in it; returns the provenance. Raises
        PruningError the second time.
        """
        record = self.provenance()
        for handle in self._handles:
            handle.remove()
        for masked in self._masked:
            detach(masked)
        self._handles, self._masked = [], []
        return record

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs besides the model's and the optimizer's state dicts."""
        kind = {"schedule": self.schedule.describe(), "method": self.method.describe(), "scope": self.scope}
        return {"steps": self.steps, **kind, "targets": dict(self.targets)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another pruner stopped. Raises PruningError when it had another schedule, method, scope or
        other targets.
        """
        own = self.state_dict()
        for what in own.keys() - {"steps"}:
            if state.get(what) != own[what]:
                text = f"the state is of a pruner with another {what}"
                raise PruningError(text, expected=own[what], found=state.get(what))
        self.steps = int(state["steps"])

    def __deepcopy__(self, memo: dict[int, Any]) -> Pruner:
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        twin.__dict__.update({name: copy.deepcopy(value, memo) for name, value in self._plain().items()})
        twin._handles = []
        twin._listen()
        return twin

    def _check_not_final(self) -> None:
        if not self._masked:
            raise PruningError("the pruner was finalized: it has no masks any more")

    def _plain(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_handles"}

    def _wanted(self, sparsity: float) -> dict[str, float]:
        """The sparsity of each parameter when the schedule is at `sparsity`."""
        pace = sparsity / self.schedule.final if self.schedule.final else 1.0
        targets = {masked.name: self.targets.get(masked.name, self.schedule.final) for masked in self._masked}
        return {name: target * pace for name, target in targets.items()}

    def _listen(self) -> None:
        from torch.optim.optimizer import register_optimizer_step_post_hook  # here: a missing torch names the extra

        for masked in self._masked:
            trained = masked.weight.requires_grad
            masked.weight.requires_grad_(True)  # frozen ones take no hook, and may be trained later
            handle = masked.weight.register_hook(_masking(masked))  # type: ignore[no-untyped-call]
            masked.weight.requires_grad_(trained)
            self._handles.append(handle)
        self._handles.append(register_optimizer_step_post_hook(_after_optimizers(weakref.ref(self))))
        weakref.finalize(self, self._handles[-1].remove)

    def _after_step(self, optimizer: torch.optim.Optimizer) -> None:
        by_parameter = {masked.weight: masked for masked in self._masked}  # load_state_dict(assign=True) changes them
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                masked = by_parameter.get(parameter)
                if masked is not None:
                    masked.enforce()
                    _clear_state(optimizer.state.get(parameter, {}), ~masked.mask)


def _masking(masked: Masked) -> Callable[[torch.Tensor], torch.Tensor]:
    # A hook on the gradient before it is accumulated: other readers (clipping, reducers of several processes)
    # never see the gradient of a pruned weight.
    return lambda gradient: gradient.masked_fill(~masked.mask, 0)


def _after_optimizers(pruner: weakref.ref[Pruner]) -> Callable[..., None]:
    def hook(optimizer: torch.optim.Optimizer, *_: object) -> None:
        found = pruner()
        if found is not None:
            found._after_step(optimizer)

    return hook


@torch.no_grad()
def _clear_state(state: Mapping[str, Any], pruned: torch.Tensor) -> None:
    """Zero what the optimizer remembers of pruned weights: every tensor that has their shape."""
    for value in state.values():
        if isinstance(value, torch.Tensor) and value.shape == pruned.shape:
            value.masked_fill_(pruned, 0)
