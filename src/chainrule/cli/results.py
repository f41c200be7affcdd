"""What `train` says of the rows that it held out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..messages.columns import width_of
from .screen import Screen

if TYPE_CHECKING:
    from ..data import Preparation
    from ..tables.goal import Goal
    from ..tables.recipe import Recipe
    from ..tables.samples import Split

MOST_CLASSES = 12  # in a table of all confusions; with more classes the most frequent ones are listed
MOST_MISTAKES = 8
ABBREVIATIONS = {"auc": "AUC", "r2": "R2"}  # the same in every language


def show_results(
    screen: Screen, goal: Goal, preparation: Preparation, target: Any, output: Any, known: Any,
    scores: dict[str, float], linear: dict[str, float] | None,
) -> None:  # fmt: skip
    """How good outputs (N, K) are for targets (N, K), beside the plainest answer, taken from the known targets, and
    beside the scores of a network without a hidden layer."""
    screen.line()
    screen.say("train.test", style="bold", rows=len(target))
    if goal.roles.task == "classification":
        show_classes(screen, goal, goal.labels(target), goal.labels(output), goal.labels(known), scores, linear)
    else:
        show_numbers(screen, linear, *(goal.numbers(preparation, values) for values in (target, output, known)))


def linear_scores(recipe: Recipe, data: Split) -> dict[str, float] | None:
    """The same without a hidden layer, on the same rows; None where its training diverges."""
    from ..tables.scores import scores
    from ..training import Diverged

    plain = recipe.without_hidden_layers()
    run = plain.training(plain.plan(data.preparation, len(data.training)), data.preparation, data.training)
    try:
        run.fit()
    except Diverged:
        return None
    if run.interrupted:
        return None
    X, Y = plain.arrays(data.preparation, data.test)
    return scores(plain.goal, data.preparation, Y, run.predict(X))


def score_name(screen: Screen, name: str) -> str:
    """What people call a score."""
    return ABBREVIATIONS.get(name) or screen.text(f"train.score_{name}")


def listed(screen: Screen, scores: dict[str, float], names: Sequence[str]) -> str:
    """`AUC 0.98, log loss 0.12`."""
    return ", ".join(f"{score_name(screen, name)} {scores[name]:.4g}" for name in names if name in scores)


# --- classes -------------------------------------------------------------------------------------------------------


def show_classes(
    screen: Screen, goal: Goal, truth: Any, answer: Any, known: Any, scores: dict[str, float],
    linear: dict[str, float] | None,
) -> None:  # fmt: skip
    import numpy as np

    from ..data import printable

    classes = [printable(label, 24) for label in goal.roles.classes]
    right = int((truth == answer).sum())
    screen.say("train.accuracy", accuracy=f"{right / len(truth):.4g}", right=right, rows=len(truth))
    if ranked := listed(screen, scores, ("auc", "log_loss")):
        screen.line(ranked)
    usual = int(np.bincount(known).argmax())
    baseline = f"{float((truth == usual).mean()):.4g}"
    screen.say("train.accuracy_baseline", label=classes[usual], accuracy=baseline)
    if linear is not None:
        screen.say("train.linear", scores=listed(screen, linear, ("accuracy", "auc", "log_loss")))
    table = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(table, (truth, answer), 1)
    screen.line()
    if len(classes) <= MOST_CLASSES and show_table(screen, classes, table):
        return
    wrong = [(int(table[i, j]), i, j) for i, j in zip(*np.nonzero(table), strict=True) if i != j]
    wrong.sort(key=lambda entry: -entry[0])
    if wrong:
        screen.say("train.mistakes")
        header = [screen.text("train.truth"), screen.text("train.answer"), screen.text("train.times")]
        screen.table(header, [[classes[i], classes[j], screen.number(n)] for n, i, j in wrong[:MOST_MISTAKES]], left=2)


def show_table(screen: Screen, classes: list[str], table: Any) -> bool:
    """All confusions, a row a true class; whether there was room for them."""
    none = screen.symbol("·", ".")
    cells = [[screen.number(count) if count else none for count in row] for row in table]
    first = max(map(width_of, classes))
    room = (screen.width - first) // len(classes) - 2
    if room < max(len(cell) for row in cells for cell in row) or room < 3:
        return False
    screen.say("train.confusion")
    header = ["", *(name if width_of(name) <= room else shortened(name, room) for name in classes)]
    screen.table(header, [[name, *row] for name, row in zip(classes, cells, strict=True)])
    return True


def shortened(text: str, width: int) -> str:
    """The beginning of a text, with a full stop where it was cut."""
    while width_of(text) > width - 1:
        text = text[:-1]
    return text + "."


# --- a number ------------------------------------------------------------------------------------------------------


def show_numbers(screen: Screen, linear: dict[str, float] | None, truth: Any, answer: Any, known: Any) -> None:
    from ..tables.scores import r2

    explained = r2(truth, answer)
    screen.say("train.r2", value="-" if explained is None else f"{explained:.4g}")
    error, baseline = abs(answer - truth).mean(), abs(known.mean() - truth).mean()
    screen.say("train.absolute_error", error=f"{error:.4g}", baseline=f"{baseline:.4g}")
    if linear is not None:
        screen.say("train.linear", scores=listed(screen, linear, ("r2", "mean_absolute_error")))
