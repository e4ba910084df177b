"""Exact removal of neurons without inputs or outputs (Han et al. 2015, section 3.4, who leave the biases out).

A unit whose outgoing weights are all zero goes. One whose incoming weights are all zero has a constant output;
that is folded into the bias of the next layer, and it goes too. Either may leave others dead, so it is repeated
until nothing changes. What the network computes in evaluation mode stays the same, but for rounding: sums are
taken in another order. Where it would not be exact nothing is done, and the report says why.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import PruningError
from ..torch_arrays import torch
from .attached import attached
from .units import Link, Module, Unsuited, links

Tensor = torch.Tensor


@dataclass(frozen=True)
class Removal:
    """removed: units taken out of each layer, by its name. kept: layers whose dead units stay -> the reason."""

    removed: dict[str, int]
    kept: dict[str, str]


@torch.no_grad()
def remove_dead_neurons(model: Module) -> Removal:
    """Shrink the layers of a model in place; optimizers have to be made anew.

    Looks at every Linear and Conv2d from which one path leads to the next, through BatchNorm, element-wise
    functions, pooling, dropout and flattening. Inputs and outputs of the network stay, and one unit of each layer.
    Raises PruningError when the model cannot be traced (torch.fx), or still has masks.
    """
    if attached(model):
        raise PruningError("the model has masks: call finalize of its Pruner first")
    found = links(model)
    before = {link.name: link.units for link in found.links}
    kept = dict(found.refused)
    while any(_shrink(link, kept) for link in found.links):
        pass
    removed = {link.name: before[link.name] - link.units for link in found.links}
    return Removal({name: count for name, count in removed.items() if count}, kept)


def _shrink(link: Link, kept: dict[str, str]) -> bool:
    """Take the dead units between two layers out; whether there were any."""
    unheard = ~link.outgoing().any(1)
    unfed = ~link.incoming().any(1) & ~unheard
    constants = torch.zeros_like(unfed, dtype=torch.float64)
    if unfed.any():
        try:
            constants = link.constants().where(unfed, 0)
        except Unsuited as reason:
            unfed, kept[link.name] = unfed & False, str(reason)
    stuck = (constants != 0) & (not link.can_fold)
    if stuck.any():
        kept[link.name] = link.why_not
    dead = unheard | unfed & ~stuck
    if dead.all():
        dead[0] = False  # a layer of no units could not be called
        kept[link.name] = "every unit is dead; one stays"
    if not dead.any():
        return False
    link.fold(constants.where(dead, 0))
    link.select((~dead).nonzero().reshape(-1))
    return True
