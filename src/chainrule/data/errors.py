"""The one exception of this room."""

from __future__ import annotations


class DataError(ValueError):
    """Data that is refused. The message says what is wrong, where (file, row, column) and what to do, in a few lines.

    Whatever the message quotes from a file is escaped and shortened first (see `quoting`), so it is safe to print.
    """
