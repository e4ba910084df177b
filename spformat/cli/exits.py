"""How commands end: 0 done, 1 failed (one line on stderr), 2 usage (click's own), 128 + signal when stopped.

SPFORMAT_TRACEBACK=1 in the environment shows where a failure came from, too.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

import click

from ..errors import FormatError, LimitError, SpformatError, TensorNotFoundError
from .output import printable

DIFFERENT = 1
INTERRUPTED, CLOSED_PIPE = 128 + 2, 128 + 13  # as if SIGINT and SIGPIPE had ended the process


class Failure(click.ClickException):
    """What a user reads when a command cannot do its work."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        if os.environ.get("SPFORMAT_TRACEBACK"):
            traceback.print_exception(self.__cause__)
        click.echo(f"spformat: error: {printable(self.message)}", err=True, file=file)


@contextmanager
def failures_reported() -> Iterator[None]:
    """Turns what the library and the system raise into Failure, and a closed pipe into a quiet end."""
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")  # of libraries below, for their users: programmers
            yield
        sys.stdout.flush()
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None
    except Exception as error:
        _drop_broken_stdout()
        if isinstance(error, BrokenPipeError):
            raise click.exceptions.Exit(CLOSED_PIPE) from None
        raise Failure(describe(error)) from error


@contextmanager
def streams_guarded() -> Iterator[None]:
    """Gives the command somewhere to write, and ends it in one line where even help cannot be written."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the caller closed it
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    try:
        yield
    except OSError as error:
        _drop_broken_stdout()
        Failure(describe(error)).show()
        sys.exit(Failure.exit_code)


@contextmanager
def about(path: str) -> Iterator[None]:
    """Leads the errors that say what is wrong in a file, and not in which, with its path."""
    try:
        yield
    except (FormatError, LimitError, TensorNotFoundError) as error:
        raise Failure(f"{path}: {error}" if error.path is None else str(error)) from error
    except OSError as error:
        if error.filename is not None or isinstance(error, (SpformatError, BrokenPipeError)):
            raise
        raise Failure(f"{path}: {describe(error)}") from error


def describe(error: BaseException) -> str:
    """An error in the words of the command line."""
    if isinstance(error, SpformatError):
        return str(error)
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return reason if error.filename is None else f"{_text(error.filename)}: {reason}"
    if isinstance(error, MemoryError):
        return f"not enough memory: {error}" if str(error) else "not enough memory"
    cause = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"unexpected, please report it: {cause} (SPFORMAT_TRACEBACK=1 shows where)"


def _text(name: object) -> str:
    return os.fsdecode(name) if isinstance(name, (str, bytes)) else str(name)


def _drop_broken_stdout() -> None:
    """Sends what stdout still holds to nowhere if it cannot be written: Python would try again at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
