"""`train --folds`, `--rate auto`, `--search`: settings tried on rows held out of the training rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
        from ..tables.search import Bench, held_out, rates, tried

        if self.seconds:
            return self.raced(screen, recipe, data)
        bench = Bench(held_out(data, self.folds or None, recipe.seed))
        usual = recipe.settled(data.preparation, len(data.training))
        screen.line()
        assert usual.rate is not None
        with Trying(screen) as trying:
            trials, interrupted = tried(rates(usual, usual.rate) if self.auto else [usual], bench, trying.at)
        if interrupted:
            screen.say("train.search_interrupted", style="yellow")
        best = trials[0]
        if not self.tries:
            show_folds(screen, best, len(data.training))
            return recipe
        told = {"tried": len(trials), "seconds": trying.passed, "folds": self.folds, "rows": len(bench.parts[0].test)}
        screen.say("train.search_folds" if self.folds else "train.search", style="bold", **told)
        show_trials(screen, trials)
        if best.loss == float("inf"):
            raise ValueError("every setting that was tried diverged; try a smaller --rate, or look at the data")
        screen.say("train.search_again", options=typed(best.recipe, ("rate",)))
        return best.recipe

    def raced(self, screen: Screen, recipe: Recipe, data: Split) -> Recipe:
        """Search until the time is up."""
        from ..tables.race import race
        from ..tables.search import HELD_OUT, Bench, held_out

        bench = Bench(held_out(data, self.folds or min(HELD_OUT, len(data.training)), recipe.seed))
        usual = recipe.settled(data.preparation, len(data.training))
        screen.line()
        with Trying(screen, self.seconds) as trying:
            found = race(usual, self.free, bench, self.seconds, trying.at)
        if found.interrupted:
            screen.say("train.search_interrupted", style="yellow")
        ranked, chosen = found.ranked, found.chosen
        told = {"tried": len(ranked), "trainings": bench.trainings, "seconds": trying.passed}
        screen.say("train.race", style="bold", folds=len(bench.parts), rows=len(data.training), **told)
        show_trials(screen, ranked, found.usual)
        if chosen.loss == float("inf"):
            raise ValueError("every setting that was tried diverged; try a smaller --rate, or look at the data")
        options = typed(chosen.recipe, self.free)
        screen.say("train.race_usual" if chosen is found.usual else "train.search_again", options=options)
        return chosen.recipe


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


def show_trials(screen: Screen, trials: list[Trial], usual: Trial | None = None) -> None:
    """The best few, and the usual settings if they are not among them."""
    first = next((name for name in ("accuracy", "r2") if trials[0].mean(name) is not None), None)
    header = ["layers", "rate", "l2", screen.text("train.loss")]
    header += [] if first is None else [score_name(screen, first)]
    header += [] if usual is None else [screen.text("train.folds_judged"), ""]
    rows = []
    more = [] if usual is None or usual in trials[:MOST_SHOWN] else [usual]
    for found in trials[:MOST_SHOWN] + more:
        recipe, score = found.recipe, None if first is None else found.mean(first)
        layers = "-" if recipe.layers is None else "-".join(map(str, recipe.layers)) or "none"
        row = [layers, f"{recipe.rate:g}", f"{recipe.l2:g}", f"{found.loss:.4g}"]
        row += [] if first is None else [f"{score[0]:.4g}" if score else "-"]
        row += [] if usual is None else [str(len(found.folds)), screen.text("train.usual") if found is usual else ""]
        rows.append(row)
    screen.table(header, rows)
    screen.line()


class Trying:
    """A bar on standard error while settings are tried: how many, how fast, which, the least loss so far."""

    def __init__(self, screen: Screen, seconds: float = 0.0) -> None:
        self.bar, self.seconds = screen.advance(), seconds

    @property
    def passed(self) -> str:
        return f"{self.bar.seconds:.0f}"

    def __enter__(self) -> Trying:
        self.bar.__enter__()
        return self

    def at(self, recipe: Recipe, tried: int, least: float) -> None:
        """So many were tried, the last of them this one, the best with this loss."""
        text = f"{tried}  {tried / self.bar.seconds:.1f}/s  {typed(recipe, ('layers', 'rate', 'l2'))}  loss {least:.4g}"
        self.bar.at(min(1.0, self.bar.seconds / self.seconds) if self.seconds else None, text)

    def __exit__(self, *error: object) -> None:
        self.bar.__exit__(*error)
