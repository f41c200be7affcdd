"""One column of a table, read as numbers or as labels.

A *plain decimal number* is digits with an optional sign, decimal point and exponent: `5`, `-1.5`, `.5`, `2.5e-3`. Not
plain are `nan`, `inf`, `1_000`, `1,5`, `0x10`, and what float64 cannot hold (`1e999`). Blanks around a cell never
matter; a cell of nothing else is missing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .quoting import quoted

_PLAIN_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_CHARACTERS_OF_NUMBERS = b"0123456789+-.eE \t"


class Numbers(NamedTuple):
    """The cells of a column as numbers."""

    values: NDArray[np.float64]
    """(N,), NaN where the cell is not a plain decimal number."""
    valid: NDArray[np.bool_]
    """(N,), whether the cell is one."""


@dataclass(frozen=True, eq=False)
class Column:
    """A name and N cells: text as it stands in the file, or float64 values (NaN: missing)."""

    name: str
    cells: list[str] | NDArray[np.float64]

    def __len__(self) -> int:
        """N."""
        return len(self.cells)

    @cached_property
    def numbers(self) -> Numbers:
        """The cells as numbers."""
        if isinstance(self.cells, np.ndarray):
            return Numbers(self.cells, np.isfinite(self.cells))
        values = all_numbers(self.cells)
        if values is None:
            known = {cell: _number(cell) for cell in set(self.cells)}
            values = np.fromiter(map(known.__getitem__, self.cells), np.float64, len(self))
        return Numbers(values, np.isfinite(values))

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """(N,), whether the cell is empty."""
        valid = self.numbers.valid
        if valid.all():
            return np.zeros(len(self), dtype=np.bool_)
        if isinstance(self.cells, np.ndarray):
            return np.isnan(self.cells)
        blank = {cell for cell in set(compress(self.cells, (~valid).tolist())) if not cell or cell.isspace()}
        return np.fromiter(map(blank.__contains__, self.cells), np.bool_, len(self))

    def labels(self, numeric: bool) -> list[str]:
        """The cells as labels: text without the blanks around it; with `numeric`, `1`, `1.0` and `01` are all `1`."""
        if numeric or isinstance(self.cells, np.ndarray):
            return [number_label(value) for value in self.numbers.values.tolist()]
        return [cell.strip() for cell in self.cells]

    def texts(self) -> list[str]:
        """The cells as text, for a file."""
        if isinstance(self.cells, np.ndarray):
            return ["" if math.isnan(value) else repr(value) for value in self.cells.tolist()]
        return self.cells

    def shown(self, row: int) -> str:
        """The cell of a row (0-based), safe to print."""
        cell = self.cells[row]
        return quoted(cell) if isinstance(cell, str) else repr(float(cell))

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Column:
        """The column of these rows (0-based) only, in their order."""
        chosen = np.asarray(rows, dtype=np.int64)
        cells = self.cells
        if isinstance(cells, np.ndarray):
            return Column(self.name, cells[chosen])
        taken = Column(self.name, [cells[row] for row in chosen.tolist()])
        return taken.known(self.numbers.values[chosen]) if "numbers" in self.__dict__ else taken

    def known(self, values: NDArray[np.float64]) -> Column:
        """The column, whose text was read already: as these numbers (N,), NaN where a cell is none."""
        self.__dict__["numbers"] = Numbers(values, np.isfinite(values))
        return self


def number_label(value: float) -> str:
    """How a number is written as a label: whole numbers without a decimal point; NaN, a missing one, as nothing."""
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _number(cell: str) -> float:
    """The number in a cell, NaN if there is none."""
    cell = cell.strip()
    value = float(cell) if _PLAIN_NUMBER.fullmatch(cell) else math.nan
    return value if math.isfinite(value) else math.nan


def all_numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """The short way for a column of nothing but numbers and empty cells, four times faster; None where the column is
    anything else.

    `float` accepts more than plain numbers, but nothing more that is made of these characters alone.
    """
    first = next(filter(None, cells), "")
    if not _PLAIN_NUMBER.fullmatch(first.strip()):
        return None
    joined = "".join(cells)
    if not joined.isascii() or joined.encode().translate(None, _CHARACTERS_OF_NUMBERS):
        return None
    given = [cell or "nan" for cell in cells] if "" in cells else cells
    try:
        values = np.fromiter(map(float, given), dtype=np.float64, count=len(cells))
    except ValueError:
        return None
    return None if np.isinf(values).any() else values
