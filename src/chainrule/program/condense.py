"""Fold short steps into their single use, for the reader.

Never folded: the output, the loss, an activation or a delta (they are what one reads a program for), and never so that
a step would hold a second contraction or outgrow a line. `Program.folded` keeps every folded expression, so that a
trace still shows it, bit-identical: folding moves a computation, it does not change it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, cast

from .expr import NO_LEAVES, Call, Expr, contractions, count, leaves_of, substitute
from .simplify import simplify
from .steps import Program, Statement, Step, Update
from .text import to_text
from .verify import verify

S = TypeVar("S", bound=Statement)
LINE = 79  # characters, of the step as `Program.steps` prints it
KEPT = {"activation", "output", "probability", "dropout", "mean", "variance",
        "standard_deviation", "normalized", "data_loss", "penalty", "total_weight", "gradient_norm", "clip_scale",
        "learning_rate", "correction", "shared"}  # fmt: skip


def condense(program: Program) -> Program:
    """The program with short steps folded; `full` and `folded` lead back."""
    if program.unfolded:
        return program
    steps, folded = fold(program.steps, protected={program.prediction, program.loss})
    prediction, _ = fold(program.prediction_steps, protected={program.prediction})
    evaluation, _ = fold(program.evaluation_steps, protected={program.prediction, "data_loss"})
    return verify(
        replace(
            program,
            steps=steps,
            prediction_steps=prediction,
            evaluation_steps=evaluation,
            folded=folded,
            unfolded=program,
        )
    )


def fold(steps: tuple[S, ...], protected: set[str]) -> tuple[tuple[S, ...], dict[str, Expr]]:
    """The steps with the short ones folded into their single use, and the folded expressions by name."""
    remaining, folded = list(steps), {}
    reads = [read_by(step) for step in steps]  # beside those that remain
    for step in steps:
        if not isinstance(step, Step) or step.note in KEPT or step.name in protected or step.name.startswith("delta"):
            continue
        if step.phase == "observe":  # asked for by name
            continue
        at, present = next((i, s) for i, s in enumerate(remaining) if s.name == step.name and isinstance(s, Step))
        users = [i for i, known in enumerate(reads) if step.name in known]
        if not users and step.phase == "backward":  # an edit has made it idle
            del remaining[at], reads[at]
            folded[step.name] = step.expression
            continue
        host = folded_into(remaining[users[0]], present) if len(users) == 1 else None
        if host is not None:
            remaining[users[0]], reads[users[0]] = cast(S, host), read_by(host)
            del remaining[at], reads[at]
            folded[step.name] = step.expression
    return tuple(remaining), folded


def read_by(step: Statement) -> frozenset[str]:
    """The names in the expressions of a step."""
    return NO_LEAVES.union(*(leaves_of(expression) for _, expression in step.assignments))


def folded_into(host: Statement, step: Step) -> Statement | None:
    """The host with the step in the place of its single use, or None where that would not read well."""
    uses = sum(count(expression, step.name) for _, expression in host.assignments)
    if uses != 1 or (isinstance(host, Update) and (len(host.assignments) > 1 or host.gradient is None)):
        return None
    changed = tuple((target, substitute(e, {step.name: step.expression})) for target, e in host.assignments)
    if isinstance(step.expression, Call) and step.expression.op == "full_like":  # a number, as an edit may put in
        changed = tuple((target, simplify(e)) for target, e in changed)
    target, expression = changed[-1]
    if contractions(expression) > 1 or len(f"{target} = {to_text(expression)}") > LINE:
        return None
    if isinstance(host, Update):
        assert host.gradient is not None
        return replace(host, assignments=changed, gradient=substitute(host.gradient, {step.name: step.expression}))
    return replace(host, expression=expression)
