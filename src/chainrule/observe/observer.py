"""Observer: looks at a training while it runs, so that a diagnosis can say since when.

    run = cr.Training(program, X, y, callbacks=[cr.Observer()])

Once an epoch it takes observations of the same few rows. The engine that trains does it, between two steps, and
computes nothing but what these observations need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..engines.engine import Array, Arrays
from ..engines.looks import Looks
from ..training.callbacks import Watcher
from .observations import check_observations, needed, observation_names, observed

if TYPE_CHECKING:
    from ..training import Training

WATCHED = ("saturated_share", "dead_share", "update_ratio", "absolute_error")  # what rules read on the way
MOST_ROWS = 1024


class Observer(Watcher):
    """Keeps observations of every `every`-th epoch.

    rows            how many rows it looks at, spread evenly over the data; None: as many as a batch has
    observations    groups of `OBSERVATIONS` or single ones, such as "gradient_norm"; by default `WATCHED`, those that
                    the rules of a diagnosis read on the way

    After `fit`
        epochs      (looks,) when it looked, 0: before training
        values      name -> (looks, ...)
    """

    def __init__(self, every: int = 1, rows: int | None = None, observations: tuple[str, ...] = WATCHED) -> None:
        self.every, self.rows, self.observations = every, rows, check_observations(observations)
        self.seen: list[tuple[Array, Arrays]] = []

    @property
    def epochs(self) -> list[int]:
        return [int(epoch) for epochs, _ in self.seen for epoch in epochs]

    @property
    def values(self) -> Arrays:
        names = self.seen[0][1] if self.seen else {}
        return {name: np.concatenate([values[name] for _, values in self.seen]) for name in names}

    def on_start(self, run: Training) -> None:
        if self.looks is None:
            self.looks = self.prepared(run)
        if not self.seen:
            self.on_epoch(run)

    def prepared(self, run: Training) -> Looks | None:
        """What to look at; None where the program has nothing of it."""
        seen = observed(run.program)
        names = observation_names(seen, *self.observations)
        if not names:
            return None
        program = needed(seen, names)
        most = self.rows or min(run.batch_size or len(run.X), MOST_ROWS)
        chosen = np.unique(np.linspace(0, len(run.X) - 1, min(most, len(run.X))).astype(int))
        inputs: Arrays = {name: np.ascontiguousarray(array[chosen]) for name, array in run.inputs.items()}
        for mask in program.masks:
            inputs[mask.name] = np.ones((len(chosen), mask.units), run.engine.dtype)
        inputs = {name: inputs[name] for name in program.inputs}
        return Looks(run.engine.beside(program), names, inputs, self.every * run.sampler.steps_per_epoch)

    def see(self, epochs: Array, values: Arrays) -> None:
        self.seen.append((epochs, values))

    def on_epoch(self, run: Training) -> None:
        if self.looks is None or (self.seen and self.seen[-1][0][-1] == run.epoch):
            return
        values = self.looks.take(run.parameters, run.state, run.t + 1, run.hyperparameters)
        self.see(np.array([run.epoch]), {name: value[np.newaxis] for name, value in values.items()})


__all__ = ["WATCHED", "Observer"]
