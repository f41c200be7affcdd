"""Training: runs a program over epochs and batches of data."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import (
    check_distributions,
    check_features,
    check_not_negative,
    check_row_weights,
    check_target,
    check_unit_interval,
)
from ..engines import make_engine
from ..engines.engine import Array, Arrays, Batches
from ..program.steps import Program
from ..writers.run import Run
from .batches import Sampler
from .callbacks import Callback
from .failure import Diverged, all_finite, find_failure
from .interrupt import Interrupt
from .metrics import metric
from .progress import Bar
from .start import draw, take_given

TARGET_CHECKS = {
    "unit": check_unit_interval,
    "probabilities": check_distributions,
    "nonnegative": check_not_negative,
}
PATIENCE = 0.1  # seconds between two looks at Ctrl-C and at the progress bar
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
        engine, dtype   "auto", "numpy", ...; "float32" or "float64"
        validation      (X, y): evaluated after every epoch, in prediction mode
        metrics         names or functions of (y, output), of the validation data where there is some
        sample_weight   (N,); class_weight: {label: weight} or "balanced"
        progress        True, False, or None: where standard error is a terminal
        callbacks       `EarlyStopping`, `ReduceOnPlateau`, or your own
        parameters      own initial weights, `{"W1": ...}`
        batches         own batches: for each step of an epoch the indices of its rows
        shuffle         draw a new order of the rows for every epoch

    After `fit`
        losses          of every step, before its update (steps,)
        history         name -> a number per epoch: loss (mean over rows), validation_loss, metrics, learning rate
        parameters      name -> array; state: optimizer slots and running statistics
        epoch, t        how many epochs and steps were made; interrupted: whether Ctrl-C ended it

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
        engine: str = "auto",
        dtype: str = "float32",
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
        self.epochs = check_whole("epochs", epochs, 0)
        check_whole("seed", seed, 0)
        self.X, self.y = check_data(program, X, y, dtype)
        weights = row_weights(self.y, sample_weight, class_weight, self.X.dtype)
        if weights is not None and "sample_weight" not in program.inputs:
            program = weighted(program)
        self.program, self.seed, self.batch_size, self.shuffle = program, seed, batch_size, shuffle
        self.inputs: Arrays = {"X": self.X, "y": self.y}
        if "sample_weight" in program.inputs:
            self.inputs["sample_weight"] = weights if weights is not None else np.ones((len(self.X), 1), self.X.dtype)
        self.engine = make_engine(program, engine, dtype)
        random = np.random.RandomState(seed)
        self.parameters, self.state = draw(program, random, self.engine.dtype)
        take_given(self.parameters, parameters or {})
        self.given = parameters or {}
        self.sampler = Sampler(program, len(self.X), batch_size, shuffle, random, self.engine.dtype, batches)
        self.validation = None if validation is None else check_data(program, *validation, dtype, "validation ")
        self.metrics = dict(map(metric, metrics))
        self.callbacks, self.progress = tuple(callbacks), progress
        self.hyperparameters = dict(program.hyperparameters)
        self.epoch, self.interrupted, self.seconds = 0, False, 0.0
        self.t = 0
        self.recorded: list[Array] = []
        self.history: dict[str, list[float]] = {"loss": []}
        if self.validation is not None:
            self.history["validation_loss"] = []
        prefix = "validation_" if self.validation is not None else ""
        self.history |= {prefix + name: [] for name in self.metrics}
        self.history[next(iter(self.hyperparameters))] = []

    # --- fitting ---

    def fit(self, epochs: int | None = None) -> Training:
        """Train for `epochs` more epochs (by default as many as declared); Ctrl-C keeps what was learned."""
        left = self.epochs if epochs is None else check_whole("epochs", epochs, 0)
        started = time.perf_counter()
        self.interrupted = False
        for callback in self.callbacks:
            callback.on_start(self)
        pace = Pace(self.sampler.steps_per_epoch)
        try:
            with Interrupt() as interrupt, Bar(left, self.progress) as bar:
                stop = False
                while left and not stop and not interrupt.asked:
                    count = min(left, 1 if self.is_watched else pace.epochs(self.sampler.most_epochs))
                    done = self.run_epochs(count, pace, interrupt)
                    left -= done
                    if done and self.is_watched:
                        stop = self.look()
                    bar.advance(done, self.history["loss"][-1] if done else float("nan"))
                self.interrupted = interrupt.asked
        finally:
            for callback in self.callbacks:
                callback.on_end(self)
            self.seconds += time.perf_counter() - started
        return self

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks after every epoch; otherwise many epochs run in one go."""
        return bool(self.callbacks or self.metrics or self.validation is not None)

    def run_epochs(self, count: int, pace: Pace, interrupt: Interrupt) -> int:
        """Run whole epochs, in pieces short enough to notice Ctrl-C; returns how many were finished."""
        batches, masks = self.sampler.epochs(count)
        per_epoch, losses, first = self.sampler.steps_per_epoch, [], 0
        while first < len(batches) and not interrupt.asked:
            last = min(first + pace.steps, len(batches))
            with pace.measured(last - first):
                losses.append(self.run_steps(batches.part(first, last), masks))
            first = last
        done = first // per_epoch
        self.recorded += losses
        rate = next(iter(self.hyperparameters))
        if done:
            sizes = self.sampler.epoch_offsets[1:] - self.sampler.epoch_offsets[:-1]
            table = np.concatenate(losses)[: done * per_epoch].reshape(done, per_epoch)
            self.history["loss"] += (table @ sizes / sizes.sum()).tolist()
            self.history[rate] += [self.hyperparameters[rate]] * done
            self.epoch += done
        return done

    def run_steps(self, batches: Batches, masks: Arrays) -> Array:
        """Some steps; if one of them fails, the weights from before it and `Diverged`."""
        kept = self.copy_of_weights()
        arguments = (self.parameters, self.state, self.t + 1, self.hyperparameters)
        losses = self.engine.run(self.inputs, batches, masks, *arguments)
        if not (np.isfinite(losses).all() and all_finite(self.parameters, self.state)):
            self.restore_weights(*kept)
            full = make_engine(self.program.full, "numpy", str(self.engine.dtype))
            index, name = find_failure(self.engine, full, self.inputs, batches, masks, *arguments)
            self.recorded.append(losses[:index])
            self.t += index
            raise Diverged(self.t // self.sampler.steps_per_epoch + 1, self.t + 1, name)
        self.t += len(batches)
        return losses

    def look(self) -> bool:
        """Validation, metrics and callbacks after an epoch; whether to stop."""
        X, y = self.validation if self.validation is not None else (self.X, self.y)
        prefix = "validation_" if self.validation is not None else ""
        if self.metrics or self.validation is not None:
            output, loss = self.engine.evaluate(X, y, self.parameters, self.state)
            if self.validation is not None:
                self.history["validation_loss"].append(loss)
            for name, function in self.metrics.items():
                self.history[prefix + name].append(float(function(y, output)))
        return any([callback.on_epoch(self) for callback in self.callbacks])

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
        """The loss of every step, before its update (steps,)."""
        return np.concatenate(self.recorded) if self.recorded else np.empty(0)

    def predict(self, X: Any) -> Array:
        """The output (N, K) for the rows of X (N, D)."""
        rows = check_features(X, width=int(self.program.inputs["X"][1]), dtype=self.engine.dtype)
        return self.engine.predict(rows, self.parameters, self.state)

    def evaluate(self, X: Any, y: Any) -> dict[str, float]:
        """The data loss and the metrics on other data, in prediction mode."""
        features, target = check_data(self.program, X, y, str(self.engine.dtype))
        output, loss = self.engine.evaluate(features, target, self.parameters, self.state)
        return {"loss": loss} | {name: float(function(target, output)) for name, function in self.metrics.items()}

    # --- source ---

    def source(self, language: str = "numpy", form: str = "module", **options: Any) -> str:
        """The program as source code; a `script` or `notebook` repeats this run: data, weights, epochs, batches."""
        if form in ("script", "notebook"):
            options["run"] = self.as_run()
        return self.program.source(language, form=form, **options)

    def as_run(self) -> Run:
        """What a script needs to repeat this run; data of more than a few numbers stays in a CSV (`save_data`)."""
        if self.sampler.given is not None:
            raise ValueError("a script cannot repeat own batches; train with batch_size instead")
        small = self.X.size + self.y.size <= BAKED_NUMBERS
        weights = self.inputs.get("sample_weight")
        given = {name: np.asarray(values, dtype=float).tolist() for name, values in self.given.items()}
        return Run(
            features=self.X.shape[1],
            outputs=self.y.shape[1],
            rows=len(self.X),
            X=self.X.tolist() if small else None,
            y=self.y.tolist() if small else None,
            starts=given,
            epochs=self.epochs,
            batch_size=self.batch_size,
            shuffle=self.sampler.shuffle,
            seed=self.seed,
            dtype=str(self.engine.dtype),
            hyperparameters=dict(self.program.hyperparameters),
            sample_weight=None if weights is None else weights[:, 0].tolist(),
        )

    def save_data(self, path: str | Path) -> None:
        """Write the data as the CSV that a script reads: the columns of X, then of y, then the weight of the row."""
        columns = [*self.inputs.values()]
        names = [f"x{i + 1}" for i in range(self.X.shape[1])] + [f"y{i + 1}" for i in range(self.y.shape[1])]
        names += ["weight"] * ("sample_weight" in self.inputs)
        table = np.concatenate(columns, axis=1)
        digits = "%.9g" if self.engine.dtype == np.float32 else "%.17g"
        np.savetxt(path, table, delimiter=",", header=",".join(names), comments="", fmt=digits)

    def __repr__(self) -> str:
        last = {name: values[-1] for name, values in self.history.items() if values}
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in last.items())
        return f"<Training of {self.program.title}: epoch {self.epoch}, {numbers or 'not yet trained'}>"

    def _repr_html_(self) -> str:
        from html import escape

        cells = [(name, values[-1]) for name, values in self.history.items() if values]
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{value:.4g}</td></tr>" for name, value in cells)
        return f"<p>{escape(self.program.title)}: {self.epoch} epochs</p><table>{rows}</table>"


class Pace:
    """How many steps to run in one go, so that somebody can look in about ten times a second."""

    def __init__(self, steps_per_epoch: int) -> None:
        self.steps, self.per_epoch = max(1, min(steps_per_epoch, 16)), steps_per_epoch

    def epochs(self, most: int) -> int:
        return max(1, min(most, self.steps // self.per_epoch))

    def measured(self, steps: int) -> Stopwatch:
        return Stopwatch(self, steps)


class Stopwatch:
    """Times one go and sets the pace of the next."""

    def __init__(self, pace: Pace, steps: int) -> None:
        self.pace, self.count = pace, steps

    def __enter__(self) -> None:
        self.started = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        seconds = time.perf_counter() - self.started
        if self.count < self.pace.steps and seconds < PATIENCE:
            self.pace.steps = max(self.pace.steps, 1)
        wanted = self.count * PATIENCE / max(seconds, 1e-7)
        self.pace.steps = int(max(1, min(wanted, self.pace.steps * 8)))


# --- checks --------------------------------------------------------------------------------------------------------


def check_whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")
    return int(value)


def check_data(program: Program, X: Any, y: Any, dtype: str, what: str = "") -> tuple[NDArray[Any], NDArray[Any]]:
    """X (N, D) and y (N, K) in the dtype, as the program and its loss need them."""
    if dtype not in ("float32", "float64"):
        raise ValueError(f"unknown dtype '{dtype}'; known: float32, float64")
    features = check_features(X, f"{what}X", int(program.inputs["X"][1]), np.dtype(dtype))
    target = check_target(y, len(features), int(program.inputs["y"][1]), f"{what}y", np.dtype(dtype))
    loss = program.declaration.loss
    if loss.target in TARGET_CHECKS:
        TARGET_CHECKS[loss.target](target, loss.name, f"{what}y")
    return features, target


def row_weights(
    y: Array, sample_weight: Any, class_weight: Mapping[int, float] | str | None, dtype: np.dtype[Any]
) -> Array | None:
    """The weight of every row (N, 1), from row and class weights; None where there are neither."""
    if sample_weight is None and class_weight is None:
        return None
    weights = np.ones(len(y)) if sample_weight is None else check_row_weights(sample_weight, len(y)).astype(float)
    if class_weight is not None:
        labels = (y[:, 0] > 0.5).astype(int) if y.shape[1] == 1 else y.argmax(axis=1)
        classes = max(2, y.shape[1])
        if class_weight == "balanced":
            counts = np.bincount(labels, minlength=classes)
            by_class = np.where(counts > 0, len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1)), 0.0)
        elif isinstance(class_weight, Mapping):
            unknown = [label for label in class_weight if label not in range(classes)]
            if unknown:
                raise ValueError(f"class_weight names class {unknown[0]!r}; the classes are 0 to {classes - 1}")
            by_class = np.array([float(class_weight.get(label, 1.0)) for label in range(classes)])
        else:
            raise ValueError(f'class_weight must be {{label: weight}} or "balanced", not {class_weight!r}')
        weights = weights * by_class[labels]
    return np.ascontiguousarray(check_row_weights(weights, len(y), dtype=dtype)).reshape(-1, 1)


def weighted(program: Program) -> Program:
    """The same program for rows with weights."""
    if program.edited:
        raise ValueError("an edited program cannot be given sample weights; derive it with weighted=True, then replace")
    changed: Program = program.declaration.changed(weighted=True).derive()
    return changed
