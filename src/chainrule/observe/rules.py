"""The rules of the diagnosis, one row each: what is observed, in which window, its bounds, the verdict and the remedy.

    [now("saturated_share{i}") > 0.9, now("relative_error") > 0.5]

is how a rule is written: it holds where all of its conditions do. Python holds the rows against a run (`judging`), the
lab holds the same rows against a run in the browser. What follows from something else stands below it: a network fed
with unscaled columns saturates too, but the columns are what to change. Bounds were chosen on planted faults and
healthy runs of other seeds than those of the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ..program.steps import Program
from .observations import layers_of, numbered
from .readiness import RIGHT
from .remedies import Remedy


@dataclass(frozen=True)
class Value:
    """A number of a run: an observation, or one that `judging.MEASURES` makes of its history or its answers.

    name        may name layers: {i} each hidden layer, in a row of its own; {any} each layer, in a row of its own;
                {all} all layers, in one row; {first} and {last}, where there are at least three
    window      start (with the initial weights), now, or history (over all epochs)
    reduce      max or min (of those above 0): of an observation with many numbers, or of its history
    over        what it is divided by
    """

    name: str
    window: str
    reduce: str = ""
    over: Value | None = None

    def max(self) -> Value:
        return replace(self, reduce="max")

    def min(self) -> Value:
        return replace(self, reduce="min")

    def __truediv__(self, other: Value) -> Value:
        return replace(self, over=other)

    def __gt__(self, bound: float) -> Condition:
        return Condition(self, bound, above=True)

    def __lt__(self, bound: float) -> Condition:
        return Condition(self, bound, above=False)

    def __str__(self) -> str:
        if self.over is None:
            return self.name
        return " / ".join(f"{v.name}.{v.reduce}()" if v.reduce else v.name for v in (self, self.over))

    def named(self, **layers: int) -> Value:
        over = None if self.over is None else self.over.named(**layers)
        return replace(self, name=self.name.format(**layers), over=over)


@dataclass(frozen=True)
class Condition:
    """A value above a bound, or below it."""

    value: Value
    bound: float
    above: bool

    def holds(self, value: float) -> bool:
        return value > self.bound if self.above else value < self.bound


@dataclass(frozen=True)
class Row:
    """A rule for one layer (0: the network as a whole, or its input); the first condition is the one that is told."""

    layer: int
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Rule:
    """One row of the table.

    verdict     the key of the catalogue, `diagnose.<verdict>` and `diagnose.<verdict>_remedy`
    remedy      what `Verdict.rerun` changes
    either      lists of conditions: it holds where all those of one list do
    fits        the programs that it is for
    fault       whether it is one, or good news
    """

    verdict: str
    remedy: Remedy
    either: tuple[list[Condition], ...]
    fits: Callable[[Program], bool]
    fault: bool

    def rows(self, program: Program) -> Iterator[list[Row]]:
        """For an observed program: of each list of conditions its rows, layer by layer."""
        for conditions in self.either if self.fits(program) else ():
            yield list(rows(conditions, program))


def rows(conditions: list[Condition], program: Program) -> Iterator[Row]:
    """One for each layer that the first condition names; none where the program does not observe what it names."""
    stem, _, which = conditions[0].value.name.partition("{")
    found = [number for number, _ in numbered(program, stem)]
    if not which:
        yield named(0, conditions)
    elif which == "first}" and len(found) > 2:
        yield named(found[0], conditions, first=found[0], last=found[-1])
    elif which == "all}" and found:
        each = [condition for i in found for condition in named(0, conditions[:1], all=i).conditions]
        yield named(0, [*each, *conditions[1:]])
    elif which == "any}":
        yield from (named(0, conditions, any=i) for i in found)
    elif which == "i}":
        yield from (named(i, conditions, i=i) for i in found if i < layers_of(program)[-1].number)


def named(layer: int, conditions: list[Condition], **layers: int) -> Row:
    return Row(layer, tuple(replace(condition, value=condition.value.named(**layers)) for condition in conditions))


def rule(
    verdict: str, remedy: Remedy, *either: list[Condition], fits: Callable[[Program], bool] = lambda program: True,
    fault: bool = True,
) -> Rule:  # fmt: skip
    return Rule(verdict, remedy, either, fits, fault)


def start(name: str) -> Value:
    return Value(name, "start")


def now(name: str) -> Value:
    return Value(name, "now")


def history(name: str) -> Value:
    return Value(name, "history")


def loss_is_none_for_classes(*outputs: str) -> Callable[[Program], bool]:
    """Programs of another loss than cross-entropy, with one of these activations of the output."""

    def fits(program: Program) -> bool:
        return "cross_entropy" not in program.declaration.loss.name and layers_of(program)[-1].activation in outputs

    return fits


def is_unweighted(program: Program) -> bool:
    return "sample_weight" not in program.inputs


GROWS = start("delta_size{first}") / start("delta_size{last}")  # delta, from the last layer back to the first
OFF = now("relative_error")  # 1 is no better than a constant answer
LEFT = now("loss_left")  # of the loss before the first step
CLASSES = now("classes") > 0

RULES = (
    rule("exploding_gradient", Remedy(initial=True), [GROWS > 20]),
    rule("identical_units", Remedy(initial=True), [now("unit_spread{i}") < 1e-6]),
    rule("unscaled_input", Remedy(scale=True),
         [now("input_size").max() > 10],
         [now("input_size").max() / now("input_size").min() > 100]),
    rule("dead_relu", Remedy(initial=True, activation="leaky_relu"), [start("dead_share{i}") > 0.5]),
    rule("saturated_units", Remedy(initial=True), [start("saturated_share{i}") > 0.5]),
    rule("diverging", Remedy(rate=0.1), [history("diverged") > 0]),
    rule("rate_too_large", Remedy(rate=0.1),
         [start("update_ratio{any}") > 1],
         [history("loss_peak") > 5, LEFT > 0.5],
         [LEFT > 1.2, history("epochs") > 10]),
    rule("vanishing_gradient", Remedy(activation="relu"), [GROWS < 0.01]),
    rule("wrong_loss", Remedy(loss="cross_entropy", initial=True),
         [now("absolute_error") > 0.1, now("far_off") > 0.1, CLASSES],
         fits=loss_is_none_for_classes("sigmoid", "softmax")),
    rule("wrong_loss", Remedy(loss="cross_entropy", initial=True),
         [now("absolute_error") > 0.1, LEFT < 0.9, CLASSES],
         fits=loss_is_none_for_classes("")),
    rule("rate_too_small", Remedy(rate=100.0),
         [history("update_ratio{all}").max() < 3e-4, LEFT > 0.3, OFF > 0.3, history("epochs") > 0]),
    rule("imbalance_ignored", Remedy(class_weight="balanced"),
         [now("recall") < 0.3, now("rare_share") < 0.15, CLASSES],
         fits=is_unweighted),
    rule("overfitting", Remedy(stopping=True),
         [history("test_rise") > 1.15, history("test_risen") > 0.1,
          history("test_gap") < 0.8, history("test_best") < 0.8]),
    rule("dead_relu", Remedy(activation="leaky_relu", rate=0.1), [now("dead_share{i}") > 0.6]),
    rule("saturated_units", Remedy(rate=0.1), [now("saturated_share{i}") > 0.9, OFF > 0.5]),
    rule("finished", Remedy(), [history("loss_fall") < 0.05, OFF < RIGHT], fault=False),
)  # fmt: skip

__all__ = ["RULES", "Condition", "Row", "Rule", "Value"]
