"""A plain dict of tensors, saved with torch.save."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..sources.wording import listing
from ..torch_arrays import to_tensor, torch
from . import Tensors
from .atomic import replacing


def write_checkpoint(path: str, tensors: Tensors, ties: Mapping[str, str], metadata: Mapping[str, Any]) -> list[str]:
    """Tied names share one storage, as they did in the model. Metadata has no place in a state dict."""
    found = {name: to_tensor(array, dtype) for name, (array, dtype) in tensors.items()}
    found.update((name, found[target].detach()) for name, target in ties.items())
    with replacing(path) as file:
        torch.save({name: found[name] for name in sorted(found, key=str.encode)}, file)
    if not metadata:
        return []
    return [f"left out: metadata ({listing(sorted(metadata))}), which a state dict cannot hold"]
