"""A table: named columns of equal length that remember which row of the source each cell came from."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .column import Column
from .dialect import Dialect
from .errors import DataError
from .quoting import listed, quoted

_MOST_COMPARED = 1000
"""Columns, and characters of a name, beyond which no similar name is looked for: the search is quadratic."""


@dataclass(frozen=True, eq=False)
class Table:
    """N rows of named columns.

    `lines` (N,) holds the row number that messages give for each row; of a file it is the 1-based number of the line
    at which the row begins, as an editor shows it (the header is row 1). `source` names the table in messages, and is
    safe to print; `dialect` says how a text file spelled it.
    """

    columns: tuple[Column, ...]
    lines: NDArray[np.int64]
    source: str = "the table"
    dialect: Dialect | None = None

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence[str] | ArrayLike], source: str = "the table") -> Table:
        """A table from lists of text, or lists or arrays of numbers. Rows are counted from 1.

        Raises
            DataError: no column, columns of different lengths, a column that is neither text nor numbers.
        """
        made = tuple(_column(name, cells, source) for name, cells in columns.items())
        if not made:
            raise DataError(f"{source} has no columns")
        for column in made:
            if len(column) != len(made[0]):
                raise DataError(
                    f"{source}: column {quoted(column.name)} has {len(column)} cells, "
                    f"column {quoted(made[0].name)} has {len(made[0])}; they must be equally long"
                )
        return cls(made, np.arange(1, len(made[0]) + 1, dtype=np.int64), source)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.lines)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def column(self, name: str, purpose: str = "column") -> Column:
        """The column of that name.

        Raises
            DataError: there is none; the message suggests the nearest name, or lists the names.
        """
        column = self._by_name.get(name)
        if column is None:
            column = self._by_name.get(name.strip())
        if column is None:
            raise DataError(f"{self.source} has no {purpose} {quoted(name)}{self._suggestion(name)}")
        return column

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Table:
        """The table of these rows (0-based) only, in their order."""
        chosen = np.asarray(rows, dtype=np.int64)
        return Table(
            tuple(column.take(chosen) for column in self.columns), self.lines[chosen], self.source, self.dialect
        )

    def without(self, names: Sequence[str]) -> Table:
        """The table without these columns. DataError: there is no such column."""
        out = {self.column(name).name for name in names}
        kept = tuple(column for column in self.columns if column.name not in out)
        return Table(kept, self.lines, self.source, self.dialect)

    def as_numbers(self, names: Collection[str]) -> Table:
        """The table, of these columns the numbers alone (NaN: missing): their text is not taken along."""
        made = (Column(one.name, one.numbers.values) if one.name in names else one for one in self.columns)
        return replace(self, columns=tuple(made))

    def place(self, row: int, column: Column) -> str:
        """Where the cell of a row (0-based) stands, for messages."""
        return f"{self.source}, row {self.lines[row]}, column {quoted(column.name)}"

    def _suggestion(self, name: str) -> str:
        known = {other.casefold(): other for other in self.names[:_MOST_COMPARED] if len(other) <= _MOST_COMPARED // 10}
        near = difflib.get_close_matches(name.strip().casefold()[: _MOST_COMPARED // 10], known, n=1)
        if near:
            return f"; did you mean {quoted(known[near[0]])}?"
        return f"; its columns are {listed(self.names)}"


def _column(name: str, cells: Sequence[str] | ArrayLike, source: str) -> Column:
    if isinstance(cells, (list, tuple)) and all(isinstance(cell, str) for cell in cells):
        return Column(name, list(cells))
    values = np.asarray(cells)
    if values.ndim == 1 and values.dtype.kind in "US":
        return Column(name, [str(cell) for cell in values])
    if values.ndim != 1 or values.dtype.kind not in "fiub":
        raise DataError(f"{source}: column {quoted(name)} is neither a list of text nor a list of numbers")
    return Column(name, values.astype(np.float64))
