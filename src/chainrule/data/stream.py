"""A table that is read a part at a time: a file as often as wanted, standard input once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from .csv_file import MOST_BYTES as IN_MEMORY
from .csv_file import csv_parts
from .dialect import Dialect
from .opening import open_regular
from .parquet_file import MAGIC, is_large_parquet, parquet_parts
from .quoting import shown_path
from .table import Table

PART_BYTES = 4 * 2**20  # of a CSV file; in memory a part takes about twenty times as much
PART_CELLS = 2**19  # of a Parquet file
MOST_BYTES = 2**50


@dataclass(frozen=True)
class TableStream:
    """The file, or a stream of CSV, and how it is read.

    without     columns that are left out
    """

    path: str | os.PathLike[str] | BinaryIO
    dialect: Dialect = field(default_factory=Dialect)
    without: Sequence[str] = ()

    @property
    def source(self) -> str:
        """How messages call it."""
        return shown_path(self.path) if isinstance(self.path, (str, os.PathLike)) else "standard input"

    def parts(self, said: Callable[[float], None] = lambda share: None) -> Iterator[Table]:
        """The rows, in tables that fit into memory; the same parts every time. `said` hears which share of a file was
        read, before each.

        Raises
            DataError: as `read_csv` and `read_parquet`, when the part is read in which something is wrong.
        """
        for part in self.read(said):
            yield part.without(self.without) if self.without else part

    def read(self, said: Callable[[float], None]) -> Iterator[Table]:
        if isinstance(self.path, (str, os.PathLike)):
            with open_regular(self.path, MOST_BYTES) as file, suppress(OSError):
                if file.read(len(MAGIC)) == MAGIC:
                    return parquet_parts(self.path, PART_CELLS, said)
        whole = self.dialect.encoding == "utf-16"  # is read into memory
        return csv_parts(self.path, PART_BYTES, IN_MEMORY if whole else MOST_BYTES, self.dialect, said=said)


def is_large(path: str | os.PathLike[str]) -> bool:
    """Whether a file is one that `read_table` refuses because of its size."""
    with open_regular(path, MOST_BYTES) as file, suppress(OSError):
        if file.read(len(MAGIC)) == MAGIC:
            return is_large_parquet(path)
        return os.fstat(file.fileno()).st_size > IN_MEMORY
    return False
