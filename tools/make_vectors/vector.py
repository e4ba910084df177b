"""What a vector is: the bytes of a file, and a JSON beside it that says what is in them or what is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

FEW = 24  # elements of a tensor whose values stand in the JSON


@dataclass(frozen=True)
class Expected:
    """A tensor as a decoder must give it back: bit patterns in C order, one integer for each element."""

    name: str
    dtype: str
    shape: list[int]
    digest: int
    patterns: list[int]
    itemsize: int
    tied_to: str | None = None
    is_copy: bool = False

    def described(self) -> dict[str, Any]:
        about: dict[str, Any] = {"name": self.name, "dtype": self.dtype, "shape": self.shape}
        about["digest"] = f"{self.digest:016x}"
        if self.tied_to is not None:
            about["tied_to"] = self.tied_to
        if self.is_copy:
            about["copy"] = True
        if len(self.patterns) <= FEW:
            about["values"] = [f"{pattern:0{2 * self.itemsize}x}" for pattern in self.patterns]
        return about


@dataclass(frozen=True)
class Valid:
    """A file that every decoder reads. `name` is its path below spec/vectors/valid, without the suffix."""

    name: str
    why: str
    data: bytes
    tensors: list[Expected]
    metadata: dict[str, Any]
    since: str = "1.0"

    @property
    def path(self) -> str:
        return f"valid/{self.name}"

    def described(self) -> str:
        about: dict[str, Any] = {"why": self.why, "since": self.since, "metadata": self.metadata}
        tensors = ",".join("\n  " + json.dumps(tensor.described()) for tensor in self.tensors)
        return _text(about)[:-3] + f',\n "tensors": [{tensors}\n ]\n}}\n'


@dataclass(frozen=True)
class Invalid:
    """A file that breaks one rule. `tensor` and `block` say where, None where the rule is not about one."""

    rule: str
    name: str
    why: str
    data: bytes
    tensor: str | None = None
    block: int | None = None
    since: str = "1.0"

    @property
    def path(self) -> str:
        return f"invalid/{self.rule}/{self.name}"

    def described(self) -> str:
        about: dict[str, Any] = {"why": self.why, "since": self.since, "rule": self.rule}
        return _text(about | {"tensor": self.tensor, "block": self.block})


Vector = Valid | Invalid


def _text(about: dict[str, Any]) -> str:
    lines = ",\n ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in about.items())
    return "{\n " + lines + "\n}\n"
