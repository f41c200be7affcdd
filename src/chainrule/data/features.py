"""Columns of X, made from the columns of a table. What each needs to know is fitted on the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .column import Column
from .quoting import printable
from .roles import check_numbers
from .table import Table


class Scale(NamedTuple):
    """Mean and standard deviation (of the population, ddof 0). The deviation of a constant is 0."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Scale:
        """The scale of `values` (N,), N >= 1, all finite; never overflows."""
        if values.min() == values.max():
            return cls(float(values[0]), 0.0)
        _, exponent = np.frexp(np.abs(values).max())  # a power of two: dividing by it is exact
        scaled = np.ldexp(values, -exponent)
        return cls(float(np.ldexp(scaled.mean(), exponent)), float(np.ldexp(scaled.std(), exponent)))

    def standardised(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(values - mean) / deviation; 0 where the deviation is 0. Infinite where float64 does not suffice."""
        if self.deviation == 0.0:
            return np.zeros_like(values)
        with np.errstate(over="ignore"):
            return (values - self.mean) / self.deviation


@dataclass(frozen=True)
class NumericFeature:
    """A numeric column, standardised: one column of X, and where cells are missing in the training rows one more.

    median      of the training rows: takes the place of a missing cell, before standardising; None: no cell may miss
    indicated   whether a second column of X says with 1 that the cell was missing, with 0 that it was not
    """

    name: str
    scale: Scale
    median: float | None
    indicated: bool = False

    @classmethod
    def fit(cls, table: Table, column: Column) -> NumericFeature:
        """Median, and with it in the place of missing cells mean and deviation; all 0 where every cell is missing."""
        values = check_numbers(table, column, may_miss=True)
        missing = np.isnan(values)
        known = values[~missing]
        if not len(known):
            return cls(column.name, Scale(0.0, 0.0), 0.0, True)
        low, high = np.sort(known)[[(len(known) - 1) // 2, len(known) // 2]].tolist()
        median = low if low == high else low / 2 + high / 2  # halved first: the sum may not fit
        return cls(column.name, Scale.of(np.where(missing, median, values)), median, bool(missing.any()))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns of X: `age`, `age is missing`."""
        name = printable(self.name)
        return (name, f"{name} is missing") if self.indicated else (name,)

    def write(self, table: Table, out: NDArray[np.float64]) -> None:
        """Fills `out` (N, 1 or 2)."""
        values = check_numbers(table, table.column(self.name), may_miss=self.median is not None)
        missing = np.isnan(values)
        out[:, 0] = self.scale.standardised(np.where(missing, self.median or 0.0, values))
        if self.indicated:
            out[:, 1] = missing

    def unknown(self, table: Table) -> int:
        """0: a number is never unknown."""
        return 0

    def filled_in(self, table: Table) -> int:
        """The number of missing cells that the network cannot tell from the median."""
        return 0 if self.indicated or self.median is None else int(table.column(self.name).missing.sum())


@dataclass(frozen=True)
class CategoricalFeature:
    """A categorical column, one-hot: a column of X for each category, in sorted order; a missing cell, "", is one."""

    name: str
    categories: tuple[str, ...]

    @classmethod
    def fit(cls, table: Table, column: Column) -> CategoricalFeature:
        """The categories that occur in the column."""
        return cls(column.name, tuple(sorted(set(column.labels(False)))))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns of X: `color=red`."""
        name = printable(self.name)
        return tuple(f"{name}={printable(c)}" if c else f"{name} is missing" for c in self.categories)

    def write(self, table: Table, out: NDArray[np.float64]) -> None:
        """Fills `out` (N, number of categories), which holds zeros; the row of an unknown category stays so."""
        indices = self._indices(table)
        rows = np.flatnonzero(indices >= 0)
        out[rows, indices[rows]] = 1.0

    def unknown(self, table: Table) -> int:
        """The number of rows whose category did not occur in the training rows."""
        return int((self._indices(table) < 0).sum())

    def filled_in(self, table: Table) -> int:
        """0: a missing cell is a category, or an unknown one."""
        return 0

    def _indices(self, table: Table) -> NDArray[np.int64]:
        column = table.column(self.name)
        position = {category: index for index, category in enumerate(self.categories)}
        return np.array([position.get(label, -1) for label in column.labels(False)], dtype=np.int64)


Feature = NumericFeature | CategoricalFeature
