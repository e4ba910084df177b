"""Which entries of a tensor share a scale: all of it, those of one index of an axis, or a group in a row."""

from __future__ import annotations

from math import prod

import numpy as np

from ..errors import ConfigError
from .arrays import Array, Floats

Shape = tuple[int, ...]


def check_blocks(shape: Shape, axis: int | None, group: int | None) -> None:
    """Raises ConfigError for an axis that the shape lacks, for groups below 1 and for both together."""
    if axis is not None and group is not None:
        raise ConfigError("an axis or groups", expected="one of them", found=f"axis {axis} and group {group}")
    if axis is not None and not 0 <= axis < len(shape):
        raise ConfigError("axis", expected=f"0 to {len(shape) - 1}", found=axis)
    if group is not None and (group < 1 or not shape):
        raise ConfigError("group", expected="1 or more, of a tensor with rows", found=f"{group} of shape {shape}")


def from_the_front(axis: int | None, shape: Shape) -> int | None:
    """The axis, a negative one counted from the last dimension. Raises ConfigError for one that the shape lacks."""
    if axis is None or 0 <= axis < len(shape):
        return axis
    if not -len(shape) <= axis < 0:
        expected = f"{-len(shape)} to {len(shape) - 1}" if shape else "none of a tensor without dimensions"
        raise ConfigError("axis", expected=expected, found=axis)
    return axis + len(shape)


def parameter_shape(shape: Shape, axis: int | None, group: int | None) -> Shape:
    """The shape of the scales: (), (shape[axis],) or (rows, groups in a row)."""
    if axis is not None:
        return (shape[axis],)
    if group is not None:
        return (shape[0], -(-prod(shape[1:]) // group))
    return ()


def within_row(group: int, shape: Shape) -> int:
    """The group, which may be longer than a row, as long as a row at most: what it takes is made as long."""
    return min(group, max(prod(shape[1:]), 1))


def spread(parameters: Array, shape: Shape, axis: int | None, group: int | None) -> Array:
    """The parameters as an array that broadcasts against one of `shape`."""
    if axis is not None:
        return parameters.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    if group is not None:
        columns = prod(shape[1:])
        return np.repeat(parameters, within_row(group, shape), axis=1)[:, :columns].reshape(shape)
    return parameters


def ranges(values: Floats, axis: int | None, group: int | None) -> tuple[Floats, Floats]:
    """Least and largest value of each block, 0.0 included, as two arrays of `parameter_shape`."""
    blocks = _blocks(values, axis, group)
    return np.asarray(blocks.min(-1, initial=0.0)), np.asarray(blocks.max(-1, initial=0.0))


def _blocks(values: Floats, axis: int | None, group: int | None) -> Floats:
    """The entries of each block along the last dimension; short groups are padded with 0.0, which all ranges hold."""
    if axis is not None:
        others = prod(values.shape[:axis] + values.shape[axis + 1 :])
        return np.moveaxis(values, axis, 0).reshape(values.shape[axis], others)
    if group is not None:
        group = within_row(group, values.shape)
        rows, count = parameter_shape(values.shape, axis, group)
        flat = values.reshape(rows, prod(values.shape[1:]))
        return np.pad(flat, ((0, 0), (0, count * group - flat.shape[1]))).reshape(rows, count, group)
    return values.reshape(-1)
