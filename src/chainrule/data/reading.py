"""One way in for files: CSV in all its spellings, and Parquet, told apart by what the file begins with."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import BinaryIO

from .csv_file import read_csv
from .dialect import Dialect
from .opening import open_regular
from .parquet_file import MAGIC, MOST_BYTES, read_parquet
from .table import Table


def read_table(path: str | os.PathLike[str] | BinaryIO, dialect: Dialect = Dialect()) -> Table:  # noqa: B008  frozen
    """The table in a file. A stream is read as CSV.

    Raises
        DataError: as `read_csv` and `read_parquet`.
    """
    if isinstance(path, (str, os.PathLike)):
        with open_regular(path, MOST_BYTES) as file, suppress(OSError):
            if file.read(len(MAGIC)) == MAGIC:
                return read_parquet(path)
    return read_csv(path, dialect=dialect)
