"""Observer: looks at a training while it runs, so that a diagnosis can say since when.

    run = cr.Training(program, X, y, callbacks=[cr.Observer()])

Once an epoch it computes the observations on the same few rows, through the engine that trains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..engines import make_engine
from ..engines.engine import Array, Arrays, Engine
from ..training import Callback
from .observations import check_groups, observed

if TYPE_CHECKING:
    from ..training import Training

GROUPS = ("slopes", "gradients", "output")
MOST_ROWS = 1024


class Observer(Callback):
    """Keeps observations of every `every`-th epoch.

    rows        how many rows it looks at, spread evenly over the data; None: as many as a batch has
    groups      of `OBSERVATIONS`

    After `fit`
        epochs      (looks,) when it looked, 0: before training
        values      name -> one array a look
    """

    def __init__(self, every: int = 1, rows: int | None = None, groups: tuple[str, ...] = GROUPS) -> None:
        self.every, self.rows, self.groups = every, rows, check_groups(groups)
        self.epochs: list[int] = []
        self.values: dict[str, list[Array]] = {}
        self.engine: Engine | None = None

    def on_start(self, run: Training) -> None:
        if self.engine is None:
            program = observed(run.program, *self.groups)
            self.engine = make_engine(program, run.engine.name, run.engine.dtype.name)
            most = self.rows or min(run.batch_size or len(run.X), MOST_ROWS)
            chosen = np.unique(np.linspace(0, len(run.X) - 1, min(most, len(run.X))).astype(int))
            self.inputs: Arrays = {name: np.ascontiguousarray(array[chosen]) for name, array in run.inputs.items()}
            for mask in program.masks:
                self.inputs[mask.name] = np.ones((len(chosen), mask.units), run.engine.dtype)
            self.inputs = {name: self.inputs[name] for name in program.inputs}
            self.names = [step.name for step in program.phase("observe")]
        if not self.epochs:
            self.look(run)

    def on_epoch(self, run: Training) -> None:
        self.look(run)

    def look(self, run: Training) -> None:
        assert self.engine is not None
        arguments = (self.inputs, run.parameters, run.state, run.t + 1, run.hyperparameters)
        self.epochs.append(run.epoch)
        for name, value in self.engine.look(self.names, *arguments).items():
            self.values.setdefault(name, []).append(value)


__all__ = ["Observer"]
