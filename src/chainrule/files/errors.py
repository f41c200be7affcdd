"""The one exception of this room."""

from __future__ import annotations

from ..data import DataError


class FileError(DataError):
    """A network, model or checkpoint file that is refused: what is wrong, where, and what to do, in a few lines.

    As with every `DataError`, what the message quotes from the file is escaped and shortened.
    """
