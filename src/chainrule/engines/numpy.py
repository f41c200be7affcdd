"""The NumPy engine: executes the emitted NumPy source, registered with `linecache`.

A debugger steps through it and a traceback shows it: the file is called `<chainrule ...>`.
"""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Mapping
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from ..program.steps import Program
from ..writers import write
from .engine import Array, Arrays, Batches, Engine

FUNCTIONS = ("step", "predict", "evaluate")
LOOKS = ("trace",)


def load(source: str, title: str) -> dict[str, Any]:
    """Run a module's source and give its names; its lines are there for debuggers and tracebacks."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    filename = f"<chainrule {title}, numpy, {digest}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    module: dict[str, Any] = {"__name__": f"chainrule_{digest}"}
    exec(compiled(source, filename), module)  # noqa: S102  our own writer's text: what you read is what runs
    return module


@lru_cache(maxsize=64)
def compiled(source: str, filename: str) -> CodeType:
    """A source compiled: folds, seeds and fits of one network share it."""
    return compile(source, filename, "exec")


class NumPyEngine(Engine):
    """Runs `step`, `predict` and `evaluate` of the emitted module.

    Overflow and underflow inside a saturated sigmoid are harmless and raise no warning; NaN and infinity in losses and
    weights are noticed by the training.
    """

    name = "numpy"

    def __init__(self, program: Program, dtype: str = "float32", functions: tuple[str, ...] = FUNCTIONS) -> None:
        super().__init__(program, dtype)
        self.functions = functions
        self.text = write(program, "numpy", functions=functions)
        self.module = load(self.text, program.title)
        self.tracer = self.module if functions == LOOKS else None
        self.counts = program.counts_steps
        self.has_running = bool(program.statistics)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.program, self.dtype.name, self.functions)

    def beside(self, program: Program) -> NumPyEngine:
        return NumPyEngine(program, self.dtype.name, LOOKS)

    def source(self) -> str:
        return self.text

    def run(
        self,
        inputs: Mapping[str, Array],
        batches: Batches,
        masks: Arrays,
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> Array:
        step = self.module["step"]
        carried: list[Any] = [list(parameters.values()), *([list(state.values())] if state else [])]
        losses = np.empty(len(batches))
        offsets, rows = batches.offsets.tolist(), batches.rows
        with np.errstate(all="ignore"):
            for i in range(len(batches)):
                begin, end = offsets[i], offsets[i + 1]
                batch = inputs if rows is None else {name: array[rows[begin:end]] for name, array in inputs.items()}
                if masks:
                    batch = {**batch, **{name: array[begin:end] for name, array in masks.items()}}
                arguments: list[Any] = [batch[name] for name in self.program.inputs]
                arguments += carried
                if self.counts:
                    arguments.append(t + i)
                try:
                    losses[i] = step(*arguments, **hyperparameters)
                except ArithmeticError:  # where arrays hold infinity, Python's own numbers raise: 2.0**t, 1 / 0
                    losses[i:] = np.nan
                    break
        return losses

    def predict(self, X: Array, parameters: Arrays, state: Arrays) -> Array:
        with np.errstate(all="ignore"):
            output: Array = self.module["predict"](X, *self.carried(parameters, state))
        return output

    def evaluate_block(self, X: Array, y: Array, parameters: Arrays, state: Arrays) -> tuple[Array, float]:
        with np.errstate(all="ignore"):
            output, loss = self.module["evaluate"](X, y, *self.carried(parameters, state))
        return output, float(loss)

    def carried(self, parameters: Arrays, state: Arrays) -> list[Any]:
        return [list(parameters.values()), *([list(state.values())] if self.has_running else [])]

    def trace(
        self,
        inputs: Mapping[str, Array],
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> Arrays:
        if self.tracer is None:
            self.tracer = load(write(self.program, "numpy", functions=("trace",)), self.program.title)
        arguments: list[Any] = [inputs[name] for name in self.program.inputs]
        arguments.append(list(parameters.values()))
        if state:
            arguments.append(list(state.values()))
        if self.counts:
            arguments.append(t)
        with np.errstate(all="ignore"):
            values = self.tracer["trace"](*arguments, **hyperparameters)
        return {name: np.asarray(value) for name, value in values.items()}
