"""check_gradients: the derived gradient against a numerical one.

A complex step where every op allows it, exact to the last digit: Squire & Trapp, SIAM Review 40 (1998), 110-112.
Otherwise central differences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from ..engines import make_engine
from ..engines.engine import Array, Arrays
from ..engines.reference import run_steps
from ..program.expr import Call, walk
from ..program.steps import Program, Step
from ..training.inputs import check_program, check_whole
from .trace import starting, step_inputs

COMPLEX_STEP = 1e-200
CENTRAL_STEP = 1e-6
TOLERANCE = {"complex step": 1e-10, "central difference": 1e-6}


@dataclass(frozen=True)
class Row:
    """One parameter: how many of its elements were compared, its largest gradient and its largest deviation."""

    name: str
    compared: int
    largest: float
    deviation: float


@dataclass(frozen=True)
class GradientCheck:
    """A row per parameter.

    relative    the largest deviation over the largest gradient
    passed      whether that is no more than rounding
    edited      the steps that `replace` changed
    """

    method: str
    rows: tuple[Row, ...]
    edited: tuple[str, ...] = ()

    @property
    def relative(self) -> float:
        largest = max(row.largest for row in self.rows)
        return float(np.max([row.deviation for row in self.rows])) / (largest or 1.0)  # NaN, if one is NaN

    @property
    def passed(self) -> bool:
        return bool(self.relative <= TOLERANCE[self.method])

    @property
    def verdict(self) -> str:
        if self.passed:
            return f"the gradient of the declared loss, to {self.relative:.1e} of its largest element ({self.method})"
        edited = f" ({', '.join(self.edited)} was edited)" if self.edited else ""
        return f"no longer the gradient of the declared loss{edited}; off by {self.relative:.2g} of its largest element"

    def __str__(self) -> str:
        lines = [f"{'parameter':12}{'elements':>9}{'largest':>12}{'deviation':>12}"]
        lines += [f"{r.name:12}{r.compared:9}{r.largest:12.3e}{r.deviation:12.1e}" for r in self.rows]
        return "\n".join([*lines, self.verdict])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def check_gradients(
    program: Program,
    X: Any,
    y: Any,
    parameters: Mapping[str, Any] | None = None,
    *,
    engine: str = "numpy",
    masks: Mapping[str, Any] | None = None,
    sample_weight: Any = None,
    seed: int = 0,
    most: int = 200,
) -> GradientCheck:
    """The gradient of every parameter against a numerical derivative of the declared loss, in float64.

    Delta trimming is off here: it changes the gradient on purpose. Of large parameters `most` elements are compared,
    drawn with the seed.

    Raises
        ValueError: arrays that do not fit.
    """
    program = check_program(program).full
    check_whole("most", most, 1)
    inputs = step_inputs(program, X, y, "float64", sample_weight, masks)
    given, state = starting(program, parameters, "float64", seed)
    untrimmed = {name: np.inf if name == "clip_delta" else value for name, value in program.hyperparameters.items()}
    derived = make_engine(program, engine, "float64").trace(inputs, given, state, 1, untrimmed)
    original = program.declaration.derive().full if program.edited else program
    analytic = all(
        node.row.analytic
        for step in original.steps
        if step.phase in ("forward", "loss")
        for node in walk(step.expression)
        if isinstance(node, Call)
    )
    random, rows = np.random.RandomState(seed), []
    for name in program.trainable:
        gradient = derived[next(s.name for s in program.steps if isinstance(s, Step) and s.of == name)]
        chosen = np.arange(given[name].size)
        if chosen.size > most:
            chosen = np.sort(random.permutation(chosen)[:most])
        numeric = np.array([slope_at(original, inputs, given, state, name, int(i), analytic) for i in chosen])
        deviation = float(np.abs(gradient.ravel()[chosen] - numeric).max(initial=0.0))
        rows.append(Row(name, len(chosen), float(np.abs(gradient).max(initial=0.0)), deviation))
    return GradientCheck("complex step" if analytic else "central difference", tuple(rows), program.edited)


def slope_at(
    program: Program, inputs: Arrays, parameters: Arrays, state: Arrays, name: str, index: int, analytic: bool
) -> float:
    """The derivative of the loss by one element of one parameter."""
    value = parameters[name].ravel()[index]
    if analytic:
        moved = parameters[name].astype(complex)
        moved.ravel()[index] += 1j * COMPLEX_STEP
        loss: complex = loss_at(program, inputs, {**parameters, name: moved}, state)
        return float(np.imag(loss)) / COMPLEX_STEP
    step = CENTRAL_STEP * max(1.0, abs(value))
    losses = []
    for moved_value in (value + step, value - step):
        moved = parameters[name].copy()
        moved.ravel()[index] = moved_value
        losses.append(float(loss_at(program, inputs, {**parameters, name: moved}, state)))
    return float((losses[0] - losses[1]) / (2 * step))


def loss_at(program: Program, inputs: Arrays, parameters: Mapping[str, Array], state: Arrays) -> Any:
    """The loss by the reference evaluator; parameters may be complex."""
    values: dict[str, Any] = {"N": len(inputs["X"]), "t": 1, **inputs, **parameters, **state, **program.hyperparameters}
    with np.errstate(all="ignore"):
        run_steps([step for step in program.steps if step.phase in ("forward", "loss")], values)
    return values[program.loss]
