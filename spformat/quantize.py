"""What to quantize, and how: the requests of `--quantize`, by names and kinds of tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dtypes import BY_NAME, DType
from .errors import ConfigError, SourceError
from .patterns import VECTOR, check, first_that_fits, fits
from .quantization import AffineScheme, CodebookTensor, fidelity, quantize_affine, quantize_binary, quantize_codebook
from .quantized import Quantized, QuantizedTensor

Array = NDArray[Any]
_TYPES = {BY_NAME[name] for name in ("F16", "BF16", "F32", "F64")}
_STARTS = ("histogram", "linear", "density", "random", "optimal")
_HOW = re.compile(
    rf"codebook:(?P<book>[1-8])(?::(?P<start>{'|'.join(_STARTS)}))?"
    r"|int(?P<integers>[2-8])(?::(?P<options>[a-z0-9=,]+))?|binary(?P<one>:tensor)?"
)
FORMS = (
    f"codebook:1 to codebook:8 ({', '.join(f':{start}' for start in _STARTS)}), "
    "int2 to int8 (:tensor, :group=N, :asymmetric), binary, binary:tensor"
)


@dataclass(frozen=True)
class Recipe:
    """One way to quantize, as parsed from text.

    "codebook:5": 2**5 values by k-means of the nonzeros, zeros stay. "codebook:5:linear", ":density", ":random": from
    the first centroids of Deep Compression, which recommends the linear ones; ":histogram": from the best ones of a
    histogram, as without a name; ":optimal": the best of all, hardly better and much slower. "int8", "int4":
    symmetric integers, a scale for each index of dimension 0; ":tensor" one scale for all, ":group=64" one for so many
    weights of a row, ":asymmetric" with zero points; joined by commas. "binary": signs and the mean magnitude of each
    index of dimension 0; "binary:tensor": of all.
    """

    text: str

    def __post_init__(self) -> None:
        found = _HOW.fullmatch(self.text) if isinstance(self.text, str) else None
        if found is None:
            raise ConfigError("no way to quantize", expected=FORMS, found=repr(self.text))
        if found["integers"]:
            self._scheme(np.zeros((1, 1)))

    @property
    def keeps_zeros(self) -> bool:
        """Whether weights of zero stay zero."""
        return not self.text.startswith("binary")

    def apply(self, weights: Array) -> QuantizedTensor:
        """Quantizes a float array. Raises ConfigError for NaN and infinities."""
        found = _HOW.fullmatch(self.text)
        assert found is not None
        if found["book"]:
            return _shared(weights, int(found["book"]), found["start"] or "histogram")
        if found["integers"]:
            return quantize_affine(weights, self._scheme(weights))
        return quantize_binary(weights, "tensor" if found["one"] or not weights.ndim else "filter")

    def _scheme(self, weights: Array) -> AffineScheme:
        found = _HOW.fullmatch(self.text)
        assert found is not None
        options = found["options"].split(",") if found["options"] else []
        groups = [int(option[6:]) for option in options if re.fullmatch("group=[1-9][0-9]{0,8}", option)]
        others = {option for option in options if not option.startswith("group=")}
        if not others <= {"tensor", "asymmetric"} or len(groups) + len(others) != len(options):
            raise ConfigError("no way to quantize", expected=FORMS, found=repr(self.text))
        if len(groups) + ("tensor" in others) > 1:
            raise ConfigError("one scale or groups", expected="one of them", found=repr(self.text))
        one = bool(groups) or "tensor" in others or not weights.ndim
        axis, group = None if one else 0, groups[0] if groups else None
        return AffineScheme(int(found["integers"]), symmetric="asymmetric" not in others, axis=axis, group=group)


def _shared(weights: Array, bits: int, start: str) -> CodebookTensor:
    if start == "optimal":
        return quantize_codebook(weights, bits, zeros="apart", method="optimal")
    return quantize_codebook(weights, bits, zeros="apart", init=start)


@dataclass(frozen=True)
class Quantizer:
    """Which tensors are quantized and how.

    rules: (pattern, recipe) in order; the first pattern that fits decides (a recipe of None: left alone).
    include: patterns of which one must fit. exclude: patterns of which none may. Patterns: see patterns.fits.
    Tensors of rank 0 and 1 are quantized only when `include` names them, or a rule for "@vector" is theirs.
    """

    rules: tuple[tuple[str, Recipe | None], ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, asked: str | Mapping[str, str | None], include: Sequence[str] = (), exclude: Sequence[str] = ()
    ) -> Quantizer:
        """From one recipe for all, or from patterns and their recipes. Raises ConfigError."""
        pairs = {"*": asked} if isinstance(asked, str) else asked
        if not isinstance(pairs, Mapping) or not all(isinstance(pattern, str) for pattern in pairs):
            wanted = "text such as 'int8', or a mapping from patterns to that or None"
            raise ConfigError("no way to quantize", expected=wanted, found=repr(asked))
        rules = tuple((check(pattern), None if text is None else Recipe(text)) for pattern, text in pairs.items())
        return cls(rules, tuple(map(check, include)), tuple(map(check, exclude)))

    def recipe(self, name: str, dtype: DType, shape: tuple[int, ...]) -> Recipe | None:
        """How a tensor is to be quantized; None when it is not."""
        rule = self._rule(name, dtype, shape)
        return None if rule is None else rule[1]

    def unused(self, specs: Mapping[str, tuple[DType, tuple[int, ...]]]) -> list[str]:
        """The patterns with a recipe that decide about none of these tensors."""
        rules = [self._rule(name, *spec) for name, spec in specs.items()]
        used = {rule[0] for rule in rules if rule is not None}
        return [pattern for pattern, recipe in self.rules if recipe is not None and pattern not in used]

    def _rule(self, name: str, dtype: DType, shape: tuple[int, ...]) -> tuple[str, Recipe | None] | None:
        """The rule that decides about a tensor."""
        rank = len(shape)
        if dtype not in _TYPES or _one_fits(self.exclude, name, rank):
            return None
        if self.include and not _one_fits(self.include, name, rank):
            return None
        # A bias is small and much depends on it: a pattern for all tensors does not mean it.
        rules = self.rules if self.include or rank > 1 else [rule for rule in self.rules if rule[0] == VECTOR]
        return first_that_fits([(rule[0], rule) for rule in rules], name, rank)

    def apply(self, name: str, array: Array, dtype: DType) -> Quantized | None:
        """The tensor quantized, with what it lost; None when it is to be left alone.

        Affine and binary tensors are float32, whatever the original's type. Raises SourceError for weights that
        cannot be quantized.
        """
        recipe = self.recipe(name, dtype, array.shape)
        if recipe is None or dtype.numpy is None:
            return None
        weights = array.view(dtype.numpy) if array.dtype != dtype.numpy else array
        try:
            tensor = recipe.apply(weights)
            return Quantized(tensor, fidelity(weights, tensor.dequantize()))
        except ConfigError as error:
            raise SourceError(f"cannot be quantized: {error}", tensor=name) from None


def _one_fits(patterns: Sequence[str], name: str, rank: int) -> bool:
    return any(fits(pattern, name, rank) for pattern in patterns)
