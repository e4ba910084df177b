"""A tensor whose weights share the values of a codebook (Deep Compression, arXiv 1510.00149, section 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .arrays import Array, finite, frozen


@dataclass(frozen=True, eq=False)
class CodebookTensor:
    """Codes and the codebook that they point into.

    codes: uint8 or uint16, of the tensor's shape, each below len(codebook).
    codebook: shape (entries,), any finite float type, which is the type of the tensor.
    reserves_zero: entry 0 is +0.0 and stands for pruned weights, and for fillers where the layout has them;
        the centroids are the entries from 1 on. One of them may have the value 0.0 too: its weights are alive.
        Without it every entry is a centroid.

    Raises ConfigError when a field breaks these rules.
    """

    codes: Array
    codebook: Array
    reserves_zero: bool

    def __post_init__(self) -> None:
        if self.codes.dtype not in (np.uint8, np.uint16):
            raise ConfigError("codes of another type", expected="uint8 or uint16", found=self.codes.dtype)
        if self.codebook.ndim != 1:
            raise ConfigError("a codebook is one row", expected=1, found=f"{self.codebook.ndim} dimensions")
        wide = finite(self.codebook, "codebook")
        if self.codes.size and int(self.codes.max()) >= len(wide):
            raise ConfigError("a code beyond the codebook", expected=f"below {len(wide)}", found=int(self.codes.max()))
        if self.reserves_zero and (not len(wide) or wide[0] != 0 or np.signbit(wide[0])):
            raise ConfigError("entry 0 is reserved", expected="+0.0", found=wide[:1].tolist())
        object.__setattr__(self, "codes", frozen(self.codes))
        object.__setattr__(self, "codebook", frozen(self.codebook))

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.codes.shape

    @property
    def centroids(self) -> Array:
        """The entries without the reserved zero, shape (k,)."""
        return self.codebook[int(self.reserves_zero) :]

    @property
    def nonzeros(self) -> int:
        """Weights that are alive: those with a centroid, whatever its value."""
        return int(np.count_nonzero(self.codes)) if self.reserves_zero else self.codes.size

    @property
    def bits(self) -> int:
        """Bits of one code of fixed width, 1 to 16: as many as the whole codebook needs."""
        return max(1, (len(self.codebook) - 1).bit_length())

    @property
    def bits_without_filler(self) -> int:
        """Bits of one code where the stream holds live weights only, so that the reserved entry needs no code."""
        return max(1, (len(self.centroids) - 1).bit_length())

    def counts(self) -> NDArray[np.int64]:
        """How many weights have each entry, shape (entries,)."""
        return np.bincount(self.codes.reshape(-1), minlength=len(self.codebook)).astype(np.int64)

    def dequantize(self) -> Array:
        """The tensor: the bits of codebook[code] for each weight, without any arithmetic."""
        return self.codebook[self.codes]

    def compact(self, *, drop_live_zeros: bool = False) -> CodebookTensor:
        """The form to store: entries ascending, without empty clusters and without repeated values.

        Training needs empty clusters (a weight may move to them), a file does not. drop_live_zeros: weights whose
        centroid is 0.0 become pruned ones; otherwise they keep a code of their own, apart from the reserved one.
        """
        wide = self.codebook.astype(np.float64) + 0.0  # -0.0 and 0.0 are one value
        first = int(self.reserves_zero)
        used = self.counts() > 0
        used[:first] = False
        if first and drop_live_zeros:
            used &= wide != 0
        kept, ranks = np.unique(wide[used], return_inverse=True)
        renumbered = np.zeros(len(wide), np.uint16)
        renumbered[used] = first + ranks
        codebook = np.concatenate([np.zeros(first), kept]).astype(self.codebook.dtype)
        smallest = np.uint8 if len(codebook) <= 256 else np.uint16
        return CodebookTensor(renumbered[self.codes].astype(smallest), codebook, self.reserves_zero)
