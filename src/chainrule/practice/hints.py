"""Three steps towards a solution, each saying more, and the solution itself, only where it is asked for."""

from __future__ import annotations

import re

from ..messages import say
from ..program.expr import names
from ..program.steps import Step
from ..program.text import to_text
from .exercise import Exercise, Quantity
from .verdict import Verdict

STEPS = 3
BLANK = "____"


def wanted(exercise: Exercise, verdict: Verdict) -> Quantity:
    """What a hint is for: the first quantity that is not right, else the first that is asked for."""
    if verdict.first is not None:
        return verdict.first
    open_ones = [judged.quantity for judged in verdict.asked if judged.status in ("open", "absent", "wrong")]
    return open_ones[0] if open_ones else exercise.asked[0]


def statement_of(exercise: Exercise, quantity: Quantity) -> str:
    """The line of the program that computes it."""
    for step in (*exercise.program.steps, *exercise.full.steps):
        for target, expression in step.assignments:
            if target == quantity.name and isinstance(step, Step) != quantity.changed:
                return f"{target} = {to_text(expression)}"
    return f"{quantity.name} = {to_text(quantity.expression)}"


def hint_lines(exercise: Exercise, quantity: Quantity, step: int, language: str = "en") -> list[str]:
    """Hint 1: what goes into it.  2: what it is, in words.  3: its formula, the names left out."""
    head = say("practice.hint", language, step=step, of=STEPS, name=quantity.name)
    _, formula = statement_of(exercise, quantity).split(" = ", 1)
    found = names_in(exercise, quantity)
    if step <= 1:
        text = say("practice.hint_names", language, names=", ".join(found))
    elif step == 2:
        text = say(f"note.{quantity.note}", language)
    else:
        hidden = re.sub(r"\b(" + "|".join(map(re.escape, found)) + r")\b", BLANK, formula)
        text = f"{quantity.name} = {hidden}"
    return [head, text]


def names_in(exercise: Exercise, quantity: Quantity) -> list[str]:
    for step in exercise.program.steps:
        for target, expression in step.assignments:
            if target == quantity.name:
                return list(names(expression))
    return list(names(quantity.expression))


def solution_lines(exercise: Exercise, quantity: Quantity | None, language: str = "en") -> list[str]:
    """The line that computes a quantity; with none, the whole step as the writer prints it."""
    if quantity is not None:
        return [statement_of(exercise, quantity)]
    return exercise.program.source("numpy", form="step", notes=language).splitlines()
