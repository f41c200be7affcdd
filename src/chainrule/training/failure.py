"""When training goes wrong: where NaN or infinity first appeared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engines.engine import Array, Arrays, Batches, Engine, first_failure
from ..engines.reference import ReferenceEngine


class Diverged(ArithmeticError):  # noqa: N818  named after what happened, as KeyboardInterrupt is
    """NaN or infinity in training. The last good weights are kept.

    epoch, step     where it began, counted from 1; steps are counted through all epochs
    name            the first named step whose value is not finite, or the first parameter or state after its update
    """

    def __init__(self, epoch: int, step: int, name: str) -> None:
        super().__init__(
            f"training diverged in epoch {epoch}, at step {step}: {name} is the first value that is not finite. "
            "The last good weights are kept. A smaller learning rate, scaled inputs or clip_norm help."
        )
        self.epoch, self.step, self.name = epoch, step, name

    def __reduce__(self) -> tuple[type[Diverged], tuple[int, int, str]]:
        return type(self), (self.epoch, self.step, self.name)


class Weights:
    """Parameters and state, with room for a copy of them."""

    def __init__(self, parameters: Arrays, state: Arrays) -> None:
        self.parameters, self.state = parameters, state
        self.copies = [array.copy() for array in self.arrays]

    @property
    def arrays(self) -> list[Array]:
        return [*self.parameters.values(), *self.state.values()]

    def keep(self) -> None:
        for copy, array in zip(self.copies, self.arrays, strict=True):
            np.copyto(copy, array)

    def take_back(self) -> None:
        for copy, array in zip(self.copies, self.arrays, strict=True):
            np.copyto(array, copy)

    def finite(self) -> bool:
        return all(np.isfinite(array).all() for array in self.arrays)


def find_failure(
    engine: Engine,
    full: Engine,
    inputs: Arrays,
    batches: Batches,
    masks: Arrays,
    weights: Weights,
    t: int,
    hyperparameters: Mapping[str, float],
) -> tuple[int, str]:
    """The step that fails, found by halving; the weights, given from before the first step, are left from before it.

    What is not finite once stays so, in a weight as in its slots: so the first failing step can be found by halving.

    engine      the one that runs; full: the same program with every value named
    t           the number of the first step
    Returns
        the index of the step in `batches`, and the name of the first value in it that is not finite
    """
    parameters, state = weights.parameters, weights.state

    def succeed(first: int, last: int) -> bool:
        losses = engine.run(inputs, batches.part(first, last), masks, parameters, state, t + first, hyperparameters)
        return bool(np.isfinite(losses).all()) and weights.finite()

    good, bad = 0, len(batches)
    weights.keep()
    while bad - good > 1:
        middle = (good + bad) // 2
        if succeed(good, middle):
            good = middle
            weights.keep()
        else:
            bad = middle
            weights.take_back()
    succeed(good, bad)
    after: Arrays = {name: array.copy() for name, array in {**parameters, **state}.items()}
    weights.take_back()
    step = (one_batch(inputs, batches, masks, good), parameters, state)
    try:
        values = full.trace(*step, t + good, hyperparameters)
    except ArithmeticError:  # of Python's own numbers; NumPy's are infinite instead
        numbers = {name: np.float64(value) for name, value in hyperparameters.items()}
        values = ReferenceEngine(full.program, "float64").trace(*step, np.float64(t + good), numbers)  # type: ignore[arg-type]
    return good, first_failure(full.program, {**values, **after}) or engine.program.loss


def one_batch(inputs: Mapping[str, Array], batches: Batches, masks: Arrays, index: int) -> Arrays:
    """The rows of one step, its masks among them."""
    step = slice(batches.offsets[index], batches.offsets[index + 1])
    rows: Any = slice(None) if batches.rows is None else batches.rows[step]
    return {name: array[rows] for name, array in inputs.items()} | {name: array[step] for name, array in masks.items()}
