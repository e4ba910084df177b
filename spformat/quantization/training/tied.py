"""Parameters that stand in more than one place."""

from __future__ import annotations

import gc

from torch import nn


def other_places(module: nn.Module, name: str) -> list[str]:
    """Where else a parameter stands, as "Embedding.weight": a module knows neither its model nor its neighbours.

    So all modules that there are count, also those of other models.
    """
    found = _places(module, name)
    if found:
        gc.collect()  # what nobody can reach any more does not count
        found = _places(module, name)
    return found


def _places(module: nn.Module, name: str) -> list[str]:
    parameter = module._parameters[name]
    return [
        f"{type(each).__name__}.{other}"
        for each in gc.get_objects()
        if issubclass(type(each), nn.Module)
        for other, held in list(each.__dict__.get("_parameters", {}).items())
        if held is parameter and (each is not module or other != name)
    ]
