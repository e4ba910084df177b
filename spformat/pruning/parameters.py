"""Which parameters of a model are pruned."""

from __future__ import annotations

from ..errors import PruningError
from ..torch_arrays import torch
from .scope import Scope, matches

Place = tuple[torch.nn.Module, str, str]  # module, its attribute, the full name


def prunable(model: torch.nn.Module, scope: Scope) -> list[Place]:
    """The parameters that the scope takes, in the model's order, shared ones once.

    Besides what the scope spares by name, embeddings are spared by their class, and so is whatever shares their
    storage (an output layer tied to them), unless `include` names it. Raises PruningError for patterns that match
    no name, and when nothing is left.
    """
    embeddings = {
        parameter
        for module in model.modules()
        if isinstance(module, (torch.nn.Embedding, torch.nn.EmbeddingBag))
        for parameter in module.parameters(recurse=False)
    }
    places, seen, names = [], set(), []
    for path, module in model.named_modules():
        for attribute, parameter in _own_parameters(module):
            name = f"{path}.{attribute}" if path else attribute
            names.append(name)
            spared = parameter in embeddings and not matches(name, scope.include)
            if not parameter.is_floating_point() or spared or parameter in seen:
                continue
            if scope.takes(name, parameter.ndim):
                places.append((module, attribute, name))
                seen.add(parameter)
    unused = scope.unused(names)
    if unused:
        raise PruningError(f"no parameter is named like {', '.join(map(repr, unused))}")
    if not places:
        raise PruningError("nothing to prune: no parameter is in the scope")
    return places


def _own_parameters(module: torch.nn.Module) -> list[tuple[str, torch.nn.Parameter]]:
    """Parameters by the name that they have without torch.nn.utils.prune's suffix."""
    found = []
    for name, parameter in module._parameters.items():
        if parameter is not None:
            base = name.removesuffix("_orig")
            found.append((base if f"{base}_mask" in module._buffers else name, parameter))
    return found
