"""When two runs of a program agree, and how an emitted module is run beside the reference evaluator.

DESIGN.md, section 3: |a - b| <= 1e-10 x max(largest |b| of the tensor; for gradients the largest gradient of that step;
for parameters and slots 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.engines.reference import run_steps
from chainrule.program.steps import Program, Statement, Step
from tests.zoo import Arrays, Sample

TOLERANCE = 1e-10


def load(source: str) -> dict[str, Any]:
    """What an emitted module defines."""
    module: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(source, "<emitted>", "exec"), module)
    return module


def gradients(program: Program) -> list[str]:
    """The steps that are the gradient of a parameter."""
    steps = [step for step in program.full.steps if isinstance(step, Step)]
    return [step.name for step in steps if step.of in program.parameters]


def assert_agree(
    program: Program, found: Mapping[str, Any], expected: Mapping[str, Any], tolerance: float = TOLERANCE
) -> None:
    """Every name of `found`, a step, a parameter or a piece of state, has its expected value."""
    largest = {name: float(np.abs(expected[name]).max(initial=0.0)) for name in found}
    steepest = max((largest[name] for name in gradients(program) if name in largest), default=0.0)
    for name, value in found.items():
        scale = largest[name]
        if name in gradients(program):
            scale = max(scale, steepest)
        if name in program.parameters or name in program.state:
            scale = max(scale, 1.0)
        off = np.abs(np.asarray(value, dtype=float) - np.asarray(expected[name], dtype=float))
        worst = float(off.max(initial=0.0))
        assert worst <= tolerance * scale, f"{name} is off by {worst:.3g}, allowed {tolerance * scale:.3g}"
        assert np.shape(value) == np.shape(expected[name]), name


# --- the reference ---------------------------------------------------------------------------------------------------


def reference_trace(program: Program, given: Sample) -> dict[str, Any]:
    """Every step of the full program, none updated."""
    steps: list[Statement] = [step for step in program.full.steps if isinstance(step, Step)]
    values = run_steps(steps, given.values)
    return {step.name: values[step.name] for step in steps}


def reference_steps(program: Program, given: Sample, count: int) -> tuple[list[float], Arrays]:
    """The losses of some steps on the same rows, and the parameters and state after them."""
    values, losses = given.values, []
    for i in range(count):
        values["t"] = given.t + i
        run_steps(program.steps, values)
        losses.append(float(values[program.loss]))
    return losses, {name: values[name] for name in (*program.parameters, *program.state)}


# --- an emitted module -----------------------------------------------------------------------------------------------


def arguments(program: Program, function: str, given: Sample, t: int = 0) -> list[Any]:
    """What a function of the module takes, parameters and state as lists of copies."""
    names = {"predict": ["X"], "evaluate": ["X", "y"]}.get(function, list(program.inputs))
    listed: list[Any] = [given.inputs[name] for name in names]
    listed.append([array.copy() for array in given.parameters.values()])
    running = bool(program.statistics)
    if program.state and (function in ("step", "trace") or running):
        listed.append([array.copy() for array in given.state.values()])
    if program.counts_steps and function in ("step", "trace"):
        listed.append(t or given.t)
    return listed


def run_module(program: Program, step: Any, given: Sample, count: int) -> tuple[list[Any], Arrays]:
    """Some steps of an emitted `step`, one that updates in place or one that returns what is new."""
    taken, losses = arguments(program, "step", given), []
    first = len(program.inputs)
    for i in range(count):
        if program.counts_steps:
            taken[-1] = given.t + i
        result = step(*taken)
        if isinstance(result, tuple):
            result, *new = result
            taken[first : first + len(new)] = new
        losses.append(result)
    kept: Sequence[Any] = [*taken[first], *(taken[first + 1] if program.state else ())]
    return losses, dict(zip((*program.parameters, *program.state), kept, strict=True))


def single(given: Sample) -> Sample:
    """The same in float32."""

    def cast(arrays: Arrays) -> Arrays:
        return {name: np.asarray(array, dtype=np.float32) for name, array in arrays.items()}

    return Sample(cast(given.inputs), cast(given.parameters), cast(given.state), given.hyperparameters, given.t)
