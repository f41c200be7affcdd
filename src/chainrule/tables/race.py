"""A race of settings against the clock: `--search 60s`.

Successive halving with folds as the resource (Jamieson & Talwalkar, AISTATS 2016): many settings are judged on one
fold, the best third of them on a second, the best third of these on all. The usual settings run along to the end, so
that every other is compared with them on the same rows.

    settings    hidden layers from a list, of which every round admits two more; the rate within a factor of ten of the
                usual one, the L2 penalty within a factor of thirty, both even in the logarithm. From the second
                round on every other setting is drawn near the best one so far
    a round     27 settings, fewer where a training takes long
    the choice  the least loss over all folds, if it is less than that of the usual settings by more than two standard
                errors of the difference over blocks of rows; else the usual settings

How the settings are drawn depends on the seed alone; how many rounds there are, and how large, on the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .recipe import Recipe
from .search import Bench, Trial

LAYERS: tuple[tuple[int, ...], ...] = ((64,), (32,), (128,), (64, 64), (16,), (128, 64), (), (256, 128), (64, 64, 64))
FIRST_LAYERS, MORE_LAYERS = 3, 2
MOST_SETTINGS, LEAST_SETTINGS = 27, 3
KEPT = 3  # one of so many goes on
STANDARD_ERRORS = 2.0
ATTEMPTS = 200  # at a setting that was not tried yet
Said = Callable[[Recipe, int, float], None]


class OutOfTimeError(Exception):
    """The race is over."""


@dataclass
class Race:
    """What came of it.

    usual, trials   the usual settings, and all others that were judged at least once
    interrupted     whether Ctrl-C ended it
    """

    usual: Trial
    trials: list[Trial] = field(default_factory=list)
    interrupted: bool = False

    @property
    def ranked(self) -> list[Trial]:
        """The furthest first, and of those as far the best; the usual settings among them."""
        return sorted([self.usual, *self.trials], key=lambda trial: (-len(trial.folds), trial.loss))

    @property
    def chosen(self) -> Trial:
        """The best of those that went as far as any, or the usual settings."""
        best = self.ranked[0]
        return best if best is not self.usual and is_better(best, self.usual) else self.usual


def is_better(trial: Trial, usual: Trial) -> bool:
    """By more than chance, on the folds that both were judged on."""
    pairs = list(zip(trial.folds, usual.folds, strict=False))
    with np.errstate(invalid="ignore"):  # where both diverged
        gains = np.concatenate([theirs.blocks - mine.blocks for mine, theirs in pairs])
    if not np.isfinite(gains).all():
        return bool(np.isfinite(trial.loss) and not np.isfinite(usual.loss))
    error = gains.std(ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.inf
    return bool(gains.mean() > STANDARD_ERRORS * error)


def race(usual: Recipe, free: Sequence[str], bench: Bench, seconds: float, said: Said = lambda *told: None) -> Race:
    """Try settings until the time is up, all have been tried, or Ctrl-C. `usual` has them all by number; `free` names
    those that may be changed. `said` hears of each: its recipe, how many there were, the least loss.

    Raises
        KeyboardInterrupt: before the usual ones were judged once.
    """
    started = time.monotonic()
    end, found = started + seconds, Race(Trial(usual))
    bench.judge(found.usual)
    said(usual, 1, found.usual.loss)
    random, known, number = np.random.RandomState(usual.seed), {key(usual)}, 0
    try:
        while time.monotonic() < end:
            count = round_size(bench, end - time.monotonic())
            drawn = draw(random, usual, free, found, number, count, known)
            if not drawn:
                break
            run_round([Trial(recipe) for recipe in drawn], found, bench, end, said)
            number += 1
    except OutOfTimeError:
        pass
    except KeyboardInterrupt:
        found.interrupted = True
    return found


def run_round(trials: list[Trial], found: Race, bench: Bench, end: float, said: Said) -> None:
    """One round: from fold to fold fewer of them."""
    folds = len(bench.parts)
    for goal in dict.fromkeys((1, min(2, folds), folds)):
        for trial in (found.usual, *trials):
            while len(trial.folds) < goal:
                if not bench.judge(trial, end):
                    raise OutOfTimeError
                if len(trial.folds) == 1:
                    found.trials.append(trial)
                said(trial.recipe, 1 + len(found.trials), min(each.loss for each in (found.usual, *found.trials)))
        trials = sorted(trials, key=lambda trial: trial.loss)[: max(1, len(trials) // KEPT)]


def round_size(bench: Bench, seconds: float) -> int:
    """So many settings that a round takes at most half of the time that is left."""
    each = max(bench.seconds / max(bench.trainings, 1), 1e-6)
    trainings = 1 + 1 / KEPT + (len(bench.parts) - 2) / KEPT**2  # for a setting, on average
    return int(np.clip(seconds / 2 / each / trainings, LEAST_SETTINGS, MOST_SETTINGS))


def draw(
    random: np.random.RandomState, usual: Recipe, free: Sequence[str], found: Race, number: int, count: int,
    known: set[object],
) -> list[Recipe]:  # fmt: skip
    """The settings of a round, none of which was tried before; empty where there are no others."""
    admitted = LAYERS[: FIRST_LAYERS + MORE_LAYERS * number]
    best = found.ranked[0].recipe
    drawn: list[Recipe] = []
    for attempt in range(ATTEMPTS):
        near = number > 0 and attempt % 2 == 1
        middle, spread = (best, (0.3, 0.5)) if near else (usual, (1.0, 1.5))
        layers = admitted[random.randint(len(admitted))]
        rate, l2 = random.uniform(-1, 1, 2) * spread
        changed = {
            "layers": middle.layers if near else layers,
            "rate": rounded(middle.rate or 0.0, rate),
            "l2": rounded(middle.l2 or 0.0, l2),
        }
        recipe = replace(usual, **{name: value for name, value in changed.items() if name in free})  # type: ignore[arg-type]
        if key(recipe) not in known:
            known.add(key(recipe))
            drawn.append(recipe)
        if len(drawn) == count:
            break
    return drawn


def key(recipe: Recipe) -> object:
    return recipe.layers, recipe.rate, recipe.l2


def rounded(value: float, exponent: float) -> float:
    """Times a power of ten, to two digits: what people can type again."""
    return float(f"{value * 10**exponent:.2g}")
