"""Files that can be packed: one module per format, all behind `Source`."""

from __future__ import annotations

import os

from ..errors import SourceError
from .base import Source
from .prune_masks import FoldedMasks
from .sniff import format_of

__all__ = ["Source", "open_source"]


def open_source(
    path: str | os.PathLike[str], *, key: str | None = None, keep_masks: bool = False, fold_scales: bool = False
) -> Source:
    """Open a file of tensors in any format that can be read.

    `key` picks a nested dict of a torch checkpoint ("ema.params"; "." for everything, flattened). Unless
    `keep_masks`, pairs of torch.nn.utils.prune (weight_orig, weight_mask) become the pruned weight. With
    `fold_scales`, integer codes and scales of torchao and compressed-tensors (see scaled_codes) become quantized
    tensors. Raises SourceError, and MissingExtraError when the format needs a package that is not installed.
    """
    path = os.fspath(path)
    kind = format_of(path)
    if key is not None and kind != "torch":
        raise SourceError(f"{path}: --key picks a part of a torch checkpoint; this is a {kind} file")
    source = _open(path, kind, key)
    try:
        if not keep_masks:
            source = FoldedMasks.around(source)
        if fold_scales:
            from .scaled_codes import ScaledCodes

            source = ScaledCodes.around(source)
        return source
    except BaseException:
        source.close()
        raise


def _open(path: str, kind: str, key: str | None) -> Source:
    # Imported when needed: torch takes seconds, and each format may need a package that is not installed.
    if kind == "torch":
        from .torch_checkpoint import TorchCheckpoint

        return TorchCheckpoint(path, key)
    if kind == "safetensors":
        from .safetensors_file import SafetensorsFile

        return SafetensorsFile(path)
    if kind == "npz":
        from .npz_file import open_npz

        return open_npz(path)
    if kind == "npy":
        from .npz_file import NpyFile

        return NpyFile(path)
    from .spf_file import SpfFile

    return SpfFile(path)
