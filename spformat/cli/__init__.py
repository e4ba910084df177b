"""The command line: one file per command, which parses, calls the library and prints.

Nothing that takes time is imported until a command runs, so that `spformat --help` answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from .. import __version__
from .exits import failures_reported, streams_guarded

__all__ = ["main"]

COMMANDS = ("pack", "unpack", "prune", "inspect", "verify", "diff")


class _Program(click.Group):
    """A group whose commands are imported when they are asked for, and whose failures are one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f".{cmd_name}", __name__).command
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        with streams_guarded():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with failures_reported():
            return super().invoke(ctx)


@click.command(cls=_Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, message="spformat %(version)s")
def main() -> None:
    """Store pruned neural networks in small files that load fast, bit for bit as they were.

    \b
    spformat pack model.safetensors model.spf
    spformat inspect model.spf
    spformat unpack model.spf model.pt
    """
