"""Settings judged on rows held out of the training rows; the test rows are never looked at.

A bench keeps, for every width, the program and the engine of the first training: another rate or penalty is a number
that is given at run time, so that a trial costs its steps and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from ..engines.engine import Array, Engine
from ..training import Callback, Diverged, Training
from .recipe import Plan, Recipe
from .samples import Split
from .scores import scores

RATES = (1.0, 0.3, 3.0, 0.1, 10.0)  # times the usual one: `--rate auto`
LOOKS = 50  # at the clock, in a training
HELD_OUT = 5  # one of so many rows judges, where no folds are asked for
BLOCKS = 20  # of the rows of a fold, each with a loss of its own


class Judged(NamedTuple):
    """What a training came to on the rows held out: their loss, that of each block of them, accuracy and the like.
    The losses are infinite where it diverged."""

    loss: float
    blocks: Array
    scores: dict[str, float]


@dataclass(eq=False)
class Trial:
    """One setting, and how it was judged: a training for each fold that it has come to."""

    recipe: Recipe
    folds: list[Judged] = field(default_factory=list)

    @property
    def losses(self) -> list[float]:
        """The data loss of the rows held out, one for each fold; infinite where the training diverged."""
        return [judged.loss for judged in self.folds]

    @property
    def loss(self) -> float:
        return float(np.mean(self.losses))

    def mean(self, name: str) -> tuple[float, float] | None:
        """Mean and standard deviation of a score over the folds, those that have it."""
        values = [judged.scores[name] for judged in self.folds if name in judged.scores]
        return (float(np.mean(values)), float(np.std(values))) if values else None


class Deadline(Callback):
    """Stops a training when the time is up."""

    def __init__(self, end: float, epochs: int) -> None:
        self.end, self.passed, self.every = end, False, max(1, epochs // LOOKS)

    def on_epoch(self, run: Training) -> bool:
        self.passed = self.passed or time.monotonic() > self.end
        return self.passed


class Bench:
    """Where settings are tried.

    parts       the training rows in folds: each with the rows that it holds out
    trainings   how many were made; seconds: what their steps took
    """

    def __init__(self, parts: Sequence[Split]) -> None:
        self.parts, self.trainings, self.seconds = parts, 0, 0.0
        self.arrays: dict[int, tuple[Array, Array, Array, Array]] = {}
        self.ready: dict[Any, tuple[Plan, Engine]] = {}

    def judge(self, trial: Trial, end: float = float("inf")) -> bool:
        """Train a setting, all of it known by number, on the next fold, and look at the rows that it holds out; False
        where the time was up.

        Raises
            KeyboardInterrupt: Ctrl-C.
        """
        recipe, number = trial.recipe, len(trial.folds)
        part, (X, Y, test_X, test_Y) = self.parts[number], self.data(recipe, number)
        key = recipe.layers, bool(recipe.l2), X.shape[1]
        plan, engine = self.ready.get(key, (None, None))
        plan = recipe.plan(part.preparation, len(part.training)) if plan is None else recipe.retuned(plan)
        deadline = Deadline(end, plan.epochs)
        watching = [deadline] if end < float("inf") else []
        run = recipe.training_on(plan, X, Y, engine=engine, callbacks=watching)
        self.ready[key] = plan, run.engine
        try:
            run.fit()
        except Diverged:
            trial.folds.append(Judged(float("inf"), np.full(min(BLOCKS, len(test_X)), np.inf), {}))
            return True
        if run.interrupted:
            raise KeyboardInterrupt
        if deadline.passed:
            return False
        self.trainings, self.seconds = self.trainings + 1, self.seconds + run.seconds
        pieces = zip(*(np.array_split(array, min(BLOCKS, len(test_X))) for array in (test_X, test_Y)), strict=True)
        blocks = np.array([run.evaluate(x, y)["loss"] for x, y in pieces])
        found = scores(recipe.goal, part.preparation, test_Y, run.predict(test_X))
        trial.folds.append(Judged(run.evaluate(test_X, test_Y)["loss"], blocks, found))
        return True

    def data(self, recipe: Recipe, number: int) -> tuple[Array, Array, Array, Array]:
        """X and Y of a fold, then those of the rows that it holds out."""
        if number not in self.arrays:
            part = self.parts[number]
            made = (*recipe.arrays(part.preparation, part.training), *recipe.arrays(part.preparation, part.test))
            self.arrays[number] = made
        return self.arrays[number]


def held_out(data: Split, count: int | None, seed: int) -> list[Split]:
    """The training rows in folds; without a number of them the first of five."""
    parts = data.in_folds(count or min(HELD_OUT, len(data.training)), seed)
    return list(parts) if count else [next(parts)]


def rates(recipe: Recipe, usual: float) -> list[Recipe]:
    """The recipe at several rates."""
    return [replace(recipe, rate=float(f"{usual * factor:.2g}")) for factor in RATES]


def tried(
    wanted: Iterable[Recipe], bench: Bench, said: Callable[[Recipe, int, float], None] = lambda *told: None
) -> tuple[list[Trial], bool]:
    """Every one of these settings on every fold, the best first, and whether Ctrl-C ended it. `said` hears of each:
    its recipe, how many there were, the least loss.

    Raises
        KeyboardInterrupt: before any of them was finished.
    """
    found, interrupted = list[Trial](), False
    for recipe in wanted:
        trial = Trial(recipe)
        try:
            for _ in bench.parts:
                bench.judge(trial)
        except KeyboardInterrupt:
            if not found:
                raise
            interrupted = True
            break
        found.append(trial)
        said(recipe, len(found), min(each.loss for each in found))
    return sorted(found, key=lambda trial: trial.loss), interrupted
