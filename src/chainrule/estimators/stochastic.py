"""The epochs of scikit-learn's stochastic solvers: its rule for stopping, its rates, its words."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

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


def fit_epochs(estimator: Any, run: Run, rate: float, added: float, *, incremental: bool) -> None:
    """Train until the rule stops it or max_iter epochs are made; keeps the books of the estimator.

    rate        the learning rate declared
    added       what scikit-learn's loss has on top of ours: a constant of the data
    """
    most = 1 if incremental else int(estimator.max_iter)
    books = Books(estimator, run, rate, added)
    for callback in run.callbacks:
        callback.on_start(run)  # type: ignore[arg-type]  # all they look at is here
    try:
        with Interrupt() as interrupt, Bar(most, estimator.progress) as bar:
            while estimator.n_iter_ < most and not books.stopped and not interrupt.asked:
                losses = run.epochs(min(most - estimator.n_iter_, books.block), interrupt)
                books.take_down(losses, most)
                bar.at(estimator.n_iter_, estimator.loss_ if len(losses) else 0.0)
        if interrupt.asked:
            warnings.warn("Training interrupted by user.", stacklevel=4)
    finally:
        for callback in reversed(run.callbacks):
            callback.on_end(run)  # type: ignore[arg-type]  # all they look at is here
    if not incremental and not books.stopped and not interrupt.asked:
        message = f"Stochastic Optimizer: Maximum iterations ({most}) reached and the optimization hasn't converged yet."
        warnings.warn(message, ConvergenceWarning, stacklevel=4)


class Books:
    """What an estimator keeps of its epochs, and when they end."""

    def __init__(self, estimator: Any, run: Run, rate: float, added: float) -> None:
        self.estimator, self.run, self.rate, self.added = estimator, run, rate, added
        self.rows, self.stopped = int(run.rows.sum()), False
        steered = estimator.solver == "sgd" or estimator.optimizer is not None
        self.rule = estimator.learning_rate if steered else "constant"
        watched = estimator.verbose or run.validation is not None or run.callbacks or self.rule == "invscaling"
        self.epoch_by_epoch = bool(watched)

    @property
    def block(self) -> int:
        """How many epochs may be made before anybody has to look.

        The rule cannot stop earlier than after n_iter_no_change epochs without improvement: until then the engine is
        on its own, and none of its steps is ever made in vain.
        """
        if self.epoch_by_epoch:
            return 1
        least = self.estimator.n_iter_no_change + 1 - self.estimator._no_improvement_count
        return int(min(max(least, 1), 2**30))

    def take_down(self, losses: Any, most: int) -> None:
        """The epochs just made."""
        estimator, run = self.estimator, self.run
        for loss in (losses + self.added).tolist():
            estimator.n_iter_ += 1
            estimator.t_ += self.rows
            estimator.loss_ = loss
            estimator.loss_curve_.append(loss)
            run.history["loss"].append(loss)
            run.history[run.rate_name].append(run.hyperparameters[run.rate_name])
            if estimator.verbose:
                print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")  # noqa: T201  that is what verbose does
            self.compare(loss, run.look() if run.validation is not None else None)
            self.set_rate()
            if run.callbacks:
                self.stopped = run.ask(estimator.n_iter_ == most) or self.stopped
        lost = len(losses) > 0 and not np.isfinite(losses[-1]) and not estimator.early_stopping
        if lost and not all(np.isfinite(array).all() for array in run.parameters.values()):
            self.stopped = True  # it will not come back

    def compare(self, loss: float, score: float | None) -> None:
        """Count the epochs without improvement: of the validation score where early_stopping is on, or else the loss."""
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
            estimator.best_loss_ = min(estimator.best_loss_, loss)
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
