"""What a check finds, as data; `words.py` says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .exercise import Exercise, Quantity

RIGHT = ("right", "elsewhere", "consistent", "convention")


@dataclass(frozen=True)
class Reason:
    """Why a value is wrong: a key of the messages, `practice.reason_` and this, and what fills it in."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """An element of an adjoint beside the loss's own change: how much the loss changes for each unit of `of`."""

    index: tuple[int, ...]
    yours: float
    measured: float


@dataclass(frozen=True)
class Judged:
    """One quantity.

    status      right           as the reference has it
                elsewhere       right, under a name of the learner's, `called`
                consistent      right for what came before it, which was not
                convention      another sign or factor; what follows agrees with it
                folded          no variable of its own, and none is needed
                open            still `...`
                absent          not computed, as far as can be seen
                wrong
    """

    quantity: Quantity
    status: str
    called: str = ""

    @property
    def name(self) -> str:
        return self.quantity.name


@dataclass(frozen=True)
class Verdict:
    """What became of an attempt.

    passed      the loss, the parameters and the state are right on all data, and no input was changed
    first       the first quantity that is not right; None where there is none or where nothing was run
    reason      why, as far as can be known
    problem     where the file could not be run to its end: syntax, load, no_step, time, memory, output, exit, crash,
                raised; or changed, for inputs that were written to
    error       the exception: kind, text, line
    judged      every quantity, in program order
    measured    an element of the wrong gradient beside a finite difference
    agreement   where all is right: the largest deviation of the gradients from finite differences, over their largest
    flags       library, program, network
    """

    exercise: Exercise
    passed: bool = False
    first: Quantity | None = None
    called: str = ""
    reason: Reason | None = None
    problem: str = ""
    error: dict[str, Any] | None = None
    judged: tuple[Judged, ...] = ()
    measured: Measured | None = None
    agreement: float | None = None
    shape: tuple[int, ...] | None = None
    printed: str = ""
    flags: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[Judged, ...]:
        """The quantities that were to be written."""
        names = {quantity.name for quantity in self.exercise.asked}
        return tuple(judged for judged in self.judged if judged.name in names)

    @property
    def right(self) -> int:
        """How many of them are right, counting those that are right for what came before."""
        return len(self.asked) if self.passed else sum(judged.status in (*RIGHT, "folded") for judged in self.asked)

    @property
    def score(self) -> float:
        """Their share."""
        of = len(self.exercise.asked)
        return 1.0 if self.passed else min(self.right / of, (of - 1) / of) if self.judged else 0.0
