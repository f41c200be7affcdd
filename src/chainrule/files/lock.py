"""One writer at a time: a lock that the system lets go of when its holder dies, however it dies."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..data import shown_path
from .errors import FileError

TRIES = 100


class Lock:
    """Held while open. A file `NAME.lock` carries it, and is gone afterwards.

    Raises, on entering
        FileError: somebody else holds it (the message names the process), or there can be no locks here.
    """

    def __init__(self, path: Path) -> None:
        self.target, self.path = path, path.with_name(path.name + ".lock")
        self.descriptor = -1

    def __enter__(self) -> Lock:
        for _ in range(TRIES):
            try:
                flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
                descriptor = os.open(self.path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)
            except OSError as error:
                raise FileError(f"{shown_path(self.path)} cannot be made: {error.strerror}") from None
            try:
                self.take(descriptor)
                if same_file(descriptor, self.path):  # else its last holder has just removed it: once more
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
                    self.descriptor = descriptor
                    return self
            except OSError as error:
                os.close(descriptor)
                raise FileError(f"{shown_path(self.path)} cannot be locked: {error.strerror}") from None
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise FileError(f"{shown_path(self.path)} cannot be locked: others take it again and again")

    def take(self, descriptor: int) -> None:
        """The lock, at once or not at all."""
        try:
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]  # Windows
            else:
                import fcntl

                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            with suppress(OSError):
                holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
                if holder.isdecimal():
                    raise FileError(
                        f"another training (process {holder}) is using {shown_path(self.target)}; "
                        "wait for it, or take another name"
                    ) from None
            raise FileError(f"another training is using {shown_path(self.target)}; take another name") from None

    def __exit__(self, *error: object) -> None:
        with suppress(OSError):
            self.path.unlink()  # while it is held, so that nobody else's is removed
        os.close(self.descriptor)


def same_file(descriptor: int, path: Path) -> bool:
    """Whether the name still leads to the file that is open."""
    try:
        found = path.stat()
    except OSError:
        return False
    mine = os.fstat(descriptor)
    return (mine.st_dev, mine.st_ino) == (found.st_dev, found.st_ino)
