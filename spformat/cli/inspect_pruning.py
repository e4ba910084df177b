"""What the metadata of a file says about how it was pruned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .output import percent, printable

KEY = "pruning"


def pruning_lines(metadata: Mapping[str, Any]) -> list[str]:
    """Method, schedule, and per layer the sparsity reached and asked for; nothing unless it says so.

    Metadata is anybody's: what has another form than spformat.pruning.provenance gives is left to --metadata.
    """
    found = metadata.get(KEY)
    try:
        if isinstance(found, str):  # .safetensors can hold text only
            found = json.loads(found)
        return _lines(found)
    except (TypeError, KeyError, ValueError, AttributeError):
        return []


def _lines(found: Any) -> list[str]:
    where = "all layers together" if found["scope"] == "global" else "each layer"
    heading = f"pruned by {_call(found['method'])} within {where}, {_call(found['schedule'])}"
    rows = [("all", found), *found["layers"].items()]
    width = max(len(printable(name)) for name, _ in rows)
    lines = [f"{printable(name):<{width}}  {_sparsities(layer)}" for name, layer in rows]
    return ["", printable(heading), *(f"  {line}" for line in lines), ""]


def _call(described: Mapping[str, Any]) -> str:
    """'gradual (begin 0, end 10)'; the sparsity is told elsewhere."""
    rest = [f"{key} {value}" for key, value in described.items() if key not in ("name", "sparsity")]
    return f"{described['name']} ({', '.join(rest)})" if rest else str(described["name"])


def _sparsities(layer: Mapping[str, Any]) -> str:
    text = f"sparsity {percent(float(layer['achieved']), 1):>7}"
    return text if layer.get("target") is None else f"{text}, target {percent(float(layer['target']), 1):>7}"
