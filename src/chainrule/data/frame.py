"""Tables from data frames (pandas, polars, PyArrow, ... through narwhals), arrays, and dictionaries of columns.

numbers, whole or not     numbers; null and NaN are missing cells
text, categories, enums   text; null is a missing cell
true and false            the texts True and False
dates, times, durations   refused, with a hint
anything nested           refused
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .column import Column
from .errors import DataError
from .quoting import quoted
from .table import Table

MOST_CELLS = 2**28


def as_table(data: Any, source: str = "the table") -> Table:
    """A table from a data frame, a two-dimensional array (columns `x1`, `x2`, ...), or name -> cells.

    Raises
        DataError: none of these; no column or row; columns of one name; a column of another type, and which.
        ImportError: a data frame, and narwhals is not installed.
    """
    if isinstance(data, Table):
        return data
    if isinstance(data, Mapping):
        return Table.from_columns(data, source)
    if isinstance(data, np.ndarray):
        if data.ndim != 2 or data.dtype.kind not in "fiub":
            raise DataError(
                f"{source}: an array must have two dimensions and hold numbers, not {data.dtype} {data.shape}"
            )
        return Table.from_columns({f"x{i + 1}": data[:, i] for i in range(data.shape[1])}, source)
    try:
        import narwhals as nw
    except ImportError:
        raise ImportError("data frames need narwhals: pip install 'chainrule[data]'") from None
    try:
        frame = nw.from_native(data, eager_only=True)
    except TypeError:
        raise DataError(
            f"{source}: a data frame, an array or a dict of columns is expected, not {type(data)}"
        ) from None
    except nw.exceptions.DuplicateError:
        raise DataError(f"{source}: two columns have the same name; rename one of them") from None
    if frame.shape[0] * frame.shape[1] > MOST_CELLS:
        raise DataError(f"{source}: {frame.shape[0]:,} rows of {frame.shape[1]:,} columns are too many")
    names = [str(name).strip() for name in frame.columns]
    for name in names:
        if not name or names.count(name) > 1:
            raise DataError(f"{source}: every column needs a name of its own, {quoted(name)} is not one")
    columns = [
        Column(name, cells_of(series, name, source)) for name, series in zip(names, frame.iter_columns(), strict=True)
    ]
    if not columns or not len(frame):
        raise DataError(f"{source} has no {'rows' if columns else 'columns'}")
    return Table(tuple(columns), np.arange(1, len(frame) + 1, dtype=np.int64), source)


def cells_of(series: Any, name: str, source: str) -> list[str] | np.ndarray[Any, np.dtype[np.float64]]:
    """The cells of a column of a frame. DataError: a type that a network can make nothing of."""
    import narwhals as nw

    dtype = series.dtype
    if dtype.is_numeric():
        if not series.null_count():
            return np.array(series.to_numpy(), dtype=np.float64)
        return np.array([np.nan if is_missing(cell) else float(cell) for cell in series.to_list()], dtype=np.float64)
    if dtype in (nw.String, nw.Categorical, nw.Boolean) or isinstance(dtype, nw.Enum):
        return ["" if is_missing(cell) else str(cell) for cell in series.to_list()]
    if dtype.is_temporal():
        raise DataError(
            f"{source}, column {quoted(name)} holds dates or times ({dtype}); as they are they cannot be used.\n"
            "Put what matters of them, the year, the month, the days since some day, into columns of numbers."
        )
    cells = series.to_list()
    if dtype in (nw.Object, nw.Unknown):
        return mixed(cells, name, source)
    raise DataError(f"{source}, column {quoted(name)} is of type {dtype}; numbers or text are expected")


def mixed(cells: list[Any], name: str, source: str) -> list[str] | np.ndarray[Any, np.dtype[np.float64]]:
    """A column of Python objects: all text, or all numbers, apart from missing ones."""
    known = [cell for cell in cells if not is_missing(cell)]
    if all(isinstance(cell, (str, bool, np.bool_)) for cell in known):
        return ["" if is_missing(cell) else str(cell) for cell in cells]
    for row, cell in enumerate(cells, start=1):
        if not is_missing(cell) and (isinstance(cell, (str, bool)) or not hasattr(cell, "__float__")):
            raise DataError(
                f"{source}, row {row}, column {quoted(name)}: {quoted(str(cell))} of type {type(cell).__name__} stands "
                "beside other types; a column holds numbers, or it holds text"
            )
    return np.array([np.nan if is_missing(cell) else float(cell) for cell in cells], dtype=np.float64)


def is_missing(cell: Any) -> bool:
    """None, NaN, and what pandas has for them."""
    if cell is None:
        return True
    try:
        return bool(cell != cell)
    except TypeError:  # pandas.NA has no truth
        return True
