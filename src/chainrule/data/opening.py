"""Files opened with care: opening never waits, and only regular files of bounded size are read."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import sys

from .errors import DataError
from .quoting import shown_path


def open_regular(path: str | os.PathLike[str], most_bytes: int, source: str = "") -> io.BufferedReader:
    """The file, open for reading. Opening never waits (as it would for a FIFO), and only regular files are accepted.

    source      how messages call it; else its path

    Raises
        DataError: no such file, not a regular one, more than `most_bytes`, no right to read it.
    """
    source = source or shown_path(path)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise DataError(f"{source}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, OSError) and error.errno == errno.ENXIO:
            raise DataError(f"{source} is not a regular file") from None
        raise DataError(f"{source} cannot be opened: {reason(error)}") from None
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise DataError(f"{source} is a directory; name a file in it")
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{source} is not a regular file; copy what it holds into one first")
        if status.st_size > most_bytes:
            raise DataError(too_large(source, most_bytes))
        return io.BufferedReader(io.FileIO(descriptor, "rb"))
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | os.PathLike[str], most_bytes: int) -> bytes:
    """All that a file holds. Raises DataError as `open_regular` does, and where reading fails."""
    source = shown_path(path)
    with open_regular(path, most_bytes) as file:
        try:
            content = file.read(most_bytes + 1)
        except OSError as error:
            raise DataError(f"{source} cannot be read: {reason(error)}") from None
    if len(content) > most_bytes:
        raise DataError(too_large(source, most_bytes))
    return content


def digest_of_file(path: str | os.PathLike[str]) -> str:
    """SHA-256 of what a file holds, in hexadecimal. Raises DataError as `open_regular` does."""
    with open_regular(path, sys.maxsize) as file:
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"{shown_path(path)} cannot be read: {reason(error)}") from None


def too_large(source: str, most_bytes: int) -> str:
    return (
        f"{source} is larger than {most_bytes:,} bytes, the most that is read into memory; take fewer rows or columns"
    )


def reason(error: Exception) -> str:
    """Why the system refused."""
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
