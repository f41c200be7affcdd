"""Files written so that nothing is lost: after a crash at any moment there is the old file or the new one, whole.

    temporary file in the same directory, all bytes, fsync, size checked
    the file of before kept under another name, where asked for
    os.replace
    fsync of the directory

Only when the last of these has come back is the file safe, and may anybody be told so.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ..data import shown_path
from .errors import FileError

BLOCK = 16 * 2**20
BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
NOT_FOLLOWING = getattr(os, "O_NOFOLLOW", 0)
NO_DIRECTORY_FSYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}  # file systems that have none, and need none


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path`, or of the file that it links to, durably.

    Raises
        FileError: it cannot be written, and why; what was there before still is.
    """
    target = Path(os.path.realpath(path))
    write_file(target, content, target.with_name(f"{target.name}.{os.getpid()}.new"))


def write_file(path: Path, content: bytes, temporary: Path, previous: Path | None = None) -> None:
    """Put `content` in the place of `path`, durably.

    temporary   a file beside it, ours alone; what an interrupted run has left there is written over
    previous    where the file of before is kept; None lets it go

    Raises
        FileError: it cannot be written, and why. `path`, or else `previous`, holds what was there before.
    """
    try:
        try:
            write_new(temporary, content, mode_of(path))
            if previous is not None:
                keep(path, previous)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_directory(path.parent)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError(f"{shown_path(path)} cannot be written: {reason}") from None


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write piece by piece, which takes the place of `path`, durably, once all is written.

    Raises
        FileError: it cannot be written, and why; then, and after any other error, what was there before still is.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY | NOT_FOLLOWING
            with os.fdopen(os.open(temporary, flags, mode_of(target)), "wb") as file:
                yield file
                file.flush()
                sync(file.fileno())
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_directory(target.parent)
    except OSError as error:
        raise FileError(f"{shown_path(path)} cannot be written: {error.strerror or type(error).__name__}") from None


def write_new(path: Path, content: bytes, mode: int) -> None:
    """A new file, on disk when this returns."""
    with suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY | NOT_FOLLOWING, mode)
    try:
        rest = memoryview(content)
        while rest:
            written = os.write(descriptor, rest[:BLOCK])
            if written <= 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            rest = rest[written:]
        sync(descriptor)
        if os.fstat(descriptor).st_size != len(content):
            raise OSError(errno.EIO, "the system has written something else than it was given")
    finally:
        os.close(descriptor)


def keep(path: Path, previous: Path) -> None:
    """Let `previous` be what `path` is, which stays where it is wherever the file system can do that."""
    if not path.exists() or (previous.exists() and previous.samefile(path)):  # renaming a file to itself does nothing
        return
    beside = previous.with_name(previous.name + ".new")
    try:
        with suppress(FileNotFoundError):
            beside.unlink()
        beside.hardlink_to(path)
    except OSError:  # no links here: for a moment there is only the previous one, which is as good
        path.replace(previous)
    else:
        beside.replace(previous)


def sync(descriptor: int) -> None:
    """All bytes of a file on disk."""
    if sys.platform == "darwin":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # there fsync stops at the drive's cache
            return
    os.fsync(descriptor)


def sync_directory(path: Path) -> None:
    """The names in a directory on disk."""
    if os.name == "nt":  # directories cannot be opened there; names are durable with the file
        return
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | BINARY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_DIRECTORY_FSYNC:
            raise
    finally:
        os.close(descriptor)


def mode_of(path: Path) -> int:
    """The rights of the file that is replaced; those of any new file where there is none."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return 0o666


def check_target(path: Path, option: str, *read: Path | None) -> None:
    """Refuse, before any work, what could not be written afterwards, and what would take the place of a file read."""
    name = shown_path(path)
    if not path.parent.is_dir():
        raise FileError(f"{option} {name}: there is no directory {shown_path(path.parent)}")
    if path.is_dir():
        raise FileError(f"{option} {name}: this is a directory")
    if path.exists() and not path.is_file():
        raise FileError(f"{option} {name}: this is not a regular file")
    if any(other is not None and other.exists() and path.exists() and path.samefile(other) for other in read):
        raise FileError(f"{option} {name}: this file is what is read; choose another name")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise FileError(f"{option} {name}: no right to write in {shown_path(path.parent)}")
