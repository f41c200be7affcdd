"""Better settings, found by trying: what speed buys.

    candidates      the usual settings first, then others at random: hidden layers from a list, the rate within a factor
                    of ten of the usual one, the L2 penalty within a factor of thirty
    judged by       the data loss of rows held out of the training rows: a fifth, or with folds each row once; the test
                    rows are never looked at
    ends            when the time is up, or the candidates, or at Ctrl-C; the best of those finished is taken

The candidates and their order depend on the seed alone, how many of them are tried on the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..training import Callback, Diverged, Training
from .recipe import Recipe
from .samples import Split
from .scores import scores

LAYERS: tuple[tuple[int, ...], ...] = ((64,), (32,), (128,), (64, 64), (128, 64), (16,), (256, 128), (64, 64, 64), ())
RATES = (1.0, 0.3, 3.0, 0.1, 10.0)  # times the usual one: `--rate auto`
LOOKS = 50  # at the clock, in a training
HELD_OUT = 5  # one of so many rows judges, where no folds are asked for


@dataclass(frozen=True)
class Trial:
    """One candidate, judged.

    losses      the data loss of the rows held out, one for each fold; infinite where the training diverged
    scores      accuracy and the like, one for each fold
    """

    recipe: Recipe
    losses: tuple[float, ...]
    scores: tuple[dict[str, float], ...]

    @property
    def loss(self) -> float:
        return float(np.mean(self.losses))

    def mean(self, name: str) -> tuple[float, float] | None:
        """Mean and standard deviation of a score over the folds, those that have it."""
        values = [found[name] for found in self.scores if name in found]
        return (float(np.mean(values)), float(np.std(values))) if values else None


class Deadline(Callback):
    """Stops a training when the time is up."""

    def __init__(self, end: float, epochs: int) -> None:
        self.end, self.passed, self.every = end, False, max(1, epochs // LOOKS)

    def on_epoch(self, run: Training) -> bool:
        self.passed = self.passed or time.monotonic() > self.end
        return self.passed


def judged(recipe: Recipe, parts: Sequence[Split], end: float = float("inf")) -> Trial | None:
    """Train on each of the parts and look at the rows that it holds out; None where the time was up, or at Ctrl-C."""
    losses, found = [], []
    for part in parts:
        plan = recipe.plan(part.preparation, len(part.training))
        deadline = Deadline(end, plan.epochs)
        watching = [deadline] if end < float("inf") else []
        run = recipe.training(plan, part.preparation, part.training, callbacks=watching)
        try:
            run.fit()
        except Diverged:
            losses.append(float("inf"))
            continue
        if run.interrupted:
            raise KeyboardInterrupt
        if deadline.passed:
            return None
        X, Y = recipe.arrays(part.preparation, part.test)
        losses.append(run.evaluate(X, Y)["loss"])
        found.append(scores(recipe.goal, part.preparation, Y, run.predict(X)))
    return Trial(recipe, tuple(losses), tuple(found))


def held_out(data: Split, count: int | None, seed: int) -> list[Split]:
    """The training rows in folds; without a number of them the first of five."""
    parts = data.in_folds(count or min(HELD_OUT, len(data.training)), seed)
    return list(parts) if count else [next(parts)]


def rates(recipe: Recipe, usual: float) -> list[Recipe]:
    """The recipe at several rates."""
    return [replace(recipe, rate=float(f"{usual * factor:.2g}")) for factor in RATES]


def candidates(usual: Recipe, free: Sequence[str], count: int = 10_000) -> Iterator[Recipe]:
    """The usual settings, then others. `usual` has them all by number; `free` names those that may be changed."""
    yield usual
    random = np.random.RandomState(usual.seed)
    for _ in range(count):
        layers, rate, l2 = LAYERS[random.randint(len(LAYERS))], random.uniform(-1, 1), random.uniform(-1.5, 1.5)
        drawn = {"layers": layers, "rate": rounded(usual.rate or 0.0, rate), "l2": rounded(usual.l2 or 0.0, l2)}
        yield replace(usual, **{name: value for name, value in drawn.items() if name in free})  # type: ignore[arg-type]


def rounded(value: float, exponent: float) -> float:
    """Times a power of ten, to two digits: what people can type again."""
    return float(f"{value * 10**exponent:.2g}")


def search(
    wanted: Iterable[Recipe], parts: Sequence[Split], seconds: float,
    said: Callable[[int, float], None] = lambda tried, best: None,
) -> tuple[list[Trial], bool]:  # fmt: skip
    """The trials that were finished, the best first, and whether Ctrl-C ended it. `said` hears of each.

    Raises
        KeyboardInterrupt: before any of them was finished.
    """
    end, found, interrupted = time.monotonic() + seconds, list[Trial](), False
    for recipe in wanted:
        try:
            trial = judged(recipe, parts, end if found else float("inf"))
        except KeyboardInterrupt:
            if not found:
                raise
            interrupted = True
            break
        if trial is not None:
            found.append(trial)
            said(len(found), min(each.loss for each in found))
        if time.monotonic() > end:
            break
    return sorted(found, key=lambda trial: trial.loss), interrupted
