"""The loss's own change: what a finite difference says of any dL/d-something, apart from every derivation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engines.reference import evaluate
from .cases import Case

if TYPE_CHECKING:
    from ..engines.engine import Array
    from .exercise import Exercise, Quantity

STEP = 1e-5
MOST = 8  # elements of each gradient that are measured


def loss_with(exercise: Exercise, case: Case, of: str, index: tuple[int, ...], change: float) -> float:
    """The loss, with one element of one value moved as soon as it is there."""
    values: dict[str, Any] = case.values

    def move() -> None:
        moved = np.array(values[of], dtype=float)
        moved[index] += change
        values[of] = moved

    if of in values:
        move()
    with np.errstate(all="ignore"):
        for quantity in exercise.quantities:
            if quantity.phase in ("forward", "loss"):
                values[quantity.name] = evaluate(quantity.expression, values)
                if quantity.name == of:
                    move()
    return float(values[exercise.program.loss])


def measured_at(exercise: Exercise, case: Case, quantity: Quantity, index: tuple[int, ...]) -> float | None:
    """By how much the loss changes for each unit of what an adjoint belongs to; None where that is not the gradient."""
    if not quantity.of or quantity.note == "slope" or exercise.declaration.clip_delta is not None:
        return None
    up, down = (loss_with(exercise, case, quantity.of, index, step) for step in (STEP, -STEP))
    number = (up - down) / (2 * STEP)
    return number if np.isfinite(number) else None


def agreement(exercise: Exercise, case: Case, truth: Mapping[str, Array]) -> float | None:
    """The largest deviation of the gradients from finite differences, over the largest gradient."""
    deviation, largest = 0.0, 0.0
    for quantity in exercise.quantities:
        if quantity.of in exercise.program.trainable:
            value = truth[quantity.name]
            for position in np.random.RandomState(0).permutation(value.size)[:MOST]:
                index = tuple(int(i) for i in np.unravel_index(int(position), value.shape))
                number = measured_at(exercise, case, quantity, index)
                if number is None:
                    return None
                deviation = max(deviation, abs(number - float(value[index])))
            largest = max(largest, float(np.abs(value).max(initial=0.0)))
    return deviation / (largest or 1.0)
