"""Weight sharing: the weights of a tensor to a codebook by k-means (Deep Compression, section 3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .arrays import Array, Floats, finite
from .codebook_tensor import CodebookTensor
from .kmeans import Samples, lloyd, nearest
from .kmeans_init import INITIALIZATIONS
from .kmeans_optimal import optimal

MOST_BITS = 15  # so that uint16 also holds the codes of 2**15 centroids and a reserved zero
ZEROS = ("filler", "apart", "clustered")


def centroid_count(bits: int, zeros: str = "filler") -> int:
    """The most centroids that codes of `bits` bits, 1 to 15, can tell apart.

    2**bits - 1 for zeros "filler", whose layout writes the reserved code among the others (the authors' decoder
    does: its codebook[0] must be 0.0); 2**bits for "apart" (positions say where the zeros are) and "clustered".
    """
    if not 1 <= bits <= MOST_BITS:
        raise ConfigError("bits of a code", expected=f"1 to {MOST_BITS}", found=bits)
    if zeros not in ZEROS:
        raise ConfigError("zeros", expected=" or ".join(ZEROS), found=repr(zeros))
    return (1 << bits) - int(zeros == "filler")


def quantize_codebook(
    weights: Array,
    bits: int,
    *,
    zeros: str = "filler",
    mask: NDArray[np.bool_] | None = None,
    init: str | Array = "linear",
    method: str = "lloyd",
    seed: int = 0,
) -> CodebookTensor:
    """Cluster the nonzeros of a float array of any shape; zeros stay zero.

    zeros: see `centroid_count`; "clustered" treats them as weights like the others, as figure 3 of the paper does.
    mask: which weights are alive, of the same shape; by default those that are not 0.0. Dead ones become +0.0.
    init: "linear", "density", "random" (with `seed`), which are the paper's; "histogram", whose result is next to the
    best; or the first centroids themselves.
    method: "lloyd", "optimal" (the best clustering; `init` plays no part), or "none" (the first centroids stay).

    With fewer distinct values than centroids the codebook is the distinct values, and nothing is lost. Centroids are
    rounded to the type of the weights before each weight takes its nearest one, the lower of two equally near.
    Clusters may be empty: see `CodebookTensor.compact`. Raises ConfigError for weights that are not finite.
    """
    wide = finite(weights)
    k = centroid_count(bits, zeros)
    alive = _alive(wide, mask, zeros)
    first = int(zeros != "clustered")
    centroids = np.zeros(0)
    codes = np.zeros(wide.shape, np.uint16)
    if alive.any():
        samples = Samples.of(wide[alive])
        centroids = _centroids(samples, k, init, method, seed)
        centroids = np.sort(centroids.astype(weights.dtype).astype(np.float64)) + 0.0  # no -0.0
        codes[alive] = nearest(wide[alive], centroids) + first
    codebook = np.concatenate([np.zeros(first), centroids]).astype(weights.dtype)
    return CodebookTensor(codes.astype(np.uint8) if len(codebook) <= 256 else codes, codebook, bool(first))


def _alive(weights: Floats, mask: NDArray[np.bool_] | None, zeros: str) -> NDArray[np.bool_]:
    if mask is None:
        return np.ones(weights.shape, np.bool_) if zeros == "clustered" else weights != 0
    if zeros == "clustered":
        raise ConfigError("a mask goes with zeros apart from the clusters", expected="filler or apart", found=zeros)
    if mask.shape != weights.shape or mask.dtype != np.bool_:
        raise ConfigError(
            "mask", expected=f"bool of shape {weights.shape}", found=f"{mask.dtype} of shape {mask.shape}"
        )
    return mask


def _centroids(samples: Samples, k: int, init: str | Array, method: str, seed: int) -> Floats:
    if method not in ("lloyd", "optimal", "none"):
        raise ConfigError("method", expected="lloyd, optimal or none", found=repr(method))
    if isinstance(init, str):
        if init not in INITIALIZATIONS:
            raise ConfigError("init", expected=" or ".join(INITIALIZATIONS), found=repr(init))
        if len(samples.values) <= k:
            return samples.values
        if method == "optimal":
            return optimal(samples, k)
        start = INITIALIZATIONS[init](samples, k, np.random.default_rng(seed))
    else:
        start = np.sort(finite(init, "centroids"))
        if start.ndim != 1 or not 1 <= len(start) <= k:
            raise ConfigError("first centroids", expected=f"1 to {k} in a row", found=f"shape {start.shape}")
    return start if method == "none" else lloyd(samples, start)
