"""Learning-rate schedules: one small class each, a formula in the step counter t = 1, 2, 3, ..."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from ..program.expr import Expr, Name
from ..program.simplify import simplify
from ..program.text import rule
from .numbers import is_finite


@dataclass(frozen=True)
class Schedule:
    """How the learning rate changes from step to step.

    `formula` is in terms of `rate` (the base rate, given at run time), `t` and the fields of the class. With `warm_up`,
    the rate rises in a line over that many steps first.
    """

    formula: ClassVar[str] = "rate"
    title: ClassVar[str] = ""

    rate: float

    def __post_init__(self) -> None:
        for field in fields(self):
            value, least = getattr(self, field.name), 1 if field.name in ("every", "steps") else 0
            if not is_finite(value) or value < least:
                kind = type(self).__name__
                raise ValueError(f"{kind}: {field.name} must be a number of at least {least}, not {value!r:.40}")

    @property
    def words(self) -> str:
        """What a title calls it: `cosine decay after warm-up`."""
        return " after ".join(filter(None, (self.title, "warm-up" * bool(getattr(self, "warm_up", 0)))))

    def learning_rate(self) -> Expr:
        """The rate at step t, a scalar expression."""
        values = {f.name: float(getattr(self, f.name)) for f in fields(self) if f.name not in ("rate", "warm_up")}
        expression = rule(self.formula, rate=Name("rate"), t=Name("t"), **values)
        warm_up = float(getattr(self, "warm_up", 0))
        if warm_up:
            expression = expression * rule("minimum(1, t / steps)", t=Name("t"), steps=warm_up)
        return simplify(expression)


@dataclass(frozen=True)
class ConstantRate(Schedule):
    """The same rate at every step, after a warm-up.

    Fields
        warm_up     over how many steps the rate rises to its full height first; so in all schedules
    """

    warm_up: int = 0


@dataclass(frozen=True)
class StepDecay(Schedule):
    """The rate times `factor` after every `every` steps.

    Fields
        every       how many steps, at least 1
        factor      what the rate is multiplied by
    """

    formula = "rate * factor**floor((t - 1) / every)"
    title = "step decay"

    every: int = 1000
    factor: float = 0.5
    warm_up: int = 0


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """The rate times `factor` at every step.

    Fields
        factor      what the rate is multiplied by
    """

    formula = "rate * factor**(t - 1)"
    title = "exponential decay"

    factor: float = 0.999
    warm_up: int = 0


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """Half a cosine from the rate down to `final` times the rate, over `steps` steps.

    Fields
        steps       how many steps, at least 1; afterwards the rate stays
        final       the share of the rate that is left
    Source
        Loshchilov & Hutter, ICLR (2017), equation 5.
    """

    formula = "final * rate + 0.5 * (rate - final * rate) * (1 + cos(pi * minimum(t - 1, steps) / steps))"
    title = "cosine decay"

    steps: int = 1000
    final: float = 0.0
    warm_up: int = 0


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": ConstantRate,
    "step": StepDecay,
    "exponential": ExponentialDecay,
    "cosine": CosineDecay,
}
