"""The rules of the diagnosis, one row each: what is observed, in which window, its bound, the verdict and the remedy.

A rule's window is start (with the initial weights), now, or history (over all epochs). What follows from something else
stands below it: a network fed with unscaled columns saturates too, but the columns are what to change. Bounds were
chosen on planted faults and healthy runs of other seeds than those of the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .evidence import Evidence
from .readiness import RIGHT
from .remedies import Remedy

FAR = 0.9  # from its target: an output that is certain, and wrong


@dataclass(frozen=True)
class Finding:
    """What a rule found: the layer (0: the network as a whole, or its input), the value, and since which epoch.

    since       0: from the start; None: it is so now, and nobody looked before
    when        how `since` is known, where not as it says: `both`, at the start and at the end; `end`, at the end only
    what        what the value is, in names of observations and of the history, where it is not the observation itself
    bound       of that, where it is not the rule's
    """

    value: float
    layer: int = 0
    since: int | None = 0
    detail: str = ""
    when: str = ""
    what: str = ""
    bound: float | None = None


Find = Callable[[Evidence, "Rule"], Finding | None]


@dataclass(frozen=True)
class Rule:
    """One row: `find` gives what goes beyond `bound`, or None.

    observation     what it reads; window: start, now or history
    also            further numbers that it compares with, by name
    verdict         the key of the catalogue, `diagnose.<verdict>` and `diagnose.<verdict>_remedy`
    remedy          what `Verdict.rerun` changes
    """

    verdict: str
    observation: str
    window: str
    bound: float
    find: Find
    remedy: Remedy
    also: Mapping[str, float] = field(default_factory=dict)
    fault: bool = True


def hidden(evidence: Evidence, stem: str, values: dict[str, Any]) -> list[tuple[int, float]]:
    return [(i, value) for i, value in evidence.layer_values(stem, values) if i < evidence.layers[-1].number]


def worst(evidence: Evidence, stem: str, bound: float, *, start: bool) -> Finding | None:
    """The hidden layer where one number is farthest above its bound."""
    values = hidden(evidence, stem, evidence.start if start else evidence.now)
    beyond = [(value, i) for i, value in values if value > bound]
    if not beyond:
        return None
    value, layer = max(beyond)
    return Finding(value, layer, 0 if start else evidence.since(f"{stem}{layer}", lambda v: bool(v > bound)))


def identical_units(e: Evidence, rule: Rule) -> Finding | None:
    for i, value in hidden(e, "unit_spread", e.now):
        if value < rule.bound:
            alike = e.start.get(f"unit_spread{i}", np.inf) < rule.bound
            return Finding(value, i, 0) if alike else Finding(value, i, e.run.epoch, when="end")
    return None


def unscaled_input(e: Evidence, rule: Rule) -> Finding | None:
    sizes = np.sqrt((e.run.X.astype(float) ** 2).mean(axis=0))
    largest, smallest = float(sizes.max()), float(sizes[sizes > 0].min(initial=np.inf))
    if largest > rule.bound:
        return Finding(largest, 0, 0, f"X[:, {int(sizes.argmax())}]")
    if largest / smallest > rule.bound**2:
        what = "input_size.max() / input_size.min()"
        return Finding(largest / smallest, 0, 0, f"X[:, {int(sizes.argmax())}]", what=what, bound=rule.bound**2)
    return None


def saturated_at_start(e: Evidence, rule: Rule) -> Finding | None:
    return worst(e, "saturated_share", rule.bound, start=True)


def saturated_now(e: Evidence, rule: Rule) -> Finding | None:
    return worst(e, "saturated_share", rule.bound, start=False) if e.error > rule.also["wrong"] else None


def dead_at_start(e: Evidence, rule: Rule) -> Finding | None:
    return worst(e, "dead_share", rule.bound, start=True)


def dead_now(e: Evidence, rule: Rule) -> Finding | None:
    return worst(e, "dead_share", rule.bound, start=False)


def exploding(e: Evidence, rule: Rule) -> Finding | None:
    """Delta grows from the last layer to the first, or the gradient is out of all proportion to the weights."""
    deltas = dict(e.layer_values("delta_size", e.start))
    if len(deltas) > 2:
        first, last = min(deltas), max(deltas)
        ratio = deltas[first] / max(deltas[last], 1e-300)
        if ratio > rule.bound or not np.isfinite(ratio):
            return Finding(ratio, first, what=f"delta_size{first} / delta_size{last}")
    return None


def vanishing(e: Evidence, rule: Rule) -> Finding | None:
    deltas = dict(e.layer_values("delta_size", e.start))
    if len(deltas) > 2:
        first, last = min(deltas), max(deltas)
        ratio = deltas[first] / max(deltas[last], 1e-300)
        if ratio < rule.bound:
            return Finding(ratio, first, what=f"delta_size{first} / delta_size{last}")
    return None


def wrong_loss(e: Evidence, rule: Rule) -> Finding | None:
    """A class as target and a loss that is none for classes: certain and wrong, or an output without bounds."""
    if not e.targets_are_classes or "cross_entropy" in e.loss or e.output not in ("sigmoid", "softmax", ""):
        return None
    off = np.abs(e.now[e.run.program.prediction] - e.inputs["y"])
    far = float((off > FAR).mean())
    trapped = far > rule.also["far_off"] if e.output else e.progress < rule.also["left"]
    if trapped and float(off.mean()) > rule.bound:
        since = e.since("absolute_error", lambda v: bool(v > rule.bound))
        return Finding(float(off.mean()), 0, since, f"{e.loss}, {e.output or 'linear'}")
    return None


def diverging(e: Evidence, rule: Rule) -> Finding | None:
    failure = getattr(e.run, "diverged", None)
    if failure is None:
        return None
    return Finding(float("inf"), 0, failure.epoch, f"step {failure.step}, {failure.name}")


def rate_too_large(e: Evidence, rule: Rule) -> Finding | None:
    """The first steps are as large as the weights themselves, or the loss rises far above where it began."""
    ratios = [value for _, value in e.layer_values("update_ratio", e.start)]
    if ratios and max(ratios) > rule.bound:
        return Finding(max(ratios))
    losses = e.losses
    if not len(losses):
        return None
    peak = int(losses.argmax())
    if len(losses) > 2 and losses[peak] > rule.also["peak"] * losses[0] and e.progress > rule.also["left"]:
        return Finding(
            float(losses[peak] / losses[0]), 0, e.epochs[peak], what="max(loss) / loss[0]", bound=rule.also["peak"]
        )
    if len(losses) > rule.also["epochs"] and e.progress > rule.also["risen"]:
        return Finding(e.progress, 0, e.risen(), what="loss[-1] / loss[0]", bound=rule.also["risen"])
    return None


def rate_too_small(e: Evidence, rule: Rule) -> Finding | None:
    ratios = [value for _, value in e.layer_values("update_ratio", e.start)]
    if e.observer is not None:
        ratios += [float(v) for n, vs in e.observer.values.items() if n.startswith("update_ratio") for v in vs]
    if ratios and max(ratios) < rule.bound and e.progress > rule.also["left"] and e.error > rule.also["wrong"]:
        return Finding(max(ratios))
    return None


def overfitting(e: Evidence, rule: Rule) -> Finding | None:
    epochs, course = e.course("validation_loss")
    if len(course) < 5:
        return None
    best = int(np.argmin(course))
    last = float(np.mean(course[-3:]))
    ratio, risen = last / max(course[best], 1e-300), last - course[best] > rule.also["risen"] * e.first_loss
    apart, early = e.training_loss < rule.also["gap"] * last, best < rule.also["best"] * len(course)
    if ratio > rule.bound and risen and apart and early:
        return Finding(ratio, 0, epochs[best], what="validation_loss[-3:].mean() / validation_loss.min()")
    return None


def imbalance_ignored(e: Evidence, rule: Rule) -> Finding | None:
    if not e.targets_are_classes or "sample_weight" in e.run.program.inputs:
        return None
    rare, share, recall = e.recall()
    if share < rule.also["rare"] and recall < rule.bound:
        when = "both" if e.recall(start=True)[2] < rule.bound else "end"
        return Finding(recall, 0, 0 if when == "both" else e.run.epoch, f"class {rare}, {share:.1%}", when)
    return None


def finished(e: Evidence, rule: Rule) -> Finding | None:
    """The loss hardly falls any more, and the answers are right."""
    losses = e.losses
    if len(losses) < 10 or e.error > rule.also["right"]:
        return None
    window = max(2, len(losses) // 10)
    fall = float(1 - losses[-1] / max(losses[-window], 1e-300))
    what = f"1 - loss[-1] / loss[-{window}]"
    return Finding(fall, 0, e.epochs[-window], what=what) if fall < rule.bound else None


RULES = (
    Rule("exploding_gradient", "delta_size", "start", 20.0, exploding, Remedy(initial=True)),
    Rule("identical_units", "unit_spread", "now", 1e-6, identical_units, Remedy(initial=True)),
    Rule("unscaled_input", "input_size", "start", 10.0, unscaled_input, Remedy(scale=True)),
    Rule("dead_relu", "dead_share", "start", 0.5, dead_at_start, Remedy(initial=True, activation="leaky_relu")),
    Rule("saturated_units", "saturated_share", "start", 0.5, saturated_at_start, Remedy(initial=True)),
    Rule("diverging", "loss", "history", float("inf"), diverging, Remedy(rate=0.1)),
    Rule("rate_too_large", "update_ratio", "start", 1.0, rate_too_large, Remedy(rate=0.1),
         also={"peak": 5.0, "left": 0.5, "risen": 1.2, "epochs": 10}),
    Rule("vanishing_gradient", "delta_size", "start", 0.01, vanishing, Remedy(activation="relu")),
    Rule("wrong_loss", "absolute_error", "now", 0.1, wrong_loss, Remedy(loss="cross_entropy", initial=True),
         also={"far_off": 0.1, "left": 0.9}),
    Rule("rate_too_small", "update_ratio", "start", 3e-4, rate_too_small, Remedy(rate=100.0),
         also={"left": 0.3, "wrong": 0.3}),
    Rule("imbalance_ignored", "recall", "now", 0.3, imbalance_ignored, Remedy(class_weight="balanced"),
         also={"rare": 0.15}),
    Rule("overfitting", "validation_loss", "history", 1.15, overfitting, Remedy(stopping=True),
         also={"risen": 0.1, "gap": 0.8, "best": 0.8}),
    Rule("dead_relu", "dead_share", "now", 0.6, dead_now, Remedy(activation="leaky_relu", rate=0.1)),
    Rule("saturated_units", "saturated_share", "now", 0.9, saturated_now, Remedy(rate=0.1), also={"wrong": 0.5}),
    Rule("finished", "loss", "history", 0.05, finished, Remedy(), also={"right": RIGHT}, fault=False),
)  # fmt: skip

__all__ = ["RULES", "Finding", "Rule"]
