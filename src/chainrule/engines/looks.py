"""Looks: what is looked at between the steps of a training, without coming back to Python for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .engine import Array, Arrays, Engine


@dataclass(frozen=True)
class Looks:
    """What to look at, and when.

    engine  runs a program of the same declaration, with observations
    names   of its values
    inputs  of the rows looked at, dropout masks among them
    every   after so many steps, counted from the first step of the training
    """

    engine: Engine
    names: tuple[str, ...]
    inputs: Arrays
    every: int

    def first(self, t: int) -> int:
        """After how many steps the next look is; t is the number of the next step, counted from 1."""
        return self.every - (t - 1) % self.every

    def after(self, t: int, steps: int) -> NDArray[np.int64]:
        """After which of the next steps there is a look."""
        return np.arange(self.first(t), steps + 1, self.every)

    def take(self, parameters: Arrays, state: Arrays, t: int, hyperparameters: Mapping[str, float]) -> Arrays:
        """One look."""
        return self.engine.look(self.names, self.inputs, parameters, state, t, hyperparameters)


@dataclass(frozen=True)
class Seen:
    """What was seen.

    after   (looks,) how many steps had been made, of those of the call
    values  name -> (looks, ...)
    """

    after: NDArray[np.int64]
    values: dict[str, Array]

    @classmethod
    def together(cls, after: NDArray[np.int64], looks: list[Arrays]) -> Seen:
        """Of single looks."""
        return cls(after, {name: np.stack([look[name] for look in looks]) for name in (looks[0] if looks else {})})

    def until(self, steps: int) -> Seen:
        """The looks of the first steps."""
        many = int(np.searchsorted(self.after, steps, side="right"))
        return Seen(self.after[:many], {name: array[:many] for name, array in self.values.items()})


__all__ = ["Looks", "Seen"]
