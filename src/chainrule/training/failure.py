"""When training goes wrong: where NaN or infinity first appeared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engines.engine import Array, Arrays, Batches, Engine, first_failure


class Diverged(ArithmeticError):
    """NaN or infinity in training. The last good weights are kept.

    epoch, step     where it began, counted from 1
    name            the first named step whose value is not finite
    """

    def __init__(self, epoch: int, step: int, name: str) -> None:
        super().__init__(
            f"training diverged in epoch {epoch}, at step {step}: {name} is the first value that is not finite. "
            "The weights from before that step are kept. A smaller learning rate, scaled inputs or clip_norm help."
        )
        self.epoch, self.step, self.name = epoch, step, name

    def __reduce__(self) -> tuple[type[Diverged], tuple[int, int, str]]:
        return type(self), (self.epoch, self.step, self.name)


def all_finite(*groups: Mapping[str, Array]) -> bool:
    return all(np.isfinite(array).all() for group in groups for array in group.values())


def find_failure(
    engine: Engine,
    full: Engine,
    inputs: Arrays,
    batches: Batches,
    masks: Arrays,
    parameters: Arrays,
    state: Arrays,
    t: int,
    hyperparameters: Mapping[str, float],
) -> tuple[int, str]:
    """Go through the steps one by one from the given weights; leave the weights from before the one that fails.

    Returns
        the index of the step in `batches`, and the name of the first value in it that is not finite
    """
    for i in range(len(batches)):
        before = [{name: array.copy() for name, array in group.items()} for group in (parameters, state)]
        one = batches.part(i, i + 1)
        losses = engine.run(inputs, one, masks, parameters, state, t + i, hyperparameters)
        if np.isfinite(losses).all() and all_finite(parameters, state):
            continue
        failed = [name for group in (parameters, state) for name, a in group.items() if not np.isfinite(a).all()]
        for group, kept in zip((parameters, state), before, strict=True):
            for name, array in group.items():
                array[...] = kept[name]
        begin, end = one.offsets[0], one.offsets[1]
        rows: Any = slice(None) if batches.rows is None else batches.rows[begin:end]
        batch = {name: array[rows] for name, array in inputs.items()}
        batch |= {name: array[begin:end] for name, array in masks.items()}
        values = full.trace(batch, parameters, state, t + i, hyperparameters)
        return i, first_failure(full.program, values) or (failed[0] if failed else engine.program.loss)
    return len(batches) - 1, engine.program.loss
