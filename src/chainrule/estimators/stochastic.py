"""The epochs of scikit-learn's stochastic solvers: its rule for stopping, its rates, its words."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..engines.engine import Array
from ..training.interrupt import Interrupt
from ..training.progress import Bar
from .running import Run

LEAST_RATE = 1e-6  # adaptive learning rates stop here


@dataclass
class Progress:
    """What an optimizer remembers from one fit to the next.

    learning_rate   of the next step; t: steps made
    """

    learning_rate: float
    t: int = 0


def fit_epochs(estimator: Any, run: Run, rate: float, *, incremental: bool, alone: bool) -> None:
    """Train until the rule stops it or max_iter epochs are made; keeps the books of the estimator.

    rate        the learning rate declared
    alone       whether nobody else draws from the same random numbers
    """
    most = 1 if incremental else int(estimator.max_iter)
    books = Books(estimator, run, rate)
    for callback in run.callbacks:
        callback.on_start(run)  # type: ignore[arg-type]  # all they look at is here
    try:
        with Interrupt() as interrupt, Bar(most, estimator.progress) as bar:
            while estimator.n_iter_ < most and not books.stopped and not interrupt.asked:
                if books.epoch_by_epoch:
                    books.look_at(run.epochs(1, interrupt), most)
                else:
                    sure = books.sure_epochs
                    trial = run.on_trial() if alone and books.rule == "constant" else 0
                    count = min(max(sure, trial), most - estimator.n_iter_)
                    if count > sure:
                        run.keep()
                    books.take_down(run.epochs(count, interrupt))
                bar.at(estimator.n_iter_, estimator.loss_ if estimator.n_iter_ else 0.0)
        if interrupt.asked:
            warnings.warn("Training interrupted by user.", stacklevel=5)
    finally:
        for callback in reversed(run.callbacks):
            callback.on_end(run)  # type: ignore[arg-type]  # all they look at is here
    if not incremental and not books.stopped and not interrupt.asked:
        message = f"Maximum iterations ({most}) reached and the optimization hasn't converged yet."
        warnings.warn(f"Stochastic Optimizer: {message}", ConvergenceWarning, stacklevel=5)


class Books:
    """What an estimator keeps of its epochs, and when they end."""

    def __init__(self, estimator: Any, run: Run, rate: float) -> None:
        self.estimator, self.run, self.rate = estimator, run, rate
        self.rows, self.stopped = int(run.rows.sum()), False
        steered = estimator.solver == "sgd" or estimator.optimizer is not None
        self.rule = estimator.learning_rate if steered else "constant"
        watched = estimator.verbose or run.validation is not None or run.callbacks or self.rule == "invscaling"
        self.epoch_by_epoch = bool(watched)

    @property
    def sure_epochs(self) -> int:
        """How many epochs will be made in any case: the rule waits for n_iter_no_change of them without improvement."""
        least = self.estimator.n_iter_no_change + 1 - self.estimator._no_improvement_count
        return int(min(max(least, 1), 2**30))

    def take_down(self, losses: Array) -> None:
        """Epochs made in one go, up to the one after which the rule stops; what was made beyond it is taken back."""
        estimator, run = self.estimator, self.run
        best, count, listed = estimator.best_loss_, estimator._no_improvement_count, losses.tolist()
        tol, patience = estimator.tol, estimator.n_iter_no_change
        wanted = len(listed)
        for number, loss in enumerate(listed, start=1):
            count = count + 1 if loss > best - tol else 0
            best = loss if loss < best else best
            if count > patience:
                wanted = number
                break
        if wanted < len(listed):
            listed = run.take_back(losses, wanted).tolist()
        estimator.best_loss_, estimator._no_improvement_count = best, count
        self.record(listed)
        self.set_rate()
        self.give_up(listed)

    def look_at(self, losses: Array, most: int) -> None:
        """One epoch, with everybody looking on; none where it was interrupted."""
        estimator, run = self.estimator, self.run
        for loss in losses.tolist():
            self.record([loss])
            if estimator.verbose:
                print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")  # noqa: T201  that is what verbose does
            self.compare(loss, run.look() if run.validation is not None else None)
            self.set_rate()
            if run.callbacks:
                self.stopped = run.ask(estimator.n_iter_ == most) or self.stopped
            self.give_up([loss])

    def record(self, losses: list[float]) -> None:
        estimator, run = self.estimator, self.run
        if losses:
            estimator.n_iter_ += len(losses)
            estimator.t_ += self.rows * len(losses)
            estimator.loss_ = losses[-1]
            estimator.loss_curve_ += losses
            run.history["loss"] += losses
            run.history[run.rate_name] += [run.hyperparameters[run.rate_name]] * len(losses)

    def give_up(self, losses: list[float]) -> None:
        """Weights that are not finite will not come back; with early stopping the best ones do."""
        if losses and not np.isfinite(losses[-1]) and not self.estimator.early_stopping:
            self.stopped = self.stopped or not all(np.isfinite(array).all() for array in self.run.parameters.values())

    def compare(self, loss: float, score: float | None) -> None:
        """Count the epochs without improvement: of the validation score with early_stopping, or else of the loss."""
        estimator, tol = self.estimator, self.estimator.tol
        if estimator.early_stopping:
            assert score is not None
            estimator.validation_scores_.append(score)
            if estimator.verbose:
                print(f"Validation score: {score:f}")  # noqa: T201  that is what verbose does
            worse = score < estimator.best_validation_score_ + tol
            if score > estimator.best_validation_score_:
                estimator.best_validation_score_ = score
                estimator._best = self.run.copy_of_weights()
        else:
            worse = loss > estimator.best_loss_ - tol
            estimator.best_loss_ = loss if loss < estimator.best_loss_ else estimator.best_loss_
        estimator._no_improvement_count = estimator._no_improvement_count + 1 if worse else 0

    def set_rate(self) -> None:
        """The rate of the next epoch, and whether there is to be one."""
        estimator, numbers, name = self.estimator, self.run.hyperparameters, self.run.rate_name
        if self.rule == "invscaling":
            numbers[name] = self.rate / (estimator.t_ + 1) ** estimator.power_t
        if estimator._no_improvement_count <= estimator.n_iter_no_change:
            return
        if self.rule == "adaptive" and numbers[name] > LEAST_RATE:
            numbers[name] /= 5.0
            estimator._no_improvement_count = 0
            self.say(f"Setting learning rate to {numbers[name]:f}")
        else:
            self.stopped = True
            self.say("Learning rate too small. Stopping." if self.rule == "adaptive" else "Stopping.")

    def say(self, end: str) -> None:
        estimator = self.estimator
        if estimator.verbose:
            what = "Validation score" if estimator.early_stopping else "Training loss"
            for_so_long = f"tol={estimator.tol:f} for {estimator.n_iter_no_change} consecutive epochs."
            print(f"{what} did not improve more than {for_so_long} {end}")  # noqa: T201  that is what verbose does
