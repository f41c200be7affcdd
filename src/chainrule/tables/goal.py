"""What the outputs of the network stand for: classes, or a number; and the targets to train on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import DataError, Preparation, Roles, Table
from ..formulas.losses import LOSSES, Loss, loss_for, output_for
from ..formulas.losses import loss as find_loss

Array = NDArray[np.float64]

LEAST = {"nonnegative": 0.0, "unit": 0.0}
MOST = {"unit": 1.0}


@dataclass(frozen=True)
class Goal:
    """How the target column becomes outputs, and outputs become answers.

    loss, output    a row of the book, and the output activation that goes with it
    single          two classes with one output, the probability of the second
    scaled          a number that is standardised; losses for targets within bounds take it as it is
    """

    roles: Roles
    loss: Loss
    output: str
    single: bool = False
    scaled: bool = False

    @classmethod
    def find(cls, roles: Roles, loss: str | Loss | None, output: str | None, outputs: int | None = None) -> Goal:
        """By default binary or softmax cross-entropy for classes, half the mean squared error for a number.

        Raises
            ValueError: an unknown loss, or one that does not fit the task.
        """
        if roles.task == "regression":
            found = find_loss(loss or "half_mean_squared_error")
            if found.target == "probabilities":
                raise ValueError(
                    f"loss {found.name} is for classes, but the target is a number; "
                    "--task classification takes its values for classes"
                )
            return cls(roles, found, output or output_for(found.name), scaled=found.target == "real")
        wanted = find_loss(loss or loss_for(output or "") or "binary_cross_entropy")
        two = len(roles.classes) == 2 and wanted.target != "probabilities" and outputs in (None, 1)
        found = find_loss(loss or ("binary_cross_entropy" if two else "softmax_cross_entropy"))
        if found.target == "nonnegative":
            raise ValueError(
                f"loss {found.name} is for a number as target, but the target has classes; "
                "--task regression takes them for numbers"
            )
        fitting = output_for(found.name)
        return cls(roles, found, output or ("sigmoid" if fitting == "linear" else fitting), single=two)

    @property
    def gives_probabilities(self) -> bool:
        """Whether the outputs of a row are a distribution over the classes: softmax, or one sigmoid for two of them."""
        name = loss_for(self.output)
        target = LOSSES[name].target if name is not None else ""
        return target == "probabilities" or (self.single and target == "unit")

    def outputs(self, preparation: Preparation) -> int:
        return 1 if self.single else preparation.outputs

    def check(self, table: Table) -> None:
        """Refuse a target out of the bounds of the loss.

        Raises
            DataError: with row and column.
        """
        if self.roles.task == "classification" or self.scaled:
            return
        column = table.column(self.roles.target)
        values = column.numbers.values
        least, most = LEAST.get(self.loss.target, -float("inf")), MOST.get(self.loss.target, float("inf"))
        outside = (values < least) | (values > most)
        if outside.any():
            row = int(outside.argmax())
            bounds = f"between {least:g} and {most:g}" if most < float("inf") else f"of at least {least:g}"
            raise DataError(
                f"{table.place(row, column)}: {column.shown(row)}; loss {self.loss.name} needs a target {bounds}"
            )

    def targets(self, preparation: Preparation, table: Table) -> Array:
        """Y (N, K) of the rows of a table."""
        if self.roles.task == "classification" or self.scaled:
            targets = preparation.transform_target(table)
            return targets[:, 1:] if self.single else targets
        return table.column(self.roles.target).numbers.values[:, None]

    def labels(self, outputs: Any) -> NDArray[np.int64]:
        """The class (N,) that outputs (or targets) stand for, as a position in `roles.classes`."""
        chosen: NDArray[np.int64] = (outputs[:, 0] > 0.5).astype("int64") if self.single else outputs.argmax(axis=1)
        return chosen

    def numbers(self, preparation: Preparation, outputs: Any) -> Array:
        """The numbers (N,) that outputs (or targets) stand for, in the units of the table."""
        answer = preparation.inverse_target(outputs) if self.scaled else outputs
        return np.asarray(answer, dtype=np.float64)[:, 0]
