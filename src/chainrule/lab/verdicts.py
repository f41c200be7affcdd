"""The rules of the diagnosis as rows of plain data: which observation, in which window, against which bound.

The page evaluates them while a network learns, without a server too; the bounds are those of `observe.rules`, and a
test holds that they find what `run.diagnose()` finds. A row holds where each of its conditions does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from ..observe.observations import layers_of
from ..observe.rules import RULES, Rule
from ..program.steps import Program

Condition = dict[str, Any]
Row = dict[str, Any]


class Known:
    """What rows can be made of: the observations that a program has, layer by layer."""

    def __init__(self, program: Program) -> None:
        self.names = {step.name for step in program.full.steps}
        numbers = [step.number for step in program.full.steps if step.name == f"delta_size{step.number}"]
        self.layers = sorted(set(numbers))
        self.last = max(int(name[1:]) for name in program.parameters if name[0] == "W")
        self.output = layers_of(program)[-1].activation
        self.loss = program.declaration.loss.name

    def layered(self, stem: str, hidden: bool = False) -> list[int]:
        found = [int(n[len(stem) :]) for n in self.names if n.startswith(stem) and n[len(stem) :].isdigit()]
        return sorted(i for i in found if not hidden or i < self.last)


def condition(
    name: str, window: str, over: tuple[str, str] | None = None, *, above: float | None = None,
    below: float | None = None, reduce: str = "",
) -> Condition:  # fmt: skip
    """`reduce`: max or min, of an observation with many numbers, or of its whole history.

    name        an observation; or of the history of losses test_rise, test_risen, test_best, test_gap, loss_fall; or
                diverged, 1 where a number stopped being finite; or of all answers classes, 1 where they are to name a
                class, far_off, the share of them that is more than 0.9 away from its target, and of the rarest class
                rare_share, its share of the rows, and recall, the share of those that are found
    over        what the value is divided by: observation and window
    """
    found: Condition = {"name": name, "window": window}
    if over:
        found["over"] = {"name": over[0], "window": over[1]}
    if reduce:
        found["reduce"] = reduce
    return found | ({"above": above} if above is not None else {"below": below})


def progress(above: float) -> Condition:
    return condition("data_loss", "now", ("data_loss", "start"), above=above)


def wrong(above: float) -> Condition:
    return condition("relative_error", "now", above=above)


Make = Callable[[Known, Rule], Iterator[tuple[int, list[Condition]]]]


def ratio(above: bool) -> Make:
    """Delta of the first layer beside that of the last, at the start."""

    def make(known: Known, rule: Rule) -> Iterator[tuple[int, list[Condition]]]:
        if len(known.layers) > 2:
            first, last = known.layers[0], known.layers[-1]
            names, bound = (f"delta_size{first}", "start", (f"delta_size{last}", "start")), rule.bound
            yield first, [condition(*names, above=bound if above else None, below=None if above else bound)]

    return make


def hidden(stem: str, window: str, below: bool = False) -> Make:
    """One number a hidden layer; in windows of now also that the network is wrong, where the rule says how wrong."""

    def make(known: Known, rule: Rule) -> Iterator[tuple[int, list[Condition]]]:
        more = [wrong(rule.also["wrong"])] if "wrong" in rule.also else []
        above, under = (None, rule.bound) if below else (rule.bound, None)
        for i in known.layered(stem, hidden=True):
            yield i, [condition(f"{stem}{i}", window, above=above, below=under), *more]

    return make


def unscaled(known: Known, rule: Rule) -> Iterator[tuple[int, list[Condition]]]:
    yield 0, [condition("input_size", "now", above=rule.bound, reduce="max")]


def too_large(known: Known, rule: Rule) -> Iterator[tuple[int, list[Condition]]]:
    """The first steps are as large as the weights, or the loss rises far above where it began."""
    for i in known.layered("update_ratio"):
        yield 0, [condition(f"update_ratio{i}", "start", above=rule.bound)]
    peak = condition("data_loss", "history", ("data_loss", "start"), above=rule.also["peak"], reduce="max")
    yield 0, [peak, progress(rule.also["left"])]
    yield 0, [progress(rule.also["risen"]), condition("epochs", "history", above=rule.also["epochs"])]


def too_small(known: Known, rule: Rule) -> Iterator[tuple[int, list[Condition]]]:
    layers = known.layered("update_ratio")
    if layers:
        small = [condition(f"update_ratio{i}", "history", below=rule.bound, reduce="max") for i in layers]
        yield (
            0,
            [*small, progress(rule.also["left"]), wrong(rule.also["wrong"]), condition("epochs", "history", above=0)],
        )


def overfitting(known: Known, rule: Rule) -> Iterator[tuple[int, list[Condition]]]:
    yield 0, [
        condition("test_rise", "history", above=rule.bound),
        condition("test_risen", "history", above=rule.also["risen"]),
        condition("test_gap", "history", below=rule.also["gap"]),
        condition("test_best", "history", below=rule.also["best"]),
    ]  # fmt: skip


CLASSES = condition("classes", "now", above=0)


def wrong_loss(known: Known, rule: Rule) -> Iterator[tuple[int, list[Condition]]]:
    if "cross_entropy" not in known.loss and known.output in ("sigmoid", "softmax", ""):
        stuck = condition("data_loss", "now", ("data_loss", "start"), below=rule.also["left"])
        trapped = condition("far_off", "now", above=rule.also["far_off"]) if known.output else stuck
        yield 0, [condition("absolute_error", "now", above=rule.bound), trapped, CLASSES]


def imbalance_ignored(known: Known, rule: Rule) -> Iterator[tuple[int, list[Condition]]]:
    rare = condition("rare_share", "now", below=rule.also["rare"])
    yield 0, [condition("recall", "now", below=rule.bound), rare, CLASSES]


def finished(known: Known, rule: Rule) -> Iterator[tuple[int, list[Condition]]]:
    right = condition("relative_error", "now", below=rule.also["right"])
    yield 0, [condition("loss_fall", "history", below=rule.bound), right]


def diverging(known: Known, rule: Rule) -> Iterator[tuple[int, list[Condition]]]:
    yield 0, [condition("diverged", "history", above=0)]


# How each rule of the table reads as conditions.
MAKERS: dict[str, Make] = {
    "exploding": ratio(above=True),
    "identical_units": hidden("unit_spread", "now", below=True),
    "unscaled_input": unscaled,
    "dead_at_start": hidden("dead_share", "start"),
    "saturated_at_start": hidden("saturated_share", "start"),
    "diverging": diverging,
    "rate_too_large": too_large,
    "vanishing": ratio(above=False),
    "wrong_loss": wrong_loss,
    "rate_too_small": too_small,
    "imbalance_ignored": imbalance_ignored,
    "overfitting": overfitting,
    "dead_now": hidden("dead_share", "now"),
    "saturated_now": hidden("saturated_share", "now"),
    "finished": finished,
}


def rows(program: Program) -> list[Row]:
    """The rules for an observed program, most fundamental first.

    verdict     key of the catalogue; rank: of the rule; layer: 0 where it is about the network as a whole
    all         the conditions; the first is the one that is told
    remedy      what to change, as `observe.remedies.Remedy` has it, without what stays as it is
    """
    known = Known(program)
    found = []
    for rank, rule in enumerate(RULES):
        make = MAKERS.get(rule.find.__name__)
        for layer, conditions in make(known, rule) if make else ():
            found.append({"verdict": rule.verdict, "rank": rank, "layer": layer, "fault": rule.fault,
                          "all": conditions, "remedy": changes(rule)})  # fmt: skip
    return found


def changes(rule: Rule) -> dict[str, Any]:
    usual = asdict(type(rule.remedy)())
    return {name: value for name, value in asdict(rule.remedy).items() if value != usual[name]}


__all__ = ["rows"]
