"""A run: the epochs of one fit, handed to an engine in as few calls as can be. Callbacks are shown it as the training."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..engines.engine import Array, Arrays, Batches, Engine
from ..program.steps import Program
from ..training import Callback
from ..training.batches import Sampler
from ..training.interrupt import Interrupt
from ..training.metrics import Metric

PATIENCE = 0.1  # seconds between two looks at Ctrl-C
FIRST_OPERATIONS = 2e8  # floating-point operations made before the pace is known
DENSE_BYTES = 256 * 2**20  # a sparse X that would be larger is made dense block by block


class Run:
    """Weights, data and an engine; what `Training` is to a program, as far as callbacks look at it.

    inputs          X (N, D), y (N, K) and sample_weight (N, 1) where used; X may be sparse
    parameters      changed in place; state: optimizer slots and running statistics
    hyperparameters the numbers of the next step; the first is the learning rate
    t               steps made by this optimizer; epoch: epochs finished in this run
    validation      (X, y) or None; metrics: by name, what scores it
    """

    def __init__(
        self, engine: Engine, program: Program, inputs: dict[str, Any], parameters: Arrays, state: Arrays,
        hyperparameters: dict[str, float], sampler: Sampler, t: int,
    ) -> None:  # fmt: skip
        self.engine, self.program, self.sampler, self.t, self.epoch = engine, program, sampler, t, 0
        self.parameters, self.state, self.hyperparameters = parameters, state, hyperparameters
        self.rate_name = next(iter(hyperparameters))
        self.rows = np.diff(sampler.offsets)
        self.sparse: Any = None
        self.inputs = inputs
        if not isinstance(inputs["X"], np.ndarray):
            self.inputs = self.dense(inputs)
        self.validation: tuple[Array, Array] | None = None
        self.metrics: dict[str, Metric] = {}
        self.callbacks: tuple[Callback, ...] = ()
        self.history: dict[str, list[float]] = {"loss": [], self.rate_name: []}
        operations = 6 * sum(array.size for array in parameters.values()) * int(self.rows.max())
        self.pace = max(1, int(FIRST_OPERATIONS / operations))
        weights = inputs.get("sample_weight")
        self.may_vanish = weights is not None and not weights.all()

    def epochs(self, count: int, interrupt: Interrupt) -> Array:
        """The next epochs, as many as `count` unless interrupted; the loss of each, the mean weighted by rows."""
        per_epoch = self.sampler.steps_per_epoch
        left, parts = count * per_epoch, [np.empty(0)]
        while left and not interrupt.asked:
            parts.append(self.steps(left))
            left -= len(parts[-1])
        losses = np.concatenate(parts)
        table = losses[: len(losses) // per_epoch * per_epoch].reshape(-1, per_epoch)
        self.epoch += len(table)
        return table[:, 0] if per_epoch == 1 else (table * self.rows).sum(axis=1) / self.rows.sum()

    def steps(self, most: int) -> Array:
        """As many steps as take about PATIENCE; their losses."""
        started = time.perf_counter()
        batches, masks = self.sampler.take(min(most, self.pace))
        if self.may_vanish:
            check_weights(self.inputs["sample_weight"], batches)
        inputs = self.inputs
        if self.sparse is not None:
            inputs, batches, masks = self.block(batches, masks)
        arguments = (self.parameters, self.state, self.t + 1, self.hyperparameters)
        losses = self.engine.run(inputs, batches, masks, *arguments)
        self.t += len(losses)
        seconds = time.perf_counter() - started
        self.pace = max(1, int(len(batches) * PATIENCE / max(seconds, 1e-9)))
        if self.sparse is not None:
            self.pace = min(self.pace, self.sparse_steps)
        return losses

    # --- sparse data ---

    def dense(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """X as an array; where that would be large, it stays sparse, and every block of steps gets its rows of it."""
        X = inputs["X"]
        row = X.shape[1] * self.engine.dtype.itemsize
        if self.sampler.all_in_order or X.shape[0] * row <= DENSE_BYTES:
            return {**inputs, "X": X.toarray()}
        self.sparse, self.sparse_steps = X.tocsr(), max(1, DENSE_BYTES // (row * int(self.rows.max())))
        self.pace = min(self.pace, self.sparse_steps)
        return inputs

    def block(self, batches: Batches, masks: Arrays) -> tuple[dict[str, Any], Batches, Arrays]:
        """The rows of some steps, dense and in order."""
        assert batches.rows is not None
        begin, end = int(batches.offsets[0]), int(batches.offsets[-1])
        rows = batches.rows[begin:end]
        inputs = {name: array[rows] for name, array in self.inputs.items() if name != "X"}
        inputs = {"X": self.sparse[rows].toarray(), **inputs}
        masks = {name: mask[begin:end] for name, mask in masks.items()}
        return inputs, Batches(batches.offsets - begin, np.arange(end - begin)), masks

    # --- what callbacks use ---

    def copy_of_weights(self) -> tuple[Arrays, Arrays]:
        """Parameters and state, copied."""
        parameters = {name: array.copy() for name, array in self.parameters.items()}
        return parameters, {name: array.copy() for name, array in self.state.items()}

    def restore_weights(self, parameters: Arrays, state: Arrays) -> None:
        """Put values back in place."""
        for mine, given in ((self.parameters, parameters), (self.state, state)):
            for name, array in mine.items():
                array[...] = given[name]

    def predict(self, X: Array) -> Array:
        """The output (N, K) for the rows of X (N, D)."""
        return self.engine.predict(X, self.parameters, self.state)

    # --- watching ---

    def watch(self, validation: tuple[Array, Array], metric: Metric) -> None:
        """From now on score this data after every epoch."""
        self.validation, self.metrics = validation, {metric.name: metric}
        self.history |= {"validation_loss": [], f"validation_{metric.name}": []}

    def look(self) -> float:
        """Score the validation data; its loss and score go into the history."""
        assert self.validation is not None
        X, y = self.validation
        output, loss = self.engine.evaluate(X, y, self.parameters, self.state)
        self.history["validation_loss"].append(loss)
        ((name, metric),) = self.metrics.items()
        score = metric(y, output)
        self.history[f"validation_{name}"].append(score)
        return score

    def ask(self, last: bool) -> bool:
        """Show callbacks the epoch; whether one of them stops."""
        stop = False
        for callback in self.callbacks:
            if last or stop or self.epoch % callback.every == 0:
                stop = bool(callback.on_epoch(self)) or stop  # type: ignore[arg-type]  # all they look at is here
        return stop


def check_weights(weights: Array, batches: Batches) -> None:
    """ZeroDivisionError, as scikit-learn raises: a batch of rows that all have weight 0."""
    begin, end = int(batches.offsets[0]), int(batches.offsets[-1])
    drawn = weights[:, 0] if batches.rows is None else weights[batches.rows[begin:end], 0]
    sums = [drawn.sum()] if batches.rows is None else np.add.reduceat(drawn, batches.offsets[:-1] - begin)
    if not np.all(sums):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
