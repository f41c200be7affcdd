"""The target: classes as one-hot rows, or a number standardised; and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import DataError
from .features import Scale
from .quoting import quoted
from .roles import check_filled, check_numbers, class_indices
from .table import Table


@dataclass(frozen=True)
class ClassTarget:
    """K classes, one output each. With `numeric`, labels are read as numbers: `1` and `1.0` are the same class."""

    name: str
    classes: tuple[str, ...]
    numeric: bool

    @property
    def outputs(self) -> int:
        """K, the number of classes."""
        return len(self.classes)

    def encode(self, table: Table) -> NDArray[np.float64]:
        """(N, K) one-hot. Raises DataError for a missing or unknown label."""
        indices = class_indices(table, table.column(self.name, "target column"), self.classes, self.numeric)
        encoded = np.zeros((len(table), self.outputs))
        encoded[np.arange(len(table)), indices] = 1.0
        return encoded

    def decode(self, Y: NDArray[np.floating]) -> list[str]:
        """The label of the largest output of each row of Y (N, K)."""
        _check_outputs(Y, self.outputs)
        return [self.classes[index] for index in Y.argmax(axis=1).tolist()]


@dataclass(frozen=True)
class NumberTarget:
    """A number, one output, standardised with the scale of the training rows."""

    name: str
    scale: Scale

    @property
    def outputs(self) -> int:
        """1."""
        return 1

    @classmethod
    def fit(cls, table: Table, name: str) -> NumberTarget:
        """Mean and deviation of the target. Raises DataError where it is constant."""
        scale = Scale.of(check_numbers(table, table.column(name, "target column")))
        if scale.deviation == 0.0:
            raise DataError(
                f"{table.source}, column {quoted(name)}: the target is the same in all {len(table)} training rows; "
                "hold out fewer rows, or take another seed"
            )
        return cls(name, scale)

    def encode(self, table: Table) -> NDArray[np.float64]:
        """(N, 1), standardised. Raises DataError for a missing cell, or one that is not a number."""
        column = table.column(self.name, "target column")
        check_filled(table, column)
        return self.scale.standardised(check_numbers(table, column))[:, np.newaxis]

    def decode(self, Y: NDArray[np.floating]) -> NDArray[np.float64]:
        """(N, 1) in the units of the table."""
        _check_outputs(Y, 1)
        return Y.astype(np.float64) * self.scale.deviation + self.scale.mean


Target = ClassTarget | NumberTarget


def _check_outputs(Y: NDArray[np.floating], outputs: int) -> None:
    if Y.ndim != 2 or Y.shape[1] != outputs:
        raise ValueError(f"Y has shape {Y.shape}: it must be (N, {outputs}), a row a sample")
