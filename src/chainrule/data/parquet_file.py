"""Parquet files, with the sizes in their footer checked before anything is read. Needs pyarrow."""

from __future__ import annotations

import os

from .errors import DataError
from .frame import as_table
from .opening import open_regular
from .quoting import shown_path
from .table import Table

MOST_BYTES = 2**32
MOST_ROWS = 2**27
MOST_CELLS = 2**27
MAGIC = b"PAR1"


def read_parquet(path: str | os.PathLike[str]) -> Table:
    """The table in a Parquet file; rows are counted from 1.

    Raises
        DataError: not a readable Parquet file; too many rows or cells; a column that is neither numbers nor text.
        ImportError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ImportError("Parquet files need pyarrow: pip install 'chainrule[data]'") from None
    source = shown_path(path)
    with open_regular(path, MOST_BYTES) as file:
        try:
            opened = pq.ParquetFile(pa.PythonFile(file, mode="r"), memory_map=False)
            rows, columns = opened.metadata.num_rows, opened.metadata.num_columns
            if not 0 <= rows <= MOST_ROWS or rows * columns > MOST_CELLS:
                raise DataError(
                    f"{source}: {rows:,} rows of {columns:,} columns; at most {MOST_CELLS:,} cells are read"
                )
            table = opened.read(use_threads=False)
            table.validate(full=True)  # offsets, and that text is UTF-8
            return as_table(table, source)
        except (pa.ArrowException, OSError, ValueError, EOFError) as error:
            if isinstance(error, DataError):
                raise
            told = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            safe = "".join(character if character.isprintable() else "?" for character in told)
            raise DataError(f"{source} cannot be read as Parquet: {safe}") from None
