"""An exercise: a program, which of its quantities are to be written, and the data to write them for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..data import DataError
from ..program.condense import fold
from ..program.expr import Expr
from ..program.ops import Shape
from ..program.steps import Phase, Program, Step
from ..program.verify import verify

if TYPE_CHECKING:
    from ..derivation import Declaration

LEVELS = ("one", "backward", "all")
MOST_SEED = 2**31 - 1
MOST_PARAMETERS = 200_000
LINE = re.compile(r"^# chainrule practice (\{.*\})\s*$", re.MULTILINE)
GRADIENTS = ("gradient", "gradient_weights", "gradient_bias")


class PracticeError(DataError):
    """An exercise that cannot be set, or a file that holds none."""


@dataclass(frozen=True)
class Quantity:
    """A value that the program computes, in program order.

    changed     whether it is a parameter or a piece of state, written in place
    of          for an adjoint, the value it belongs to
    """

    name: str
    expression: Expr
    note: str
    phase: Phase
    number: int
    of: str = ""
    changed: bool = False

    @property
    def shape(self) -> Shape:
        return self.expression.shape


@dataclass(frozen=True)
class Exercise:
    """What a learner is asked for.

    declaration     the network, its loss and its optimizer
    missing         the names to write, in program order; none at all: everything but the signature
    seed            of the data
    number          its place on the ladder, 0 where it has none

    Raises
        PracticeError: a network too large, a name that the program does not have.
    """

    declaration: Declaration
    missing: tuple[str, ...] = ()
    seed: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= MOST_SEED:
            raise PracticeError(f"seed {self.seed}: a whole number from 0 to {MOST_SEED}")
        widths = self.declaration.network.widths
        if sum(a * b for a, b in pairwise(widths)) > MOST_PARAMETERS:
            notation = self.declaration.network.notation
            raise PracticeError(f"{notation} has over {MOST_PARAMETERS:,} weights; practise on a smaller network")
        known = [quantity.name for quantity in self.quantities]
        for name in self.missing:
            if name not in known:
                raise PracticeError(f"the program has no '{name[:40]}'; it has {', '.join(dict.fromkeys(known))}")
        ordered = tuple(name for name in dict.fromkeys(known) if name in self.missing)
        object.__setattr__(self, "missing", ordered)

    @classmethod
    def of_level(cls, declaration: Declaration, level: str, seed: int = 0) -> Exercise:
        """One blank, the backward phase, or all but the signature."""
        if level not in LEVELS:
            raise PracticeError(f"unknown level '{level[:40]}'; known: {', '.join(LEVELS)}")
        whole = cls(declaration, (), seed)
        backward = [step.name for step in whole.program.phase("backward")]
        deltas = [name for name in backward if name.startswith("delta")]
        return cls(declaration, {"one": tuple(deltas[-1:]), "backward": tuple(backward), "all": ()}[level], seed)

    @property
    def full(self) -> Program:
        return self.program.full

    @cached_property
    def program(self) -> Program:
        """As it is shown: gradients and all that is asked for have a line of their own."""
        derived = self.declaration.derive()
        full = derived.full
        gradients = {step.name for step in full.steps if step.note in GRADIENTS}
        steps, folded = fold(full.steps, {full.prediction, full.loss, *gradients, *self.missing})
        return verify(replace(derived, steps=steps, folded=folded))

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """Everything the full program computes, in order; what it updates comes last."""
        found = []
        for step in self.full.steps:
            if isinstance(step, Step):
                found.append(Quantity(step.name, step.expression, step.note, step.phase, step.number, step.of))
            else:
                rows = zip(step.assignments, step.notes, strict=True)
                found += [Quantity(t, e, note, "update", step.number, changed=True) for (t, e), note in rows]
        return tuple(found)

    @cached_property
    def asked(self) -> tuple[Quantity, ...]:
        """The quantities that are to be written; where all are, those that the program shows."""
        shown = {t for step in self.program.steps for t, _ in step.assignments}
        return tuple(q for q in self.quantities if q.name in (self.missing or shown))

    # --- the line at the end of a file ---

    @property
    def line(self) -> str:
        """What the checker reads from a file: the number of the exercise, or all of its declaration."""
        from ..files import NetworkFile

        data: dict[str, Any] = {"exercise": self.number} if self.number else {}
        if not self.number:
            data = {"network": NetworkFile.of(self.declaration).to_dict(), "missing": list(self.missing) or "all"}
        return f"# chainrule practice {json.dumps({**data, 'seed': self.seed}, ensure_ascii=True)}"


def exercise_in(text: str, where: str) -> Exercise:
    """The exercise that a file is about.

    Raises
        PracticeError: no such line, or one that says what cannot be.  FileError: an entry that is not as it must be.
    """
    from ..files.json_text import Record, read_json
    from ..files.network_file import NetworkFile
    from .ladder import LADDER

    lines = LINE.findall(text)
    if not lines:
        raise PracticeError(
            f"{where} does not say which exercise it is: the line '# chainrule practice {{...}}' at its end is "
            "missing; write the exercise anew and copy your lines into it"
        )
    record = Record(read_json(lines[-1].encode(), where), f"{where}, last line")
    seed = record.whole("seed", least=0, most=MOST_SEED)
    if record.has("exercise"):
        number = record.whole("exercise", least=1, most=len(LADDER))
        record.done()
        return LADDER[number - 1].exercise(seed)
    declared = NetworkFile.from_dict(record.take("network"), record.where)
    for entry in ("loss", "optimizer"):
        if getattr(declared, entry) is None:
            raise PracticeError(f"{record.where}: the network has no {entry}")
    missing = record.take("missing")
    record.done()
    if missing == "all":
        missing = ()
    elif not isinstance(missing, list) or not missing or not all(isinstance(name, str) for name in missing):
        raise PracticeError(f'{record.where}: missing must be "all", or names in a list')
    return Exercise(declared.derive().declaration, tuple(missing), seed)


def names_from(text: str) -> tuple[str, ...]:
    """`delta1,dW1` as names.  PracticeError: none."""
    names = tuple(filter(None, (part.strip() for part in text.split(","))))
    if not names:
        raise PracticeError("--missing: write the names of the quantities, with commas between: delta1,dW1")
    return names


def listed(names: Iterable[str]) -> str:
    return ", ".join(names)
