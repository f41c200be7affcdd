"""The derivative of the declared loss by one element of a weight, measured by moving it, to check `explain` with.

Only one sample sees the weight moved. By a complex step where every op of the way allows it, else by a central
difference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engines.engine import Array, Arrays
from ..engines.reference import evaluate
from ..program.expr import Call, names, walk
from ..program.steps import Program, Step
from .gradients import CENTRAL_STEP, COMPLEX_STEP


def measure(
    program: Program, inputs: Arrays, given: Arrays, state: Arrays, t: int, name: str, place: tuple[int, ...], row: int
) -> tuple[float, str]:
    """The derivative of the declared loss by one element of a parameter that only one row sees moved."""
    original = program.declaration.derive().full if program.edited else program
    steps = [s for s in original.steps if isinstance(s, Step) and s.phase in ("forward", "loss")]
    analytic = all(n.row.analytic for s in steps for n in walk(s.expression) if isinstance(n, Call))
    penalised = {"loss"} if original.loss == "loss" else set()

    def loss(moved: Array) -> Any:
        values: dict[str, Any] = {"N": len(inputs["X"]), "t": t, **original.hyperparameters, **inputs, **given, **state}
        with np.errstate(all="ignore"):
            for step in steps:
                if step.name in penalised:  # the penalty is no sample's
                    continue
                value = evaluate(step.expression, values)
                if name in names(step.expression):
                    other = evaluate(step.expression, {**values, name: moved})
                    value = np.array(value, dtype=other.dtype)
                    value[row] = other[row]
                values[step.name] = value
        return values["data_loss"]

    if analytic:
        moved = given[name].astype(complex)
        moved[place] += 1j * COMPLEX_STEP
        return float(np.imag(loss(moved))) / COMPLEX_STEP, "complex"
    step = CENTRAL_STEP * max(1.0, abs(float(given[name][place])))
    sides = []
    for change in (step, -step):
        moved = given[name].copy()
        moved[place] += change
        sides.append(float(loss(moved)))
    return (sides[0] - sides[1]) / (2 * step), "central"


__all__ = ["measure"]
