"""What must hold for a mutated file: an error of spformat, or the right numbers."""

from __future__ import annotations

from dataclasses import dataclass

from spformat import _native
from spformat.errors import SpformatError
from tests import forge

from .content import Content, content_of
from .mutants import Mutant


@dataclass(frozen=True)
class Verdict:
    """`outcome`: kind of the error, or "read". `wrong`: what should not have been, None when all is well."""

    outcome: str
    wrong: str | None = None


def judge(mutant: Mutant, both: bool) -> Verdict:
    """Reads a mutated file; with `both`, with the scalar loops too, which must come to the same."""
    verdict, content = _read(mutant)
    if both and verdict.wrong is None:
        fastest = _native.simd_name()
        _native.select_simd("scalar")
        try:
            again, scalar = _read(mutant)
        finally:
            _native.select_simd(fastest)
        if again.outcome != verdict.outcome or scalar != content:
            return Verdict(verdict.outcome, f"the scalar loops come to {again.outcome}, or to other numbers")
    return verdict


def _read(mutant: Mutant) -> tuple[Verdict, Content | None]:
    try:
        content = content_of(mutant.data)
    except SpformatError as error:
        out_of_memory = "more memory was asked for than the budget" if error.kind == "limits/memory" else None
        return Verdict(error.kind or type(error).__name__, out_of_memory), None
    except Exception as error:  # anything else is what is looked for
        return Verdict(type(error).__name__, f"{type(error).__name__}: {error}"[:300]), None
    return Verdict("read", _wrong_numbers(mutant, content)), content


def _wrong_numbers(mutant: Mutant, content: Content) -> str | None:
    """Of a file whose digests were not forged, everything must be as in a parent. Else every tensor must have the
    digest that stands in the file, and be what a parent has under that digest."""
    if not mutant.forged:
        return None if content in [parent.content for parent in mutant.parents] else "not what was packed"
    known = {tensor.digest: tensor.data for parent in mutant.parents for tensor in parent.content.tensors.values()}
    for name, tensor in content.tensors.items():
        if forge.digest(tensor.data) != tensor.digest:
            return f"{name!r} does not have its digest"
        if known.get(tensor.digest, tensor.data) != tensor.data:
            return f"{name!r} is not what was packed under its digest"
    return None
