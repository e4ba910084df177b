"""Which tensors of a torch checkpoint are the model, and what they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import SourceError
from .wording import human_bytes, listing, plural

# Under these names training programs keep the model beside optimizer, epoch and the like.
WELL_KNOWN = {
    "state_dict", "model_state_dict", "model", "module", "net", "network", "weights", "params", "generator",
    "ema", "ema_state_dict", "model_ema", "params_ema", "state_dict_ema",
}  # fmt: skip
EVERYTHING = "."
MAX_DEPTH = 64
MAX_NODES = 10_000_000  # a pickle of a few hundred bytes can describe a tree of 2^60 shared nodes

Leaf = tuple[str, Any]


class CheckpointTree:
    """The containers of a checkpoint, with `is_tensor` and `nbytes` to tell what lies in them."""

    def __init__(self, root: object, is_tensor: Callable[[Any], bool], nbytes: Callable[[Any], int]) -> None:
        self._root = root
        self._is_tensor = is_tensor
        self._nbytes = nbytes
        self._nodes = 0
        self.notes: list[str] = []

    def select(self, key: str | None) -> dict[str, Any]:
        """Name -> tensor; says in `notes` what was left out. Raises SourceError when there is no clear
        answer.
        """
        if self._is_tensor(self._root):
            if key in (None, EVERYTHING):
                return {"tensor": self._root}
            raise SourceError(f"is one bare tensor; there is no --key {key}")
        if key is None:
            return self._well_known()
        if key == EVERYTHING:
            return self._flatten(self._root)
        return self._flatten(self._find(key), key)

    def _well_known(self) -> dict[str, Any]:
        root = self._root
        if not isinstance(root, Mapping):
            return self._flatten(root)
        holding = [key for key, value in root.items() if self._holds_tensors(value)]
        known = [key for key in holding if key in WELL_KNOWN and not self._is_tensor(root[key])]
        if len(known) > 1:
            choices = ", ".join(f"--key {key}" for key in known)
            raise SourceError(f"holds several models: choose one with {choices}, or everything with --key .")
        if known:
            self._note_left_out({key: value for key, value in root.items() if key != known[0]})
            return self._flatten(root[known[0]], known[0])
        containers = [_text(key) for key in holding if not self._is_tensor(root[key])]
        tensors = self._flatten(root)
        if containers:
            self.notes.append(f"flattened {listing(containers)} into dotted names; --key takes one alone")
        return tensors

    def _find(self, key: str) -> object:
        """The node at a dotted path; a key may itself contain dots, so the longest match is tried first."""
        node, rest = self._root, key
        while rest:
            children = dict(_children(node))
            parts = rest.split(".")
            fits = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
            step = next((name for name in fits if name in children), None)
            if step is None:
                there = [name for name, child in children.items() if self._holds_tensors(child)]
                raise SourceError(f"has no {key!r}; instead of {rest!r}: {listing(there) or 'no tensors'}")
            node, rest = children[step], rest[len(step) + 1 :]
        return node

    def _flatten(self, node: object, path: str = "") -> dict[str, Any]:
        if self._is_tensor(node):
            return {path.rpartition(".")[2]: node}
        tensors: dict[str, Any] = {}
        others = []
        for name, leaf in self._leaves(node, "", 0):
            if not self._is_tensor(leaf):
                others.append(name)
            elif name in tensors:
                raise SourceError(f"two tensors get the name {name!r}; choose a part with --key")
            else:
                tensors[name] = leaf
        if others:
            self.notes.append(f"left out, not tensors: {listing(others)}")
        if not tensors:
            raise SourceError("holds no tensors")
        return tensors

    def _leaves(self, node: object, prefix: str, depth: int) -> Iterator[Leaf]:
        """Tensors and other values with dotted names. Raises SourceError for what only a hostile file
        contains.
        """
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise SourceError("is nested too deeply, or contains itself")
        if not _is_container(node):
            yield prefix, node
            return
        for name, child in _children(node):
            yield from self._leaves(child, f"{prefix}.{name}" if prefix else name, depth + 1)

    def _holds_tensors(self, node: object) -> bool:
        return any(self._is_tensor(leaf) for _, leaf in self._leaves(node, "", 0))

    def _note_left_out(self, rest: Mapping[Any, Any]) -> None:
        plain = []
        for key, value in rest.items():
            sizes = [self._nbytes(leaf) for _, leaf in self._leaves(value, "", 0) if self._is_tensor(leaf)]
            if sizes:
                what = f"{plural(len(sizes), 'tensor')}, {human_bytes(sum(sizes))}"
                self.notes.append(f"left out: {_text(key)} ({what})")
            else:
                plain.append(_text(key))
        if plain:
            self.notes.append(f"left out, not tensors: {listing(plain)}")


def _is_container(node: object) -> bool:
    return isinstance(node, (Mapping, list, tuple))


def _children(node: object) -> Iterator[Leaf]:
    if isinstance(node, Mapping):
        yield from ((_text(key), child) for key, child in node.items())
    elif isinstance(node, (list, tuple)):
        yield from ((str(number), child) for number, child in enumerate(node))


def _text(key: object) -> str:
    """A key as text; checkpoints of Python 2 have bytes, those of optimizers numbers."""
    return key.decode("utf-8", "surrogateescape") if isinstance(key, bytes) else str(key)
