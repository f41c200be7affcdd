"""Training: runs a program over epochs and batches of data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..data import check_features
from ..engines import make_engine
from ..engines.engine import Array, Arrays, Batches, Engine
from ..engines.looks import Seen
from ..program.steps import Program
from ..writers.run import Run
from .batches import Sampler
from .callbacks import Callback, Watcher
from .failure import Diverged, Weights, find_failure
from .inputs import (
    check_data,
    check_dtype,
    check_pair,
    check_program,
    check_whole,
    read_only,
    row_weights,
    shown,
    weighted,
)
from .interrupt import Interrupt
from .metrics import check_metrics
from .progress import Bar
from .self_test import make_self_test
from .snapshot import Snapshot, lasting_settings, resume_callbacks
from .start import draw, take_given

PATIENCE = 0.1  # seconds between two looks at Ctrl-C and at the progress bar
FIRST_STEPS = 8  # made before the pace of a training is known
MOST_SEED = 2**32 - 1
BAKED_NUMBERS = 2_000  # more data than that, and a script reads it from a CSV


class Training:
    """A program, its data, and the weights that it learns.

        run = Training(program, X, y, epochs=100, batch_size=32, seed=0).fit()
        run.losses, run.history, run.parameters, run.predict(X)

    Parameters
        X, y            (N, D) and (N, K); y may be (N,) where K is 1, or N whole numbers 0..K-1, the labels
        epochs          how often `fit` goes through the data
        batch_size      rows in a step, the last may have fewer; None takes all rows in one
        seed            of everything random: initial weights, the order of the rows, dropout
        engine, dtype   "auto", "numpy", ..., or the engine of a training whose program has the same steps; "float32" or
                        "float64"
        library         for engine "c": a file that `chainrule build` wrote for this program; nothing is compiled
        threads         at most so many share the work of a large step of engine "c"; the numbers stay the same
        validation      (X, y): evaluated after every epoch, in prediction mode
        metrics         names or functions of (y, output), of the validation data where there is some
        sample_weight   (N,), how many times each row counts; rows of weight 0 are left out
        class_weight    {label: weight}, or "balanced": every class counts as much as every other
        progress        True, False, or None: where standard error is a terminal
        callbacks       `EarlyStopping`, `ReduceOnPlateau`, or your own
        parameters      own initial weights, `{"W1": ...}`
        batches         own batches: for each step of an epoch the indices of its rows
        shuffle         draw a new order of the rows for every epoch

    After `fit`
        losses          of every step, before its update (steps,)
        history         name -> a number per finished epoch
        parameters      name -> array; state: optimizer slots and running statistics
        epoch, t        how many epochs were finished and steps made
        interrupted     whether Ctrl-C ended the last fit; stopped: whether a callback did; seconds: what all fits took
        hyperparameters name -> number; what is changed here holds from the next step on

    Raises
        ValueError: data that does not fit the program, with row and column.  Diverged: NaN or infinity while training.
    """

    def __init__(
        self,
        program: Program,
        X: Any,
        y: Any,
        *,
        epochs: int = 100,
        batch_size: int | None = None,
        seed: int = 0,
        engine: str | Engine = "auto",
        dtype: str = "float32",
        library: str | Path | None = None,
        threads: int = 1,
        validation: tuple[Any, Any] | None = None,
        metrics: Iterable[Any] = (),
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | str | None = None,
        progress: bool | None = None,
        callbacks: Iterable[Callback] = (),
        parameters: Mapping[str, Any] | None = None,
        batches: Sequence[Any] | None = None,
        shuffle: bool = True,
    ) -> None:
        check_program(program)
        self.epochs = check_whole("epochs", epochs, 0)
        self.seed = check_whole("seed", seed, 0, MOST_SEED)
        dtype = check_dtype(dtype)
        self.X, self.y = check_data(program, X, y, dtype)
        weights = row_weights(self.y, sample_weight, class_weight, self.X.dtype)
        if weights is not None:
            program = weighted(program)
            self.X, self.y, weights = left_in(self.X, self.y, weights, batches)
        self.program, self.batch_size = program, batch_size
        self.inputs: Arrays = {"X": self.X, "y": self.y}
        if "sample_weight" in program.inputs:
            self.inputs["sample_weight"] = np.ones((len(self.X), 1), self.X.dtype) if weights is None else weights
        self.validation = None
        if validation is not None:
            self.validation = check_data(program, *check_pair(validation), dtype, "validation ")
        self.hyperparameters = dict(program.hyperparameters)
        self.rate_name = next(iter(self.hyperparameters))
        self.metrics = check_metrics(metrics, taken=("loss", self.rate_name))
        self.callbacks, self.progress = check_callbacks(callbacks), progress
        self.engine = make_engine(program, engine, dtype, library=library, threads=threads)
        random = np.random.RandomState(self.seed)
        self.parameters, self.state = draw(program, random, self.engine.dtype)
        take_given(self.parameters, parameters or {})
        self.given = dict(parameters or {})
        self.sampler = Sampler(program, len(self.X), batch_size, shuffle, random, self.engine.dtype, batches)
        self.weights = Weights(self.parameters, self.state)
        self.t, self.interrupted, self.stopped, self.seconds = 0, False, False, 0.0
        self.diverged: Diverged | None = None  # what ended the last fit, if it did
        self.snapshot: Snapshot | None = None  # what the next fit goes on from
        self.pace = FIRST_STEPS
        self.recorded: list[Array] = []
        self.unfinished: list[Array] = []  # the losses of the epoch that is not finished yet
        self.finished: list[tuple[Array, float]] = []  # losses of epochs and their rate, not yet in the history
        prefix = "validation_" if self.validation is not None else ""
        self.entries: dict[str, list[float]] = {"loss": []}
        self.entries |= {"validation_loss": []} if prefix else {}
        self.entries |= {prefix + name: [] for name in self.metrics}
        self.entries[self.rate_name] = []

    # --- fitting ---

    def fit(self, epochs: int | None = None) -> Training:
        """Train for `epochs` more epochs, by default as many as declared.

        Ctrl-C ends it after a step and keeps what was learned; the next fit goes on with the rest of that epoch. In
        however many fits, the same epochs give the same weights.
        """
        first = self.epoch
        last = first + (self.epochs if epochs is None else check_whole("epochs", epochs, 0))
        started = time.perf_counter()
        self.interrupted, self.stopped, self.diverged = False, False, None
        for callback in self.callbacks:
            callback.on_start(self)
        if self.snapshot is not None:
            self.stopped = resume_callbacks(self, self.snapshot)
            self.snapshot = None
        try:
            with Interrupt() as interrupt, Bar(last - first, self.progress) as bar:
                while self.epoch < last and not self.stopped and not interrupt.asked:
                    goal = self.next_look(last)
                    loss = self.run_steps(self.steps_until(goal))
                    if self.is_watched and not self.steps_until(goal):
                        self.look(goal == last)
                    bar.at(self.t / self.sampler.steps_per_epoch - first, loss)
                self.interrupted = interrupt.asked
        finally:
            for callback in reversed(self.callbacks):
                callback.on_end(self)
            self.seconds += time.perf_counter() - started
        return self

    @property
    def epoch(self) -> int:
        """How many epochs are finished."""
        return self.t // self.sampler.steps_per_epoch

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What a training that goes on from this one must share, callbacks aside: read once for all checkpoints."""
        return lasting_settings(self)

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks after every epoch; otherwise many epochs run in one go."""
        return bool(self.callbacks or self.metrics or self.validation is not None)

    def next_look(self, last: int) -> int:
        """The epoch after which somebody looks next, at most `last`."""
        if self.metrics or self.validation is not None:
            return self.epoch + 1
        waiting = [callback for callback in self.callbacks if callback is not self.watcher]
        return min([last, *((self.epoch // callback.every + 1) * callback.every for callback in waiting)])

    @property
    def watcher(self) -> Watcher | None:
        """The callback for which the engine looks between steps."""
        watchers = (callback for callback in self.callbacks if isinstance(callback, Watcher))
        return next((watcher for watcher in watchers if watcher.looks is not None), None)

    def steps_until(self, epoch: int) -> int:
        return epoch * self.sampler.steps_per_epoch - self.t

    def run_steps(self, most: int) -> float:
        """As many steps as take about `PATIENCE`, at most `most`; the loss of the last one.

        If they fail, the weights are those from before the step that fails, and the next fit begins with that step.
        """
        started = time.perf_counter()
        batches, masks = self.sampler.take(min(most, self.pace))
        arguments = (self.t + 1, self.hyperparameters)
        self.weights.keep()
        try:
            losses, seen = self.make_steps(batches, masks, *arguments)
        except BaseException:
            self.weights.take_back()
            self.sampler.give_back(batches, masks)
            raise
        if not (np.isfinite(losses).all() and self.weights.finite()):
            self.weights.take_back()
            full = make_engine(self.program.full, "numpy", self.engine.dtype.name)
            good, name = find_failure(self.engine, full, self.inputs, batches, masks, self.weights, *arguments)
            self.record(losses[:good])
            self.hand_on(seen, good)
            self.sampler.give_back(batches.part(good, len(batches)), masks)
            self.diverged = Diverged(self.epoch + 1, self.t + 1, name)
            raise self.diverged
        self.record(losses)
        self.hand_on(seen, len(losses))
        self.pace = max(1, int(len(batches) * PATIENCE / max(time.perf_counter() - started, 1e-9)))
        return float(losses[-1])

    def make_steps(
        self, batches: Batches, masks: Arrays, t: int, hyperparameters: Mapping[str, float]
    ) -> tuple[Array, Seen | None]:
        """The losses of some steps, and what the watcher sees between them."""
        watcher, given = self.watcher, (self.inputs, batches, masks, self.parameters, self.state, t, hyperparameters)
        if watcher is None or watcher.looks is None:
            return self.engine.run(*given), None
        return self.engine.watch(watcher.looks, *given)

    def hand_on(self, seen: Seen | None, steps: int) -> None:
        """To the watcher, what was seen after the steps just recorded."""
        if seen is None or self.watcher is None:
            return
        known, before = seen.until(steps), self.t - steps
        if len(known.after):
            self.watcher.see((known.after + before) // self.sampler.steps_per_epoch, known.values)

    def record(self, losses: Array) -> None:
        """Take down the losses of the steps just made, and of the epochs that they finish."""
        before, per_epoch = self.epoch, self.sampler.steps_per_epoch
        self.recorded.append(losses)
        self.unfinished.append(losses)
        self.t += len(losses)
        done = self.epoch - before
        if done:
            together = self.unfinished[0] if len(self.unfinished) == 1 else np.concatenate(self.unfinished)
            whole, rest = together[: done * per_epoch], together[done * per_epoch :]
            self.finished.append((whole.reshape(done, per_epoch), self.hyperparameters[self.rate_name]))
            self.unfinished = [rest] if len(rest) else []

    def look(self, last: bool) -> None:
        """Validation, metrics and callbacks after an epoch; any of these may stop the training."""
        if self.metrics or self.validation is not None:
            X, y = self.validation or (self.X, self.y)
            prefix = "validation_" if self.validation is not None else ""
            output, loss = self.engine.evaluate(X, y, self.parameters, self.state)
            if prefix:
                self.entries["validation_loss"].append(loss)
            for name, metric in self.metrics.items():
                self.entries[prefix + name].append(metric(y, output))
        for callback in self.callbacks:
            if last or self.stopped or self.epoch % callback.every == 0:
                self.stopped = bool(callback.on_epoch(self)) or self.stopped

    # --- weights ---

    def copy_of_weights(self) -> tuple[Arrays, Arrays]:
        """Parameters and state, copied."""
        parameters = {name: array.copy() for name, array in self.parameters.items()}
        return parameters, {name: array.copy() for name, array in self.state.items()}

    def restore_weights(self, parameters: Arrays, state: Arrays) -> None:
        """Put values back in place."""
        for mine, given in ((self.parameters, parameters), (self.state, state)):
            for name, array in mine.items():
                array[...] = given[name]

    # --- results ---

    @property
    def losses(self) -> Array:
        """The loss of every step, before its update (steps,), those of an unfinished epoch included."""
        if len(self.recorded) != 1:
            self.recorded = [np.concatenate([np.empty(0), *self.recorded])]
        return self.recorded[0]

    @property
    def history(self) -> dict[str, list[float]]:
        """Name -> a number per finished epoch.

        loss                the losses of its steps, a mean weighted by their rows; with the penalty where there is one
        validation_loss     where there is validation data: its data loss after the epoch, in prediction mode
        metrics             by name after the epoch, in prediction mode; with validation data of that, `validation_r2`
        learning_rate       the rate of the epoch; where a schedule computes it, `rate`, its base
        """
        rows = np.diff(self.sampler.offsets)
        for table, rate in self.finished:
            # row by row: the bits of `table @ rows` depend on how many epochs ran in one go
            means = table[:, 0] if table.shape[1] == 1 else (table * rows).sum(axis=1) / rows.sum()
            self.entries["loss"] += means.tolist()
            self.entries[self.rate_name] += [rate] * len(table)
        self.finished = []
        return self.entries

    @property
    def kernels(self) -> str:
        """The kernel set that runs: plain, tiled or lanes of the C engine; empty for an engine that has but one."""
        return self.engine.kernels

    def row_predictor(self) -> Callable[[Any], Array]:
        """A function from one row (D,) to its output (K,): for serving, about a microsecond above the call in C.

        It checks nothing but the number of columns. Use one for each thread.
        """
        return self.engine.row_predictor(self.parameters, self.state)

    def predict(self, X: Any) -> Array:
        """The output (N, K) for the rows of X (N, D)."""
        rows = check_features(X, width=int(self.program.inputs["X"][1]), dtype=self.engine.dtype)
        return self.engine.predict(rows, self.parameters, self.state)

    def evaluate(self, X: Any, y: Any) -> dict[str, float]:
        """The data loss and the metrics on other data, in prediction mode."""
        features, target = check_data(self.program, X, y, self.engine.dtype.name)
        output, loss = self.engine.evaluate(features, target, self.parameters, self.state)
        return {"loss": loss} | {name: metric(target, output) for name, metric in self.metrics.items()}

    def diagnose(self) -> Any:
        """What is wrong with this training, where, since when, and what to do: a `chainrule.observe.Diagnosis`."""
        from ..observe.diagnosis import diagnose

        return diagnose(self)

    # --- source ---

    def source(self, language: str = "numpy", form: str = "module", **options: Any) -> str:
        """The program as source code; a `script` or `notebook` repeats this run: data, weights, epochs, batches.

        It repeats the epochs made, or where there are none those declared. What callbacks did (a rate that they
        reduced, weights that they took back) is not part of it.

        weights=True    C: bakes in the weights as they are now; self_test=True: also what a device has to compute
        """
        if form in ("script", "notebook"):
            options["run"] = self.as_run()
        if options.get("weights") is True:
            options["weights"] = {name: array.tolist() for name, array in self.learnt.items()}
        if options.get("self_test") is True:
            options["self_test"] = make_self_test(self.program, self.learnt, self.inputs, self.engine.dtype.name)
        return self.program.source(language, form=form, **options)

    @property
    def learnt(self) -> Arrays:
        """The parameters and running statistics: what predicts."""
        return {**self.parameters, **{name: self.state[name] for name in self.program.statistics}}

    def as_run(self) -> Run:
        """What a script needs to repeat this run; data of more than a few numbers stays in a CSV (`save_data`)."""
        if self.sampler.own:
            raise ValueError("a script cannot repeat own batches; train with batch_size instead")
        small = self.X.size + self.y.size <= BAKED_NUMBERS
        weights = self.inputs.get("sample_weight")
        rates = self.history[self.rate_name]
        hyperparameters = {**self.hyperparameters, self.rate_name: rates[0]} if rates else dict(self.hyperparameters)
        return Run(
            features=self.X.shape[1],
            outputs=self.y.shape[1],
            rows=len(self.X),
            X=self.X.tolist() if small else None,
            y=self.y.tolist() if small else None,
            starts={name: np.asarray(values, dtype=float).tolist() for name, values in self.given.items()},
            epochs=self.epoch or self.epochs,
            batch_size=self.batch_size,
            shuffle=self.sampler.shuffle,
            seed=self.seed,
            dtype=self.engine.dtype.name,
            hyperparameters=hyperparameters,
            sample_weight=None if weights is None else weights[:, 0].tolist(),
        )

    def save_data(self, path: str | Path | IO[bytes]) -> None:
        """Write the data as the CSV that a script reads: the columns of X, then of y, then the weight of the row."""
        names = [f"x{i + 1}" for i in range(self.X.shape[1])] + [f"y{i + 1}" for i in range(self.y.shape[1])]
        names += ["weight"] * ("sample_weight" in self.inputs)
        table = np.concatenate([*self.inputs.values()], axis=1)
        digits = "%.9g" if self.engine.dtype == np.float32 else "%.17g"
        np.savetxt(path, table, delimiter=",", header=",".join(names), comments="", fmt=digits)

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in self.latest.items())
        return f"<Training of {self.program.title}: epoch {self.epoch}, {numbers or 'not yet trained'}>"

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(f"<tr><th>{escape(name)}</th><td>{value:.4g}</td></tr>" for name, value in self.latest.items())
        return f"<p>{escape(self.program.title)}: {self.epoch} epochs</p><table>{rows}</table>"

    @property
    def latest(self) -> dict[str, float]:
        """The last entries of the history."""
        return {name: values[-1] for name, values in self.history.items() if values}


def left_in(X: Array, y: Array, weights: Array, batches: Sequence[Any] | None) -> tuple[Array, Array, Array]:
    """The rows that count: a batch of nothing but rows of weight 0 would have no mean."""
    counts = weights[:, 0] > 0
    if counts.all():
        return X, y, weights
    if batches is not None:
        raise ValueError(f"row {counts.argmin()} has weight 0: leave it out of the data and of batches")
    return read_only(X[counts]), read_only(y[counts]), weights[counts]


def check_callbacks(given: Iterable[Callback]) -> tuple[Callback, ...]:
    listed = tuple(given) if isinstance(given, Iterable) else (given,)
    for callback in listed:
        if not isinstance(callback, Callback):
            raise ValueError(f"callbacks must be a list of Callback, such as EarlyStopping(), not {shown(callback)}")
    return listed
