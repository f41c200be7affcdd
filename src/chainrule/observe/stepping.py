"""step_through: a training step statement by statement: the line, its shapes, what it is, and the numbers it gives.

for stop in cr.step_through(program, X, y, weights):
    print(stop.line, stop.shapes, stop.value)

a1 = sigmoid(z1)        z1 = X @ W1   (4x3) @ (3x4) = (4x4)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from ..engines.engine import Array
from ..engines.reference import evaluate
from ..messages import say
from ..program.steps import PHASES, Program, Statement, Step, Update
from ..training.inputs import check_program
from ..writers.numpy import NumPyWriter
from .trace import shapes, starting, step_inputs, trace

MOST_NUMBERS, EDGE = 60, 3  # of an array that is shown whole, and of a larger one at each edge
DIGITS = 4


@dataclass(frozen=True)
class Stop:
    """One statement and what it gives.

    line        as the NumPy program has it; shapes: `(4x3) @ (3x4) = (4x4)`
    note        the key of the catalogue that says what it is
    value       the array; of an update the parameter after it
    """

    phase: str
    name: str
    line: str
    shapes: str
    note: str
    value: Array

    def numbers(self) -> str:
        """The array; of a large one its corners."""
        if self.value.ndim == 0:
            return f"{float(self.value):.{DIGITS + 2}g}"
        with np.printoptions(precision=DIGITS, suppress=True, threshold=MOST_NUMBERS, edgeitems=EDGE, linewidth=100):
            return str(self.value)


class Stepping(Sequence[Stop]):
    """The stops of one training step, in program order; prints as a listing, shows as a table in a notebook."""

    def __init__(self, program: Program, stops: Sequence[Stop]) -> None:
        self.program, self.stops = program, tuple(stops)

    def __getitem__(self, index: Any) -> Any:
        return self.stops[index]

    def __len__(self) -> int:
        return len(self.stops)

    def listing(self, language: str = "en") -> Iterator[tuple[str, str]]:
        """(phase, text) of each stop; the phase is empty where it is that of the stop before."""
        before = ""
        for stop in self.stops:
            head = f"{stop.line}     {stop.shapes}".rstrip()
            numbers = "\n".join(f"    {line}" for line in stop.numbers().split("\n"))
            text = f"{head}\n    # {say(f'note.{stop.note}', language)}\n{numbers}"
            yield ("" if stop.phase == before else say(f"phase.{stop.phase}", language)), text
            before = stop.phase

    def text(self, language: str = "en") -> str:
        lines = []
        for phase, text in self.listing(language):
            lines += [f"--- {phase} ---", ""] if phase else []
            lines += [text, ""]
        return "\n".join(lines).rstrip()

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(s.phase)}</td><td><code>{escape(s.line)}</code><br>{escape(say(f'note.{s.note}'))}</td>"
            f"<td>{escape(s.shapes)}</td><td><pre>{escape(s.numbers())}</pre></td></tr>"
            for s in self.stops
        )
        return f"<table><tr><th>phase</th><th>step</th><th>shapes</th><th>value</th></tr>{rows}</table>"


def step_through(
    program: Program,
    X: Any,
    y: Any,
    parameters: Mapping[str, Any] | None = None,
    *,
    state: Mapping[str, Any] | None = None,
    masks: Mapping[str, Any] | None = None,
    sample_weight: Any = None,
    t: int = 1,
    seed: int = 0,
) -> Stepping:
    """Every statement of one training step on these rows, updates included; nothing is changed.

    The arguments are those of `trace`.
    """
    full = check_program(program).full
    inputs = step_inputs(full, X, y, "float64", sample_weight, masks)
    given, slots = starting(full, parameters, "float64", seed, state)
    found = trace(full, X, y, given, state=slots, masks=masks, sample_weight=sample_weight, t=t)
    values: dict[str, Any] = {
        "N": len(inputs["X"]),
        "t": t,
        **full.hyperparameters,
        **inputs,
        **given,
        **slots,
        **found,
    }
    writer, rows = NumPyWriter(full), len(inputs["X"])
    stops: list[Stop] = []
    for step in in_order(full.steps):
        if isinstance(step, Step):
            line = f"{step.name} = {writer(step.expression)}"
            stops.append(Stop(step.phase, step.name, line, shapes(step.expression, rows), step.note, found[step.name]))
            continue
        for (target, expression), note in zip(step.assignments, step.notes, strict=True):
            values[target] = np.asarray(evaluate(expression, values), dtype=float)
            line = writer.assign(target, expression)
            stops.append(Stop("update", target, line, shapes(expression, rows), note, values[target]))
    return Stepping(full, stops)


def in_order(steps: Sequence[Statement]) -> list[Statement]:
    """By phase, as every emitted program has them."""
    return sorted(steps, key=lambda step: (PHASES.index(step.phase), isinstance(step, Update)))


__all__ = ["Stepping", "Stop", "step_through"]
