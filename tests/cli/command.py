"""Runs the command line as users do, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from click.testing import CliRunner

from spformat.cli import main

# What the caller's environment says about Python and the screen is not what the tests are about.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COLUMNS", "SPFORMAT"))}
COMMAND = [sys.executable, "-m", "spformat"]


class Result:
    """Exit code and output of a run."""

    def __init__(self, process: subprocess.CompletedProcess[bytes]) -> None:
        self.code = process.returncode
        self.out = process.stdout.decode()
        self.err = process.stderr.decode()

    @property
    def json(self) -> Any:
        """Stdout, which must be strict JSON and nothing else."""
        return json.loads(self.out, parse_constant=_not_json)


def _not_json(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def run(*args: str | bytes | Path, cwd: Path | None = None, **variables: str) -> Result:
    """Runs `spformat ARGS`; keywords are variables of its environment."""
    environment = {**ENVIRONMENT, **variables}
    return Result(subprocess.run([*COMMAND, *args], cwd=cwd, env=environment, capture_output=True, timeout=120))


def done(*args: str | bytes | Path, cwd: Path | None = None, **variables: str) -> Result:
    """The same, for runs that must end well and say nothing on stderr."""
    result = run(*args, cwd=cwd, **variables)
    assert (result.code, result.err) == (0, "")
    return result


def failed(*args: str | bytes | Path, cwd: Path | None = None, **variables: str) -> str:
    """The message of a run that must end with 1, one line on stderr and nothing on stdout."""
    result = run(*args, cwd=cwd, **variables)
    assert (result.code, result.out) == (1, "")
    return one_error(result)


def misused(*args: str) -> str:
    """The last line of a run that must end with 2; in this process, since usage errors come early."""
    result = CliRunner().invoke(main, args, prog_name="spformat")
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Usage: spformat")
    return result.stderr.splitlines()[-1]


def one_error(result: Result) -> str:
    """The message of the one line on stderr."""
    assert result.err.count("\n") == 1, result.err
    assert result.err.startswith("spformat: error: "), result.err
    return result.err.removeprefix("spformat: error: ").rstrip("\n")


def lecture_matrix() -> npt.NDArray[np.float32]:
    """The lecture's matrix, float32 (6, 15)."""
    matrix = np.zeros((6, 15), np.float32)
    places = [(0, 0), (1, 3), (1, 4), (2, 5), (3, 5), (4, 7), (4, 10), (5, 13)]
    for place, value in zip(places, [1.2, 0.6, 3.4, 3.0, 0.9, 2.7, -0.2, 2.1], strict=True):
        matrix[place] = value
    return matrix


def pruned(shape: tuple[int, ...], density: float, seed: int = 0) -> npt.NDArray[np.float32]:
    """Random numbers of which a share of `density` is not zero."""
    rng = np.random.default_rng(seed)
    array = rng.normal(size=shape).astype(np.float32)
    array[rng.random(shape) >= density] = 0
    return array


def model() -> dict[str, npt.NDArray[Any]]:
    """Some tensors of different kinds and layouts."""
    return {
        "bias": np.arange(10, dtype=np.float32),
        "conv": pruned((8, 4, 3, 3), 0.3).astype(np.float16),
        "dense": pruned((20, 30), 1.0),
        "empty": np.zeros((0, 3), np.float64),
        "scalar": np.array(7, np.int64),
        "weight": pruned((64, 96), 0.1),
        "zeros": np.zeros((50, 50), np.float32),
    }


def save_npz(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """np.savez, which takes names as keywords, for names of any kind."""
    save: Any = np.savez
    save(path, **arrays)
