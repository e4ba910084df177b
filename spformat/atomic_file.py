"""A file that appears under its name whole, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO


class AtomicFile:
    """Writes to a temporary file in the target's folder; commit syncs it and renames it over the target.

    A symbolic link is followed: it stays, and the file that it leads to is replaced. Permissions are those of the
    file that is replaced, else those that open() would give; owner and other names (hard links) of that file are
    not kept. Raises OSError as open() does, and for what is no regular file, such as a device.
    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        self.target = Path(os.path.realpath(target))
        mode = _mode_of(self.target, os.fspath(target))
        # A short prefix in bytes: the temporary name must not be longer than the target's may be.
        prefix = os.fsdecode(os.fsencode("." + self.target.name)[:64]).encode("utf-8", "ignore").decode() + "."
        try:
            descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=self._folder)
        except OSError as error:
            raise type(error)(error.errno, error.strerror, os.fspath(target)) from None
        self.temporary = Path(name)
        self._done = False
        os.fchmod(descriptor, mode)
        self.file: BinaryIO = os.fdopen(descriptor, "w+b")

    @property
    def _folder(self) -> Path:
        return self.target.parent

    def sync(self) -> None:
        """Everything written so far is on disk."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def commit(self) -> None:
        """The file takes the place of the target; on failure the target is as it was. Once only."""
        if self._done:
            return
        try:
            self.sync()
            self.file.close()
            os.replace(self.temporary, self.target)
        except BaseException:
            self.abort()
            raise
        self._done = True
        self._sync_folder()

    def abort(self) -> None:
        """Removes the temporary file."""
        if self._done:
            return
        self._done = True
        try:
            with contextlib.suppress(OSError):
                self.file.close()
        finally:  # a second interrupt may come in between
            with contextlib.suppress(FileNotFoundError):
                self.temporary.unlink()

    def _sync_folder(self) -> None:
        """Makes the rename durable; some file systems cannot, and then the rename is as durable as they make it."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _mode_of(target: Path, given: str) -> int:
    """The permissions that a file in place of the target gets. Raises OSError where open() for writing would."""
    try:
        there = os.stat(target)
    except (FileNotFoundError, NotADirectoryError):  # the folder may be missing: that is found when writing to it
        return 0o666 & ~_umask()
    if stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), given)
    if not stat.S_ISREG(there.st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", given)
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), given)
    return stat.S_IMODE(there.st_mode)


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
