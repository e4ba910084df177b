"""The program as a whole: help, version, usage errors, and what it imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

import spformat
from spformat.cli import COMMANDS
from tests.cli.command import COMMAND, ENVIRONMENT, done, misused, run


def test_help_lists_every_command() -> None:
    out = done("--help").out
    for command in COMMANDS:
        assert f"\n  {command} " in out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command: str) -> None:
    out = done(command, "--help").out
    assert out.startswith(f"Usage: spformat {command} [OPTIONS]")
    assert "--json" in out


def test_version() -> None:
    assert done("--version").out == f"spformat {spformat.__version__}\n"


def test_help_imports_nothing_that_takes_time() -> None:
    code = (
        "import sys; from spformat.cli import main; main(['--help'], standalone_mode=False); "
        "print(*{'numpy', 'torch', 'rich', 'msgpack', 'ml_dtypes'} & set(sys.modules), file=sys.stderr)"
    )
    process = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, check=True)
    assert process.stderr == b"\n"


@pytest.mark.parametrize(
    "args",
    [
        ["frobnicate"],
        ["prune", "a"],
        ["--frobnicate"],
        ["pack", "only-one.npy"],
        ["pack", "a.npy", "b.spf", "c.spf"],
        ["inspect"],
        ["verify", "a.spf", "--threads", "0"],
        ["verify", "a.spf", "--threads", "many"],
        ["unpack", "a.spf", "b.npz", "--max-bytes", "lots"],
        ["inspect", "a.spf", "--sort", "colour"],
        ["inspect", "a.spf", "--entries"],
        ["inspect", "a.spf", "--entries", "--tensor", "x", "--tensor", "y"],
    ],
)
def test_usage_errors(args: list[str]) -> None:
    assert misused(*args)


def test_usage_errors_end_with_2() -> None:
    result = run("pack", "a.npy", "b.spf", "--bits", "99")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: spformat pack [OPTIONS] SRC DST\n")
    assert result.err.splitlines()[-1].startswith("Error: Invalid value for '--bits': 99")


def test_the_installed_script_and_the_module_are_the_same() -> None:
    from importlib.metadata import entry_points

    (script,) = entry_points(group="console_scripts", name="spformat")
    assert script.value == "spformat.cli:main"
    assert COMMAND[1:] == ["-m", "spformat"]
