"""The rules of the diagnosis, held against the evidence on a run: what is found, where, and since when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..engines.engine import Array
from .evidence import Evidence
from .readiness import FAR
from .rules import Condition, Row, Rule, Value

OF_THE_DATA = ("input_size",)  # whatever the weights are: known also of a run whose first weights are not
NEVER = float("nan")  # neither above nor below any bound


@dataclass(frozen=True)
class Finding:
    """What a rule found: the layer (0: the network as a whole, or its input), the value, and since which epoch.

    since       0: from the start; None: it is so now, and nobody looked before
    when        how `since` is known, where not as it says: `both`, at the start and at the end; `end`, at the end only
    what        what the value is, in names of observations and of the history
    before      the value before the first step, where nothing is known from in between
    """

    value: float
    layer: int = 0
    since: int | None = 0
    detail: str = ""
    when: str = ""
    what: str = ""
    bound: float | None = None
    before: float | None = None


def judge(rule: Rule, e: Evidence) -> Finding | None:
    """What a rule finds, in the layer where it is worst; None where it does not hold."""
    for rows in rule.rows(e.program):
        held = [row for row in rows if all(c.holds(value_of(c.value, e)) for c in row.conditions)]
        if held:
            first = held[0].conditions[0]
            worst = max(held, key=lambda row: value_of(row.conditions[0].value, e)) if first.above else held[0]
            return finding(worst, e)
    return None


def finding(row: Row, e: Evidence) -> Finding:
    told = row.conditions[0]
    measure = MEASURES.get(told.value.name)
    found = measure(e) if measure else Finding(value_of(told.value, e), since=since(told, e))
    if found.before is not None:
        both = told.holds(found.before)
        found = replace(found, when="both" if both else "end", since=0 if both else e.run.epoch)
    detail = DETAILS[told.value.name](e) if told.value.name in DETAILS else found.detail
    bound = told.bound if found.bound is None else found.bound
    return replace(found, layer=row.layer, what=found.what or str(told.value), detail=detail, bound=bound)


def value_of(value: Value, e: Evidence) -> float:
    """A value of a rule; NaN where it is not known of this run."""
    if value.over is None:
        return folded(value, e)
    known = len(numbers_of(value, e)) and len(numbers_of(value.over, e))
    with np.errstate(all="ignore"):
        ratio = np.float64(folded(value, e)) / max(folded(value.over, e), 1e-300)
    return NEVER if not known else np.inf if np.isnan(ratio) else float(ratio)  # NaN: both have overflowed


def folded(value: Value, e: Evidence) -> float:
    numbers = numbers_of(value, e)
    if value.reduce == "min":
        return float(numbers[numbers > 0].min(initial=np.inf))
    return float(numbers.max()) if len(numbers) else NEVER


def numbers_of(value: Value, e: Evidence) -> Array:
    if value.name in MEASURES:
        return np.array([MEASURES[value.name](e).value])
    values = e.now if value.window == "now" else e.start
    known = [values[value.name]] if value.name in values else []
    if value.window == "history" and e.observer is not None:
        known.extend(e.observer.values.get(value.name, []))
    return np.concatenate([np.zeros(0), *map(np.ravel, known)])


def since(told: Condition, e: Evidence) -> int | None:
    """The epoch from which a condition has held until now."""
    if told.value.window != "now" or told.value.name in OF_THE_DATA:
        return 0
    return e.since(told.value.name, lambda v: told.holds(float(v)))


# --- numbers of the history of losses ---


def loss_left(e: Evidence) -> Finding:
    return Finding(e.progress, since=e.risen() if len(e.losses) else None, what="loss[-1] / loss[0]")


def loss_peak(e: Evidence) -> Finding:
    if not len(e.losses):
        return Finding(NEVER)
    peak = int(e.losses.argmax())
    return Finding(float(e.losses[peak] / e.losses[0]), since=e.epochs[peak], what="max(loss) / loss[0]")


def loss_fall(e: Evidence) -> Finding:
    losses, window = e.losses, max(2, len(e.losses) // 10)
    if len(losses) < 10:
        return Finding(NEVER)
    fall = float(1 - losses[-1] / max(losses[-window], 1e-300))
    return Finding(fall, since=e.epochs[-window], what=f"1 - loss[-1] / loss[-{window}]")


def epochs(e: Evidence) -> Finding:
    return Finding(float(len(e.losses)))


def diverged(e: Evidence) -> Finding:
    failure = getattr(e.run, "diverged", None)
    if failure is None:
        return Finding(0.0)
    where = f"step {failure.step}, {failure.name}"
    return Finding(np.inf, since=failure.epoch, detail=where, what="loss", bound=np.inf)


def of_validation(number: Callable[[Evidence, float, float, float], float]) -> Callable[[Evidence], Finding]:
    """A number of the best loss on the validation rows, of its place in the course, and of the last three's mean."""

    def measure(e: Evidence) -> Finding:
        at, course = e.course("validation_loss")
        if len(course) < 5:
            return Finding(NEVER)
        best = int(np.argmin(course))
        found = number(e, max(float(course[best]), 1e-300), best / len(course), float(np.mean(course[-3:])))
        what = "validation_loss[-3:].mean() / validation_loss.min()"
        return Finding(found, since=at[best], what=what)

    return measure


# --- numbers of the answers ---


def far_off(e: Evidence) -> Finding:
    off = np.abs(e.now[e.run.program.prediction] - e.inputs["y"])
    return Finding(float((off > FAR).mean()), since=None)


def recall(e: Evidence) -> Finding:
    """Of the rarest class, the share of its rows that are found."""
    rare, share, found = e.recall()
    before = e.recall(start=True)[2] if e.start else None
    return Finding(found, since=None, detail=f"class {rare}, {share:.1%}", before=before)


MEASURES: dict[str, Callable[[Evidence], Finding]] = {
    "loss_left": loss_left,
    "loss_peak": loss_peak,
    "loss_fall": loss_fall,
    "epochs": epochs,
    "diverged": diverged,
    "test_rise": of_validation(lambda e, best, at, last: last / best),
    "test_risen": of_validation(lambda e, best, at, last: (last - best) / e.first_loss),
    "test_gap": of_validation(lambda e, best, at, last: e.training_loss / last),
    "test_best": of_validation(lambda e, best, at, last: at),
    "classes": lambda e: Finding(float(e.targets_are_classes)),
    "far_off": far_off,
    "rare_share": lambda e: Finding(e.recall()[1]),
    "recall": recall,
}
DETAILS: dict[str, Callable[[Evidence], str]] = {
    "input_size": lambda e: f"X[:, {int(np.argmax(e.now['input_size']))}]",
    "absolute_error": lambda e: f"{e.loss}, {e.output or 'linear'}",
}

__all__ = ["Finding", "judge"]
