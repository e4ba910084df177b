"""From one layer to the next: which weights lead to a unit, which lead away, and what lies between."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import PruningError
from ..torch_arrays import torch

Tensor = torch.Tensor
Module = torch.nn.Module
nn, functional = torch.nn, torch.nn.functional


class Unsuited(Exception):  # noqa: N818  (never leaves the package)
    """Why units cannot be removed from a layer exactly."""


# What a constant goes through as any value does. Pooling is right for these because no padding mixes in a zero:
# max pooling pads with -inf, and average pooling is looked at separately.
ELEMENTWISE = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Tanh, nn.Sigmoid,
    nn.Softplus, nn.Softsign, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.Identity,
)  # fmt: skip
POOLING = (nn.MaxPool2d, nn.AdaptiveMaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
SILENT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.MaxPool2d, nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
FUNCTIONS: dict[Any, Callable[[Tensor], Tensor] | None] = {
    torch.relu: torch.relu, functional.relu: torch.relu, torch.tanh: torch.tanh, torch.sigmoid: torch.sigmoid,
    functional.gelu: functional.gelu, functional.silu: functional.silu, functional.dropout: None,
    functional.max_pool2d: None, torch.max_pool2d: None, functional.adaptive_avg_pool2d: None, torch.flatten: None,
}  # fmt: skip
POOLING_FUNCTIONS = (functional.max_pool2d, torch.max_pool2d, functional.adaptive_avg_pool2d)
METHODS: dict[str, Callable[[Tensor], Tensor] | None] = {
    "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "flatten": None, "view": None, "reshape": None,
}  # fmt: skip
FLATTENING = ("flatten", "view", "reshape")


@dataclass
class Link:
    """A layer, what its output goes through, and the layer that takes it. name: of the first layer."""

    name: str
    first: Any
    steps: list[Any]  # functions and BatchNorm modules, in order
    second: Any

    @property
    def units(self) -> int:
        """Outputs of the first layer."""
        return len(self.first.weight)

    @property
    def can_fold(self) -> bool:
        """Whether a constant other than zero reaches every output of the second layer alike."""
        if isinstance(self.second, nn.Linear):
            return True
        padding = self.second.padding
        return padding == "valid" or (not isinstance(padding, str) and not any(padding))

    @property
    def why_not(self) -> str:
        """The reason if not."""
        return "a constant output meets the zero padding of the next convolution, which does not add it at borders"

    def incoming(self) -> Tensor:
        """(units, weights that lead to each)."""
        return self.first.weight.reshape(self.units, -1)  # type: ignore[no-any-return]

    def outgoing(self) -> Tensor:
        """(units, weights that lead from each), also where a unit is several features after flattening."""
        weight = self.second.weight
        return weight.transpose(0, 1).reshape(self.units, -1)  # type: ignore[no-any-return]

    def constants(self) -> Tensor:
        """What each unit would give to the second layer if all its incoming weights were zero; float64."""
        value: Tensor = self.first.weight.new_zeros(self.units, dtype=torch.float64)
        if self.first.bias is not None:
            value += self.first.bias  # not the bias itself: a function may work in place
        for step in self.steps:
            value = _normalized(step, value) if isinstance(step, NORMS) else step(value)
        if not torch.isfinite(value).all():
            raise Unsuited("a constant output is NaN or infinite")
        return value

    def fold(self, constants: Tensor) -> None:
        """Add what these outputs contribute to the second layer's bias, which it gets if it has none."""
        if not constants.any():
            return
        weight = self.second.weight.double()
        outputs = len(weight)
        sums = weight.reshape(outputs, self.units, -1).sum(2) @ constants
        before = self.second.bias
        total = sums if before is None else before.double() + sums
        like = self.second.weight if before is None else before
        self.second.bias = _like(like, total.to(like.dtype))

    def select(self, kept: Tensor) -> None:
        """Leave only the units with these indices."""
        weight = self.second.weight
        shape = (len(weight), self.units, -1) if isinstance(self.second, nn.Linear) else weight.shape
        chosen = weight.reshape(shape)[:, kept]
        self.second.weight = _like(weight, chosen.reshape(len(weight), -1) if weight.ndim == 2 else chosen)
        self.first.weight = _like(self.first.weight, self.first.weight[kept])
        if self.first.bias is not None:
            self.first.bias = _like(self.first.bias, self.first.bias[kept])
        for step in self.steps:
            if isinstance(step, NORMS):
                _select_norm(step, kept)
        self._name_sizes()

    def _name_sizes(self) -> None:
        for layer, side, axis in ((self.first, "out", 0), (self.second, "in", 1)):
            kind = "features" if isinstance(layer, nn.Linear) else "channels"
            setattr(layer, f"{side}_{kind}", layer.weight.shape[axis])


@dataclass(frozen=True)
class Links:
    """links: where units may be removed, from input to output. refused: other layers -> the reason."""

    links: list[Link]
    refused: dict[str, str]


def links(model: Module) -> Links:
    """What torch.fx finds. Raises PruningError when it cannot trace the model."""
    from torch.fx import Tracer  # only here: it takes a while to import

    try:
        graph = Tracer().trace(model)
    except Exception as error:
        raise PruningError(f"the model cannot be traced, so what its layers feed is not known: {error}") from error
    modules = dict(model.named_modules())
    uses = _uses(model, graph.nodes)
    found, refused = [], {}
    for node in graph.nodes:
        if node.op == "call_module" and _is_layer(modules[node.target]):
            try:
                link = _follow(node, modules, uses)
                if link is not None:
                    found.append(link)
            except Unsuited as reason:
                refused[str(node.target)] = str(reason)
    return Links(found, refused)


def _uses(model: Module, nodes: Any) -> Counter[str]:
    """How often each module is called, or its parameters are read by others."""
    uses = Counter(str(node.target) for node in nodes if node.op == "call_module")
    uses.update(str(node.target).rpartition(".")[0] for node in nodes if node.op == "get_attr")
    owners: dict[Tensor, list[str]] = {}
    for name, module in model.named_modules():
        for parameter in module.parameters(recurse=False):
            owners.setdefault(parameter, []).append(name)
    uses.update(name for sharing in owners.values() for name in sharing if len(sharing) > 1)
    return uses


def _is_layer(module: Module) -> bool:
    return isinstance(module, (nn.Linear, nn.Conv2d))


def _follow(node: Any, modules: dict[str, Module], uses: Mapping[str, int]) -> Link | None:
    """The link that begins at a layer; None where its output is the network's. Raises Unsuited."""
    first: Any = modules[node.target]
    steps: list[Any] = []
    _check_layer(first, uses[node.target])
    at, flat = node, False
    while True:
        users = [user for user in at.users if not _asks_for_shape(user)]
        if any(user.op == "output" for user in users):
            return None
        if len(users) != 1:
            raise Unsuited(f"its output is used {len(users)} times")
        at = users[0]
        module = modules.get(str(at.target)) if at.op == "call_module" else None
        if module is not None and _is_layer(module):
            _check_layer(module, uses[at.target])
            _check_order(first, module, flat)
            return Link(str(node.target), first, steps, module)
        if module is not None and uses[at.target] > 1 and isinstance(module, NORMS):
            raise Unsuited("a normalization after it is used more than once")
        if isinstance(first, nn.Linear) and (isinstance(module, POOLING) or at.target in POOLING_FUNCTIONS):
            raise Unsuited("its units are pooled")
        step = _step(at, module)
        flat = flat or _is_flattening(at, module)
        if isinstance(step, NORMS) and step.num_features != len(first.weight):
            raise Unsuited("a normalization after it is not over its units")
        if step is not None:
            steps.append(step)


def _check_layer(layer: Any, times: int) -> None:
    if times > 1:
        raise Unsuited("a layer or its weight is used more than once")
    if layer._parameters.get("weight") is None:
        raise Unsuited("a weight is no plain parameter")
    if isinstance(layer, nn.Conv2d) and (layer.groups != 1 or layer.padding_mode != "zeros"):
        raise Unsuited("a convolution has groups or a padding other than zeros")


def _check_order(first: Module, second: Module, flat: bool) -> None:
    """Raises Unsuited unless the units of `first` are the inputs of `second`, or lie side by side in them."""
    if isinstance(first, nn.Linear) and (flat or not isinstance(second, nn.Linear)):
        raise Unsuited("its units are rearranged before the next layer")
    if isinstance(first, nn.Conv2d) and flat != isinstance(second, nn.Linear):
        raise Unsuited("the next dense layer is not fed with flattened channels")


def _asks_for_shape(node: Any) -> bool:
    shape = node.op == "call_function" and node.target is getattr and node.args[1] == "shape"
    return bool(shape or (node.op == "call_method" and node.target == "size"))


def _step(node: Any, module: Module | None) -> Any:
    """The function on a constant that a node is, its BatchNorm module, or None where it changes no constant."""
    if module is not None:
        if isinstance(module, NORMS) and module.running_mean is not None:
            return module
        if isinstance(module, ELEMENTWISE):
            return module
        if isinstance(module, SILENT) or _is_plain(module):
            return None
        raise Unsuited(f"{type(module).__name__} comes after it")
    table: dict[Any, Any] = FUNCTIONS if node.op == "call_function" else METHODS if node.op == "call_method" else {}
    if node.target not in table:
        raise Unsuited(f"{_name(node)} comes after it")
    if _name(node) in FLATTENING and not _flattens(node):
        raise Unsuited("it is reshaped in another way than flattened")
    if table[node.target] is not None and (len(node.args) > 1 or set(node.kwargs) - {"inplace"}):
        raise Unsuited(f"{_name(node)} comes after it, with options")
    return table[node.target]


def _name(node: Any) -> str:
    return str(getattr(node.target, "__name__", node.target))


def _is_flattening(node: Any, module: Module | None) -> bool:
    return isinstance(module, nn.Flatten) or (module is None and _name(node) in FLATTENING)


def _is_plain(module: Any) -> bool:
    if isinstance(module, nn.Flatten):
        return (module.start_dim, module.end_dim) == (1, -1)
    return isinstance(module, nn.AvgPool2d) and module.padding in (0, (0, 0)) and module.divisor_override is None


def _flattens(node: Any) -> bool:
    if _name(node) == "flatten":
        start = node.kwargs.get("start_dim", node.args[1] if len(node.args) > 1 else 0)
        return start == 1 and "end_dim" not in node.kwargs and len(node.args) < 3
    return len(node.args) == 3 and node.args[2] == -1 and _is_batch_size(node.args[1])


def _is_batch_size(node: Any) -> bool:
    """Whether it is x.size(0), x.shape[0] or x.size()[0]."""
    if getattr(node, "target", None) is operator.getitem:
        return bool(_asks_for_shape(node.args[0]) and node.args[1] == 0)
    return getattr(node, "target", None) == "size" and node.args[1:] == (0,)


def _normalized(norm: Any, value: Tensor) -> Tensor:
    scale = torch.rsqrt(norm.running_var.double() + norm.eps)
    value = (value - norm.running_mean.double()) * scale
    return value if norm.weight is None else value * norm.weight.double() + norm.bias.double()


def _select_norm(norm: Any, kept: Tensor) -> None:
    norm.running_mean, norm.running_var = norm.running_mean[kept], norm.running_var[kept]
    norm.num_features = len(kept)
    if norm.weight is not None:
        norm.weight, norm.bias = _like(norm.weight, norm.weight[kept]), _like(norm.bias, norm.bias[kept])


def _like(parameter: Tensor, values: Tensor) -> nn.Parameter:
    return nn.Parameter(values.clone(), requires_grad=parameter.requires_grad)
