"""`train --folds`, `--rate auto`, `--search`: settings tried on rows held out of the training rows."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .results import score_name
from .screen import Screen

if TYPE_CHECKING:
    from ..files import NetworkFile
    from ..tables.recipe import Recipe
    from ..tables.samples import Split
    from ..tables.search import Trial

SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
MOST_FOLDS = 100
MOST_SHOWN = 5


@dataclass(frozen=True)
class Wish:
    """What is to be tried.

    rate        as given, None by rule; auto: several are tried
    seconds     for the search; 0 without
    folds       0 without
    free        what the search may change
    """

    rate: float | None
    auto: bool
    seconds: float
    folds: int
    free: tuple[str, ...]

    @classmethod
    def of(
        cls, rate: str | None, search: str | None, folds: int | None, declared: NetworkFile | None, free_layers: bool,
        free_l2: bool, has_checkpoint: bool,
    ) -> Wish:  # fmt: skip
        """ValueError: options that cannot be read, or do not go together."""
        auto = rate is not None and rate.strip().lower() == "auto"
        seconds = 0.0 if search is None else seconds_of(search)
        if folds is not None and not 2 <= folds <= MOST_FOLDS:
            raise ValueError(f"--folds {folds}: a whole number from 2 to {MOST_FOLDS}")
        if (auto or seconds) and has_checkpoint:
            raise ValueError(
                "--search and --rate auto do not go together with --checkpoint: search first, then train with what it "
                "finds"
            )
        kept = declared is not None
        free = {
            "layers": free_layers and not kept,
            "rate": rate is None or auto,
            "l2": free_l2 and (declared is None or declared.penalty is None),
        }
        if declared is not None and declared.optimizer is not None:
            if auto:
                raise ValueError("--rate auto: the network file declares the optimizer and its rate")
            free["rate"] = False
        found = tuple(name for name, is_free in free.items() if is_free)
        if seconds and not found:
            raise ValueError("--search has nothing to search: layers, rate and penalty are all given")
        return cls(None if rate is None or auto else rate_of(rate), auto, seconds, folds or 0, found)

    @property
    def tries(self) -> bool:
        """Whether settings are looked for."""
        return self.auto or self.seconds > 0

    def come_true(self, screen: Screen, recipe: Recipe, data: Split) -> Recipe:
        """Try what is to be tried, say what came of it, and give the recipe to go on with."""
        from ..tables.search import candidates, held_out, rates, search

        parts = held_out(data, self.folds or None, recipe.seed)
        usual = recipe.settled(data.preparation, len(data.training))
        screen.line()
        if not self.tries:
            wanted: Iterable[Recipe] = [recipe]
        elif self.seconds:
            wanted = candidates(usual, self.free)
        else:
            assert usual.rate is not None
            wanted = rates(usual, usual.rate)
        limit = self.seconds or math.inf
        started = time.monotonic()
        with Trying(screen, self.seconds) as trying:
            trials, interrupted = search(wanted, parts, limit, trying.at)
        if interrupted:
            screen.say("train.search_interrupted", style="yellow")
        best = trials[0]
        if not self.tries:
            show_folds(screen, best, len(data.training))
            return recipe
        show_trials(screen, trials, time.monotonic() - started, self.folds, len(parts[0].test))
        if best.loss == float("inf"):
            raise ValueError("every setting that was tried diverged; try a smaller --rate, or look at the data")
        screen.say("train.search_again", options=typed(best.recipe, self.free if self.seconds else ("rate",)))
        return best.recipe


def seconds_of(text: str) -> float:
    """`60s`, `5m`, `1.5h`, `90`: seconds.  ValueError: none of these."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?(s|m|min|h|)", text.strip().lower())
    if not found or not 0 < float(found[1]) * SECONDS[found[2]] <= 7 * 24 * 3600:
        raise ValueError(f"--search '{text}': how long to search, such as 60s, 5m or 1h")
    return float(found[1]) * SECONDS[found[2]]


def rate_of(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--rate '{text}': a number, or auto") from None


def typed(recipe: Recipe, names: Iterable[str]) -> str:
    """Settings as options of the command line."""
    given = {"layers": "-".join(map(str, recipe.layers or ())) or "none", "rate": f"{recipe.rate:g}"}
    given["l2"] = f"{recipe.l2:g}"
    return " ".join(f"--{name} {given[name]}" for name in names)


# --- what is shown -------------------------------------------------------------------------------------------------


def show_folds(screen: Screen, trial: Trial, rows: int) -> None:
    """Mean and standard deviation of every score."""
    screen.say("train.folds", style="bold", rows=rows, folds=len(trial.losses))
    facts = [(score_name(screen, name), f"{value[0]:.4g} ± {value[1]:.2g}".replace("±", plus_minus(screen)))
             for name in SHOWN if (value := trial.mean(name)) is not None]  # fmt: skip
    if facts:
        screen.facts(facts)
    diverged = sum(loss == float("inf") for loss in trial.losses)
    if diverged:
        screen.say("train.folds_diverged", style="yellow", count=diverged)


SHOWN = ("accuracy", "auc", "log_loss", "r2", "mean_absolute_error")


def plus_minus(screen: Screen) -> str:
    return screen.symbol("±", "+-")


def show_trials(screen: Screen, trials: list[Trial], seconds: float, folds: int, held: int) -> None:
    """The best few."""
    key = "train.search_folds" if folds else "train.search"
    screen.say(key, style="bold", tried=len(trials), seconds=f"{seconds:.0f}", folds=folds, rows=held)
    first = next((name for name in ("accuracy", "r2") if trials[0].mean(name) is not None), None)
    header = ["layers", "rate", "l2", screen.text("train.loss")]
    header += [] if first is None else [score_name(screen, first)]
    rows = []
    for trial in trials[:MOST_SHOWN]:
        recipe = trial.recipe
        layers = "-" if recipe.layers is None else "-".join(map(str, recipe.layers)) or "none"
        score = None if first is None else trial.mean(first)
        shown = [layers, f"{recipe.rate:g}", f"{recipe.l2:g}", f"{trial.loss:.4g}"]
        rows.append(shown + ([] if first is None else [f"{score[0]:.4g}" if score else "-"]))
    screen.table(header, rows)
    screen.line()


class Trying:
    """A bar on standard error while settings are tried; nothing where that is no terminal."""

    def __init__(self, screen: Screen, seconds: float) -> None:
        self.screen, self.seconds, self.started = screen, seconds, time.monotonic()
        self.bar: Any = None

    def __enter__(self) -> Trying:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        if not self.screen.plain and console.is_terminal:
            columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
            self.bar = Progress(*columns, console=console, transient=True)
            self.bar.start()
            self.task = self.bar.add_task("", total=self.seconds or None)
        return self

    def at(self, tried: int, best: float) -> None:
        """So many were tried, the best of them with this loss."""
        if self.bar is not None:
            passed = time.monotonic() - self.started
            text = f"{tried}  {tried / max(passed, 1e-9):.1f}/s  loss {best:.4g}"
            self.bar.update(self.task, completed=min(passed, self.seconds or passed), description=text)

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.stop()
