"""From a table to arrays a network can be trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import record
from .errors import DataError
from .features import CategoricalFeature, Feature, NumericFeature
from .quoting import quoted
from .roles import Roles, Task
from .table import Table
from .target import ClassTarget, NumberTarget, Target

MOST_VALUES = 2**28
"""Cells of X; more (2 GiB in float64) are refused before they are allocated."""


@dataclass(frozen=True)
class Preparation:
    """What was learned from the training rows, to be applied unchanged to any other rows.

    Numeric columns are standardised (constant ones become 0), categorical ones one-hot encoded in sorted order; a
    category that the training rows did not show becomes zeros, and `unknown` counts such cells. A missing number
    becomes the median, and where the training rows have missing ones too, a column of zeros and ones tells which they
    were; `filled_in` counts those that it does not tell. A missing category is a category. A class becomes a
    one-hot row, a numeric target is standardised. Columns are found by name: their order does not matter, further ones
    are ignored.

        roles = find_roles(table, "species")
        train, test = split(len(table), 0.25, seed=0, strata=roles.strata(table))
        preparation = Preparation.fit(table.take(train), roles)
        X, Y = preparation.transform(table.take(train)), preparation.transform_target(table.take(train))
    """

    features: tuple[Feature, ...]
    target: Target

    @classmethod
    def fit(cls, table: Table, roles: Roles) -> Preparation:
        """Fitted to the rows of `table`, which are the training rows.

        Raises
            DataError: no rows, a missing column, a cell that does not fit its column's role, a target constant in these
            rows.
        """
        if not len(table):
            raise DataError(f"{table.source} has no rows to train on")
        features: list[Feature] = []
        for name, role in roles.features:
            kind = NumericFeature if role == "numeric" else CategoricalFeature
            features.append(kind.fit(table, table.column(name)))
        if roles.task == "regression":
            return cls(tuple(features), NumberTarget.fit(table, roles.target))
        return cls(tuple(features), ClassTarget(roles.target, roles.classes, roles.numeric_classes))

    @property
    def task(self) -> Task:
        """`classification` or `regression`."""
        return "classification" if isinstance(self.target, ClassTarget) else "regression"

    @property
    def classes(self) -> tuple[str, ...]:
        """The K classes in the order of the outputs; none in a regression. `printable` makes each safe to show."""
        return self.target.classes if isinstance(self.target, ClassTarget) else ()

    @property
    def feature_names(self) -> tuple[str, ...]:
        """D names, one a column of X, safe to print: `petal_width`, `color=red`."""
        return tuple(name for feature in self.features for name in feature.names)

    @property
    def width(self) -> int:
        """D, the number of inputs."""
        return sum(len(feature.names) for feature in self.features)

    @property
    def outputs(self) -> int:
        """M, the number of outputs: K for classes, 1 for a number."""
        return self.target.outputs

    def transform(self, table: Table) -> NDArray[np.float64]:
        """X (N, D), float64. The target need not be in the table.

        Raises
            DataError: a missing column, a cell of a numeric column that is not a number, a number too far from
            the training rows for float64, more than 2**28 cells.
        """
        width = self.width
        if len(table) * width > MOST_VALUES:
            raise DataError(
                f"{table.source}: {len(table):,} rows of {width:,} inputs are more than fit into memory safely; "
                "remove columns with many categories, or take fewer rows"
            )
        X = np.zeros((len(table), width))
        begin = 0
        for feature in self.features:
            end = begin + len(feature.names)
            feature.write(table, X[:, begin:end])
            check_scaled(table, feature.name, X[:, begin:end])
            begin = end
        return X

    def transform_target(self, table: Table) -> NDArray[np.float64]:
        """Y (N, M), float64: one-hot rows, or the standardised target.

        Raises
            DataError: no target column, a missing cell, an unknown class, a cell that is not a number.
        """
        Y = self.target.encode(table)
        check_scaled(table, self.target.name, Y)
        return Y

    def inverse_target(self, Y: NDArray[np.floating]) -> list[str] | NDArray[np.float64]:
        """Outputs Y (N, M) as people read them: N labels, or (N, 1) numbers in the units of the table."""
        return self.target.decode(Y)

    def unknown(self, table: Table) -> dict[str, int]:
        """For each categorical column that has any, the number of rows whose category was not in the training rows."""
        counts = {feature.name: feature.unknown(table) for feature in self.features}
        return {name: count for name, count in counts.items() if count}

    def filled_in(self, table: Table) -> dict[str, int]:
        """For each numeric column that had no missing cell in the training rows, how many there are, if any."""
        counts = {feature.name: feature.filled_in(table) for feature in self.features}
        return {name: count for name, count in counts.items() if count}

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON; `from_dict` reads it back identical."""
        return record.written(self.features, self.target)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Preparation:
        """The preparation that `to_dict` described. Raises DataError where anything in `data` is not as it should."""
        return cls(*record.read(data))


def check_scaled(table: Table, name: str, values: NDArray[np.float64]) -> None:
    """Raises DataError, naming row and column, where a value does not fit into float64."""
    finite = np.isfinite(values)
    if not finite.all():
        column = table.column(name)
        row = int(finite.argmin()) // values.shape[1]
        raise DataError(
            f"{table.place(row, column)}: {column.shown(row)} is too far from the other values of column {quoted(name)}"
        )
