"""Callbacks: they are shown every epoch and may stop the training or change its rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..engines.engine import Arrays

if TYPE_CHECKING:
    from .training import Training


class Callback:
    """Override what you need; each is given the running training.

    `on_epoch` is called after every epoch, with its numbers at the end of `run.history`; returning True ends the training
    after this epoch.
    """

    def on_start(self, run: Training) -> None:
        """Before the first epoch of a fit."""

    def on_epoch(self, run: Training) -> bool | None:
        """After an epoch."""

    def on_end(self, run: Training) -> None:
        """After the last epoch, also when Ctrl-C ended it."""


class Monitor(Callback):
    """What callbacks that watch one number of the history share."""

    def __init__(self, monitor: str | None, patience: int, min_delta: float) -> None:
        if patience < 1:
            raise ValueError(f"{type(self).__name__}: patience must be at least 1 epoch, not {patience}")
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        self.best, self.waited = float("inf"), 0

    def on_start(self, run: Training) -> None:
        self.best, self.waited = float("inf"), 0
        watched = self.monitor or ("validation_loss" if run.validation else "loss")
        if watched not in run.history:
            known = ", ".join(run.history)
            raise ValueError(f"{type(self).__name__}: there is no '{watched}' to monitor; the history has {known}")
        self.watched = watched

    def improved(self, run: Training) -> bool:
        """Whether this epoch is the best so far; losses and errors shrink, other metrics grow."""
        value = run.history[self.watched][-1]
        shrinks = "loss" in self.watched or "error" in self.watched
        value = value if shrinks else -value
        better = value < self.best - self.min_delta
        self.best, self.waited = (value, 0) if better else (self.best, self.waited + 1)
        return better


class EarlyStopping(Monitor):
    """Stop when a number has not improved for `patience` epochs, and take back the best weights.

    monitor     a key of the history; None is validation_loss where there is validation data, else loss
    """

    def __init__(self, monitor: str | None = None, patience: int = 10, min_delta: float = 0.0) -> None:
        super().__init__(monitor, patience, min_delta)
        self.kept: tuple[Arrays, Arrays] | None = None
        self.best_epoch = 0

    def on_start(self, run: Training) -> None:
        super().on_start(run)
        self.kept = None

    def on_epoch(self, run: Training) -> bool:
        if self.improved(run):
            self.kept = run.copy_of_weights()
            self.best_epoch = run.epoch
        return self.waited >= self.patience

    def on_end(self, run: Training) -> None:
        if self.kept is not None:
            run.restore_weights(*self.kept)


class ReduceOnPlateau(Monitor):
    """Multiply the learning rate by `factor` when a number has not improved for `patience` epochs."""

    def __init__(
        self,
        monitor: str | None = None,
        patience: int = 5,
        factor: float = 0.5,
        minimum: float = 0.0,
        min_delta: float = 0.0,
    ) -> None:
        super().__init__(monitor, patience, min_delta)
        if not 0 < factor < 1:
            raise ValueError(f"ReduceOnPlateau: factor must be between 0 and 1, not {factor}")
        self.factor, self.minimum = factor, minimum

    def on_epoch(self, run: Training) -> None:
        if not self.improved(run) and self.waited >= self.patience:
            rate = next(iter(run.program.hyperparameters))
            run.hyperparameters[rate] = max(run.hyperparameters[rate] * self.factor, self.minimum)
            self.waited = 0
