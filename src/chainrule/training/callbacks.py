"""Callbacks: they are shown every epoch and may stop the training or change its rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..engines.engine import Array, Arrays
from .inputs import check_number, check_whole

if TYPE_CHECKING:
    from ..engines.looks import Looks
    from .training import Training


SMALLEST = 5e-324  # above 0


class Callback:
    """Override what you need; each is given the running training.

    `on_epoch` is called after every epoch, with its numbers at the end of `run.history`; returning True ends the
    training after this epoch. With `every` above 1 it is called after so many epochs only, and after the last one.
    """

    every = 1

    def on_start(self, run: Training) -> None:
        """Before the first epoch of a fit."""

    def on_epoch(self, run: Training) -> bool | None:
        """After an epoch."""

    def on_end(self, run: Training) -> None:
        """After the last epoch, also when Ctrl-C or an error ended it; the last callback first."""

    def state(self) -> Arrays:
        """What a training that is resumed needs of this callback, as arrays by name."""
        return {}

    def resume(self, state: Arrays) -> None:
        """Put back what `state` gave; called after `on_start`."""


class Watcher(Callback):
    """A callback that only looks, so that an engine can do it between steps and need not come back for every epoch.

    looks       what to look at, from `on_start` on; with several watchers the engine does it for the first, and the
                others look in `on_epoch`
    """

    looks: Looks | None = None

    def see(self, epochs: Array, values: Arrays) -> None:
        """What was seen after some epochs (looks,), name -> (looks, ...); they are not looked at again."""
        raise NotImplementedError


class Monitor(Callback):
    """What callbacks that watch one number of the history share.

    monitor     a key of the history; None is validation_loss where there is validation data, else loss
    patience    how many epochs in a row may pass without a new best, one better by more than min_delta
    grows       whether the largest number is the best; None knows it of losses and the metrics of the book
    """

    def __init__(self, monitor: str | None, patience: int, min_delta: float, grows: bool | None) -> None:
        name = type(self).__name__
        self.patience = check_whole(f"{name}: patience", patience, 1)
        self.min_delta = check_number(f"{name}: min_delta", min_delta, "a number of at least 0", 0)
        self.monitor, self.grows = monitor, grows
        self.best, self.waited = float("inf"), 0

    def on_start(self, run: Training) -> None:
        self.best, self.waited = float("inf"), 0
        self.watched = self.monitor or ("validation_loss" if run.validation is not None else "loss")
        if self.watched not in run.history:
            known = ", ".join(run.history)
            raise ValueError(f"{type(self).__name__}: nothing called '{self.watched}' to monitor; there is {known}")
        metric = run.metrics.get(self.watched.removeprefix("validation_"))
        grows = metric.grows if self.grows is None and metric is not None else bool(self.grows)
        if grows is None:
            raise ValueError(
                f"{type(self).__name__}: say whether '{self.watched}' is best where it is largest, grows=True or False"
            )
        self.sign = -1.0 if grows else 1.0

    def improved(self, run: Training) -> bool:
        """Whether this epoch is the best so far."""
        value = self.sign * run.history[self.watched][-1]
        better = value < self.best - self.min_delta
        self.best, self.waited = (value, 0) if better else (self.best, self.waited + 1)
        return better

    def state(self) -> Arrays:
        return {"best": np.array(self.best), "waited": np.array(self.waited)}

    def resume(self, state: Arrays) -> None:
        self.best, self.waited = float(state["best"]), int(state["waited"])


class EarlyStopping(Monitor):
    """Stop when a number has not improved for `patience` epochs, and take back the best weights.

    They are taken back however the training ends. Another `fit` goes on from them, and waits anew.

    monitor     a key of the history; None is validation_loss where there is validation data, else loss
    grows       whether the largest number is the best; needed for metrics of your own only
    best_epoch  the epoch of the best weights
    """

    def __init__(
        self, monitor: str | None = None, patience: int = 10, min_delta: float = 0.0, grows: bool | None = None
    ) -> None:
        super().__init__(monitor, patience, min_delta, grows)
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

    def state(self) -> Arrays:
        parameters, state = self.kept or ({}, {})
        return super().state() | {"best_epoch": np.array(self.best_epoch)} | kept(parameters, 0) | kept(state, 1)

    def resume(self, state: Arrays) -> None:
        super().resume(state)
        self.best_epoch = int(state["best_epoch"])
        self.kept = (taken(state, 0), taken(state, 1)) if self.best_epoch else None


class ReduceOnPlateau(Monitor):
    """Multiply the learning rate by `factor` when a number has not improved for `patience` epochs.

    Where a schedule computes the learning rate, its base rate. `minimum` is the lowest that it may become.
    """

    def __init__(
        self,
        monitor: str | None = None,
        patience: int = 5,
        factor: float = 0.5,
        minimum: float = 0.0,
        min_delta: float = 0.0,
        grows: bool | None = None,
    ) -> None:
        super().__init__(monitor, patience, min_delta, grows)
        self.factor = check_number("ReduceOnPlateau: factor", factor, "between 0 and 1", SMALLEST, 1)
        self.minimum = check_number("ReduceOnPlateau: minimum", minimum, "a rate of at least 0", 0)

    def on_epoch(self, run: Training) -> None:
        if not self.improved(run) and self.waited >= self.patience:
            rate = run.rate_name
            lower = max(run.hyperparameters[rate] * self.factor, self.minimum)
            run.hyperparameters[rate] = min(lower, run.hyperparameters[rate])
            self.waited = 0


KEPT = ("kept_parameter.", "kept_state.")


def kept(arrays: Arrays, kind: int) -> Arrays:
    return {KEPT[kind] + name: array for name, array in arrays.items()}


def taken(arrays: Arrays, kind: int) -> Arrays:
    prefix = KEPT[kind]
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
