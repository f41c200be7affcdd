"""Engine: what every engine can do with a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..program.steps import Program, ProgramError

Array = NDArray[Any]
Arrays = dict[str, Array]
DTYPES = ("float32", "float64")
BLOCK_ROWS = 65_536


class Engine:
    """A program ready to run, on data of one dtype.

    The caller owns parameters and state: dicts of contiguous arrays in the order of `program.parameters` and
    `program.state`, changed in place by `run`.
    """

    name = ""

    def __init__(self, program: Program, dtype: str = "float32") -> None:
        if dtype not in DTYPES:
            raise ValueError(f"unknown dtype '{dtype}'; known: {', '.join(DTYPES)}")
        self.program = program
        self.dtype = np.dtype(dtype)

    def run(
        self,
        inputs: Mapping[str, Array],
        batches: Sequence[Array | slice],
        masks: Iterator[Arrays],
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> Array:
        """One step per batch; the loss of each, before its update.

        inputs      X, y and sample_weight where used, all rows
        batches     the rows of each step
        masks       for each step, its dropout masks by name; advanced once per step
        t           the number of the first step, counted from 1
        """
        raise NotImplementedError

    def predict(self, X: Array, parameters: Arrays, state: Arrays) -> Array:
        """The output (N, K) for the rows of X (N, D)."""
        raise NotImplementedError

    def evaluate(self, X: Array, y: Array, parameters: Arrays, state: Arrays) -> tuple[Array, float]:
        """The output and the loss of the data in prediction mode, in blocks of rows."""
        outputs, total, rows = [], 0.0, len(X)
        for start in range(0, rows, BLOCK_ROWS):
            block = slice(start, min(start + BLOCK_ROWS, rows))
            output, loss = self.evaluate_block(X[block], y[block], parameters, state)
            outputs.append(output)
            mean = rows > BLOCK_ROWS and self.program.declaration.loss.reduction != "sum"
            total += loss * ((block.stop - block.start) / rows if mean else 1.0)
        return (outputs[0] if len(outputs) == 1 else np.concatenate(outputs)), total

    def evaluate_block(self, X: Array, y: Array, parameters: Arrays, state: Arrays) -> tuple[Array, float]:
        raise NotImplementedError

    def trace(
        self, inputs: Mapping[str, Array], parameters: Arrays, state: Arrays, t: int, hyperparameters: Mapping[str, float]
    ) -> Arrays:
        """Every named step of one step on these rows (masks among the inputs), in program order; changes nothing."""
        raise NotImplementedError

    def source(self) -> str:
        """The source that runs."""
        raise NotImplementedError(f"the {self.name} engine runs no source")


def first_failure(program: Program, values: Mapping[str, Array]) -> str | None:
    """The first named step whose value is not finite."""
    for step in program.steps:
        if step.name in values and not np.isfinite(values[step.name]).all():
            return step.name
    return None


__all__ = ["DTYPES", "Array", "Arrays", "Engine", "ProgramError", "first_failure"]
