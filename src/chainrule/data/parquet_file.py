"""Parquet files, with the sizes in their footer checked before anything is read. Needs pyarrow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import DataError
from .frame import as_table
from .opening import open_regular
from .quoting import shown_path
from .table import Table

MOST_BYTES = 2**32
MOST_ROWS = 2**27
MOST_CELLS = 2**27
MOST_STREAMED = 2**50
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
    with open_regular(path, MOST_BYTES) as file, readable(source):
        opened = pq.ParquetFile(pa.PythonFile(file, mode="r"), memory_map=False)
        rows, columns = opened.metadata.num_rows, opened.metadata.num_columns
        if not 0 <= rows <= MOST_ROWS or rows * columns > MOST_CELLS:
            raise DataError(
                f"{source}: {rows:,} rows of {columns:,} columns; at most {MOST_CELLS:,} cells are read into memory; "
                "chainrule train --stream reads it a part at a time"
            )
        table = opened.read(use_threads=False)
        table.validate(full=True)  # offsets, and that text is UTF-8
        return as_table(table, source)


def parquet_parts(
    path: str | os.PathLike[str], part_cells: int, said: Callable[[float], None] = lambda share: None
) -> Iterator[Table]:
    """The same in tables of so many cells. It takes as much memory as the largest row group, and a part. `said` hears
    which share of the rows was read, before each."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ImportError("Parquet files need pyarrow: pip install 'chainrule[data]'") from None
    source, first = shown_path(path), 1
    with open_regular(path, MOST_STREAMED) as file, readable(source):
        opened = pq.ParquetFile(pa.PythonFile(file, mode="r"), memory_map=False, pre_buffer=False)
        rows = max(1, part_cells // max(1, opened.metadata.num_columns))
        for batch in opened.iter_batches(batch_size=rows, use_threads=False):
            if batch.num_rows:
                batch.validate(full=True)
                part = as_table(pa.Table.from_batches([batch]), source)
                lines, first = part.lines + (first - 1), first + batch.num_rows
                said((first - 1) / opened.metadata.num_rows)
                yield Table(part.columns, lines, source)
    if first == 1:
        raise DataError(f"{source} has no rows")


def is_large_parquet(path: str | os.PathLike[str]) -> bool:
    """Whether `read_parquet` refuses it because of its size."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return False  # which is told when it is read
    source = shown_path(path)
    with open_regular(path, MOST_STREAMED) as file, readable(source):
        found = pq.ParquetFile(pa.PythonFile(file, mode="r"), memory_map=False).metadata
        large = os.fstat(file.fileno()).st_size > MOST_BYTES
        return large or found.num_rows > MOST_ROWS or found.num_rows * found.num_columns > MOST_CELLS


@contextmanager
def readable(source: str) -> Iterator[None]:
    """What pyarrow finds wrong, as DataError."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, EOFError) as error:
        if isinstance(error, DataError):
            raise
        told = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        safe = "".join(character if character.isprintable() else "?" for character in told)
        raise DataError(f"{source} cannot be read as Parquet: {safe}") from None
