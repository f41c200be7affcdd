"""What a device has to compute: expected values for the self-test of emitted C."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engines.engine import Array
from ..engines.reference import run_steps
from ..program.steps import Program
from ..writers.run import SelfTest
from .start import concrete

ROWS = 4
LEAST = {"float32": 1e-4, "float64": 1e-9}  # tolerance: another libm differs in the last place
MARGIN = 20.0  # times what float32 itself is off


def make_self_test(
    program: Program,
    weights: Mapping[str, Any],
    inputs: Mapping[str, Array],
    dtype: str = "float32",
    steps: int = 3,
) -> SelfTest:
    """Outputs, the losses of some steps from these weights on, and the outputs after them, by the reference evaluator.

    weights     name -> values of the parameters, and of running statistics; all other state starts as it does
    inputs      X, y and sample_weight where used: a few rows of them are taken; masks are drawn
    dtype       of the device; the tolerance is what it loses against float64, with a margin
    """
    random = np.random.RandomState(0)
    tables = {name: np.asarray(inputs[name])[:ROWS] for name in program.inputs if name in inputs}
    for mask in program.masks:
        tables[mask.name] = random.random_sample((len(tables["X"]), mask.units)) < mask.keep
    rounded = {name: np.asarray(values, dtype) for name, values in {**tables, **weights}.items()}
    exact = computed(program, rounded, "float64", steps)
    rough = computed(program, rounded, dtype, steps)
    pairs = [(np.asarray(a, float), np.asarray(b, float)) for a, b in zip(exact, rough, strict=True)]
    off = max(float((np.abs(a - b) / (1 + np.abs(b))).max(initial=0.0)) for a, b in pairs)
    return SelfTest(
        inputs={name: rounded[name].tolist() for name in program.inputs},
        outputs=exact[0].tolist(),
        losses=[float(loss) for loss in exact[1]],
        trained=exact[2].tolist(),
        tolerance=float(f"{max(LEAST[dtype], MARGIN * off):.1g}"),
    )


def computed(program: Program, given: Mapping[str, Array], dtype: str, steps: int) -> tuple[Array, Array, Array]:
    """The outputs, the losses of some steps, and the outputs after them."""
    values: dict[str, Any] = {name: array.astype(dtype) for name, array in given.items()}
    values |= {"N": len(given["X"]), **program.hyperparameters}
    for name, variable in program.state.items():
        values.setdefault(name, np.full(concrete(variable.shape), variable.start, dtype))
    losses = []

    def predicted() -> Array:
        return np.asarray(run_steps(program.prediction_steps, dict(values))[program.prediction])

    with np.errstate(all="ignore"):
        before = predicted()
        for t in range(1, steps + 1):
            values["t"] = t
            run_steps(program.steps, values)
            losses.append(float(values[program.loss]))
        return before, np.array(losses), predicted()
