"""Every error that spformat raises.

    SpformatError
    +-- FormatError              the file is not what it should be
    |   +-- NotSpformatError     it does not begin (or end) as an spformat file does
    |   +-- TruncatedError       it ends too early
    |   +-- ChecksumError        stored bytes do not have the digest that the index gives
    |   +-- CorruptError         a declared number or a stream breaks a rule of the specification
    |   +-- UnsupportedError     it needs a feature that this version does not have
    +-- LimitError               the file asks for more than the reader's budget
    +-- SourceError              a file or tensor that should be packed cannot be (format, dtype, content)
    +-- ConfigError              a setting or argument is not possible (a ValueError too)
    +-- PruningError             a model or tensor cannot be pruned as was asked (a ValueError too)
    +-- TensorNotFoundError      no tensor of that name (a KeyError too)
    +-- MissingExtraError        an optional package is not installed (an ImportError too)

Each carries where it happened and what was found, as attributes that are None where they do not apply.
"""

from __future__ import annotations


class SpformatError(Exception):
    """Base of all errors of spformat.

    Attributes: `kind` (identifier of the broken rule in spec/format.md, such as "footer/digest"), `path` (of the file
    that is read), `tensor` (name), `block` (number of the block in the tensor), `offset` (byte of the file: of the
    field where it has a place of its own, else of the index or block that holds it), `expected` and `found`.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str | None = None,
        tensor: str | None = None,
        block: int | None = None,
        offset: int | None = None,
        expected: object = None,
        found: object = None,
        path: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.tensor = tensor
        self.block = block
        self.offset = offset
        self.expected = expected
        self.found = found
        self.path = path

    def __str__(self) -> str:
        text = self.message if self.path is None else f"{self.path}: {self.message}"
        values = [("expected", self.expected), ("found", self.found)]
        said = ", ".join(f"{name} {value}" for name, value in values if value is not None)
        text += f": {said}" if said else ""
        where = []
        if self.tensor is not None:
            where.append(f"tensor {self.tensor!r}")
        if self.block is not None:
            where.append(f"block {self.block}")
        if self.offset is not None:
            where.append(f"byte {self.offset}")
        if self.kind is not None:
            where.append(self.kind)
        return f"{text} ({', '.join(where)})" if where else text


class FormatError(SpformatError):
    """The file is not what it should be."""


class NotSpformatError(FormatError):
    """The bytes do not begin or end as an spformat file does."""


class TruncatedError(FormatError):
    """The file ends before what it declares."""


class ChecksumError(FormatError):
    """Stored or decoded bytes do not have the digest that the index gives."""


class CorruptError(FormatError):
    """A declared number or a stream breaks a rule of the specification."""


class UnsupportedError(FormatError):
    """The file needs a feature that this version does not have; the message names it."""


class LimitError(SpformatError):
    """The file asks for more than the reader's budget allows (see spformat.limits)."""


class SourceError(SpformatError):
    """A file or tensor that should be packed cannot be."""


class ConfigError(SpformatError, ValueError):
    """A setting or argument is not possible, by itself or together with the others."""


class PruningError(SpformatError, ValueError):
    """A model or tensor cannot be pruned as was asked: a number or name makes no sense, or it holds NaN."""


class TensorNotFoundError(SpformatError, KeyError):
    """The file has no tensor of that name."""

    __str__ = SpformatError.__str__  # KeyError would print the repr of its argument


class MissingExtraError(SpformatError, ImportError):
    """An optional package is needed and not installed; the message names the extra."""
