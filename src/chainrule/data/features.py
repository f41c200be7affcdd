"""Columns of X, made from the columns of a table. What each needs to know is fitted on the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .column import Column
from .quoting import printable
from .roles import check_filled, check_numbers
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
    """A numeric column, standardised: one column of X."""

    name: str
    scale: Scale

    @classmethod
    def fit(cls, table: Table, column: Column) -> NumericFeature:
        """Mean and deviation of the column."""
        return cls(column.name, Scale.of(check_numbers(table, column)))

    @property
    def names(self) -> tuple[str, ...]:
        """The name of the column of X."""
        return (printable(self.name),)

    def write(self, table: Table, out: NDArray[np.float64]) -> None:
        """Fills `out` (N, 1)."""
        column = table.column(self.name)
        check_filled(table, column)
        out[:, 0] = self.scale.standardised(check_numbers(table, column))

    def unknown(self, table: Table) -> int:
        """0: a number is never unknown."""
        return 0


@dataclass(frozen=True)
class CategoricalFeature:
    """A categorical column, one-hot: a column of X for each category, in sorted order."""

    name: str
    categories: tuple[str, ...]

    @classmethod
    def fit(cls, table: Table, column: Column) -> CategoricalFeature:
        """The categories that occur in the column."""
        return cls(column.name, tuple(sorted(set(column.labels(False)))))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns of X: `color=red`."""
        return tuple(f"{printable(self.name)}={printable(category)}" for category in self.categories)

    def write(self, table: Table, out: NDArray[np.float64]) -> None:
        """Fills `out` (N, number of categories), which holds zeros; the row of an unknown category stays so."""
        indices = self._indices(table)
        rows = np.flatnonzero(indices >= 0)
        out[rows, indices[rows]] = 1.0

    def unknown(self, table: Table) -> int:
        """The number of rows whose category did not occur in the training rows."""
        return int((self._indices(table) < 0).sum())

    def _indices(self, table: Table) -> NDArray[np.int64]:
        column = table.column(self.name)
        check_filled(table, column)
        position = {category: index for index, category in enumerate(self.categories)}
        return np.array([position.get(label, -1) for label in column.labels(False)], dtype=np.int64)


Feature = NumericFeature | CategoricalFeature
