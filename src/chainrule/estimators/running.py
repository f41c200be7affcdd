"""A run: the epochs of one fit, handed to an engine in few calls. To callbacks it is the training."""

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
ON_TRIAL = 0.002  # seconds of steps that may be made in vain
FIRST_OPERATIONS = 5e8  # floating-point operations made before the pace is known
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
        operations = 6 * sum(array.size for array in parameters.values()) * int(self.rows.max())
        self.pace = max(1, int(FIRST_OPERATIONS / operations))
        self.sparse: Any = None
        self.inputs = inputs
        if not isinstance(inputs["X"], np.ndarray):
            self.inputs = self.dense(inputs)
        self.validation: tuple[Array, Array] | None = None
        self.metrics: dict[str, Metric] = {}
        self.callbacks: tuple[Callback, ...] = ()
        self.added: Array | None = None  # (N,) what the losses are reported with on top: constants of the rows
        self.history: dict[str, list[float]] = {"loss": [], self.rate_name: []}
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
        batches, masks = self.taken = self.sampler.take(min(most, self.pace))
        if self.may_vanish:
            check_weights(self.inputs["sample_weight"], batches)
        inputs, given = self.inputs, batches
        if self.sparse is not None:
            inputs, given, masks = self.block(batches, masks)
        arguments = (self.parameters, self.state, self.t + 1, self.hyperparameters)
        losses = self.engine.run(inputs, given, masks, *arguments)
        if self.added is not None:
            losses = losses + batch_means(self.added, self.inputs.get("sample_weight"), batches)
        self.t += len(losses)
        seconds = time.perf_counter() - started
        self.pace = max(1, int(len(batches) * PATIENCE / max(seconds, 1e-9)))
        if self.sparse is not None:
            self.pace = min(self.pace, self.sparse_steps)
        return losses

    def on_trial(self) -> int:
        """How many epochs may be made before it is known whether they are wanted: few, and of little time.

        None where somebody could tell from the random numbers that more of them were drawn.
        """
        if not self.epoch or self.sampler.given_back is not None or self.sparse is not None:
            return 0
        one_call = min(self.pace, self.sampler.most_steps)  # `take_back` knows the batches of the last one
        most = min(int(self.pace * ON_TRIAL / PATIENCE), one_call)
        return min(most // self.sampler.steps_per_epoch, self.epoch)

    def keep(self) -> None:
        """Remember the weights: `take_back` returns to them."""
        self.before = (self.copy_of_weights(), self.t, self.epoch)

    def take_back(self, losses: Array, wanted: int) -> Array:
        """Of the epochs made since `keep`, in one call, make only so many. The same steps give the same bits."""
        (parameters, state), self.t, self.epoch = self.before
        self.restore_weights(parameters, state)
        self.sampler.give_back(*self.taken)
        steps = wanted * self.sampler.steps_per_epoch
        while steps:
            steps -= len(self.steps(steps))
        self.epoch += wanted
        return losses[:wanted]

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


def batch_means(terms: Array, weights: Array | None, batches: Batches) -> Array:
    """The mean of each batch, weighted where rows have weights (N, 1)."""
    column = np.ones(len(terms)) if weights is None else weights[:, 0].astype(float)
    return batch_sums(terms * column, batches) / batch_sums(column, batches)


def batch_sums(terms: Array, batches: Batches) -> Array:
    if batches.rows is None:
        return np.full(len(batches), terms.sum())
    begin, end = int(batches.offsets[0]), int(batches.offsets[-1])
    sums: Array = np.add.reduceat(terms[batches.rows[begin:end]], batches.offsets[:-1] - begin)
    return sums


def check_weights(weights: Array, batches: Batches) -> None:
    """ZeroDivisionError, as scikit-learn raises: a batch of rows that all have weight 0."""
    if not batch_sums(weights[:, 0], batches).all():
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
