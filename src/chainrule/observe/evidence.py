"""Evidence: what a diagnosis knows of a run. Its numbers are observations of the start and of now, and the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..engines.engine import Array, Arrays
from ..engines.reference import ReferenceEngine
from ..training import Training
from ..training.start import draw, take_given
from .observations import layers_of, observed
from .observer import Observer

MOST_ROWS = 1000  # looked at, spread evenly over the data


@dataclass(frozen=True)
class Recorded:
    """What is still known of a training that is over, as a model file has it.

    drawn       whether its first weights were drawn with the seed, so that they can be drawn again
    course      name of the history -> (epoch, value) of some epochs
    """

    drawn: bool = False
    course: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)


class Evidence:
    """What is known of a run: `start` and `now` are every named value on the same rows, in float64.

    Of a training that is over (`recorded`) the run holds the last weights and made no step; `start` is empty where its
    first weights are not known.
    """

    def __init__(self, run: Training, recorded: Recorded | None = None) -> None:
        self.run, self.recorded = run, recorded
        self.program = observed(run.program)
        self.layers = layers_of(run.program)
        chosen = np.unique(np.linspace(0, len(run.X) - 1, min(len(run.X), MOST_ROWS)).astype(int))
        self.inputs: Arrays = {name: array[chosen].astype(float) for name, array in run.inputs.items()}
        for mask in run.program.masks:
            self.inputs[mask.name] = np.ones((len(chosen), mask.units))
        self.observer = next((c for c in run.callbacks if isinstance(c, Observer) and c.seen), None)
        parameters, state = draw(run.program, np.random.RandomState(run.seed), np.dtype(float))
        if recorded is None:
            take_given(parameters, run.given)
        known = recorded is None or recorded.drawn
        self.start: Arrays = self.values(parameters, state, 1) if known else {}
        self.now = self.values(run.parameters, run.state, run.t + 1)

    def values(self, parameters: Arrays, state: Arrays, t: int) -> Arrays:
        full = self.program.full
        engine = ReferenceEngine(full, "float64")
        wide = [{name: array.astype(float) for name, array in of.items()} for of in (parameters, state)]
        inputs = {name: self.inputs[name] for name in full.inputs}
        return engine.trace(inputs, wide[0], wide[1], t, self.run.hyperparameters)

    # --- the declaration ---

    @property
    def output(self) -> str:
        """The activation of the output."""
        return self.layers[-1].activation

    @property
    def loss(self) -> str:
        return str(self.run.program.declaration.loss.name)

    @cached_property
    def targets_are_classes(self) -> bool:
        y = self.run.y
        return bool(((y == 0) | (y == 1)).all()) and (y.shape[1] == 1 or bool((y.sum(axis=1) == 1).all()))

    # --- how it went ---

    def course(self, name: str) -> tuple[list[int], Array]:
        """Epochs, and a number of the history for each."""
        if self.recorded is not None:
            pairs = self.recorded.course.get(name, ())
            return [epoch for epoch, _ in pairs], np.array([value for _, value in pairs])
        values = self.run.history.get(name, [])
        return list(range(1, len(values) + 1)), np.array(values)

    @cached_property
    def epochs(self) -> list[int]:
        """The epochs of `losses`; 0 is before training."""
        return [0, *self.course("loss")[0]][-len(self.losses) or None :]

    @cached_property
    def losses(self) -> Array:
        """A loss an epoch, where it is known from before training on: the first is that of the first step."""
        first = self.run.losses[:1] if self.recorded is None else [self.first_loss] if self.start else []
        return np.array([*first, *self.course("loss")[1]])

    @cached_property
    def first_loss(self) -> float:
        if self.start:
            return float(self.start["data_loss"])
        return float(self.losses[0]) if len(self.losses) else self.last_loss

    @cached_property
    def last_loss(self) -> float:
        return float(self.now["data_loss"])

    @cached_property
    def training_loss(self) -> float:
        """The loss now on the rows trained on: of a training that is over, that of its last epoch."""
        known = self.recorded is not None and len(self.losses)
        return float(self.losses[-1]) if known else self.last_loss

    @cached_property
    def progress(self) -> float:
        """The loss now relative to that of the start, the part that no network can remove counted in both."""
        return self.last_loss / max(self.first_loss, 1e-300)

    def since(self, name: str, beyond: Callable[[Any], bool]) -> int | None:
        """The epoch from which an observation has been beyond its bound until now, as far as somebody looked."""
        if beyond(self.start.get(name, np.nan)) and (self.observer is None or name not in self.observer.values):
            return 0
        if self.observer is None or name not in self.observer.values:
            return None
        looks = [beyond(value) for value in self.observer.values[name]]
        if not looks[-1]:
            return None
        first = len(looks) - next((i for i, good in enumerate(reversed(looks)) if not good), len(looks))
        return self.observer.epochs[first]

    def risen(self) -> int:
        """The epoch from which the loss has stayed above where it began, until now; the last one where it has not."""
        below = np.flatnonzero(self.losses <= self.losses[0])
        return self.epochs[min(int(below[-1]) + 1, len(self.losses) - 1)]

    def recall(self, *, start: bool = False) -> tuple[int, float, float]:
        """The rarest class, its share, and the share of its rows that the network finds, now or at the start."""
        y = self.inputs["y"] if start else self.run.y
        if start and not self.start:
            return 0, 1.0, 1.0
        p = self.start[self.run.program.prediction] if start else self.run.predict(self.run.X)
        if y.shape[1] == 1:
            rare = int(self.run.y.mean() < 0.5)
            rows = y[:, 0] == rare
            found = (p[rows, 0] > 0.5) == bool(rare)
        else:
            rare = int(self.run.y.mean(axis=0).argmin())
            rows = y[:, rare] == 1
            found = p[rows].argmax(axis=1) == rare
        return rare, float(rows.mean()), float(found.mean()) if rows.any() else 1.0


__all__ = ["Evidence", "Recorded"]
