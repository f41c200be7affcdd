"""What a step is tried on: the data that stands in the file, and other data, with other rows and another rate.

Most slips look right on some data: a forgotten learning rate where it is 1, a forgotten N where it is a constant, a
transpose where a matrix is square. The second case has another number of rows, other hyper-parameters and a state
that is not zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engines.engine import Array, Arrays
from ..program.ops import Shape
from ..program.steps import Program, Variable
from ..training.start import concrete

if TYPE_CHECKING:
    from .exercise import Exercise

LEAST_ROWS = 5
FOUNDING_X = ((0.0, 0.0, 1.0), (0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 1.0))
FOUNDING_Y = {"3-1": (0.0, 0.0, 1.0, 1.0), "3-4-1": (0.0, 1.0, 1.0, 0.0)}
CHANGED = 0.7  # times this, the hyper-parameters of the second case


@dataclass(frozen=True)
class Drawn:
    """How an array of many numbers comes about, as source: `np.random.RandomState(3).standard_normal((5, 8))`."""

    seed: int
    shape: tuple[int, ...]
    scale: float = 1.0
    start: float = 0.0

    @property
    def value(self) -> Array:
        made: Array = (self.start + self.scale * np.random.RandomState(self.seed).standard_normal(self.shape)).round(2)
        return made

    @property
    def text(self) -> str:
        factor = f"{self.scale:g} * " if self.scale != 1 else ""
        start = f"{self.start:g} + " if self.start else ""
        drawn = f"np.random.RandomState({self.seed}).standard_normal({self.shape})"
        return f"({start}{factor}{drawn}).round(2)" if start or factor else f"{drawn}.round(2)"


@dataclass(frozen=True)
class Case:
    """One call of `step`, float64.

    inputs              X, y, masks and sample_weight, in the order of the program
    parameters, state   in the order of the program
    t                   the number of the step; None where the program counts none
    drawn               how the arrays that were drawn came about
    """

    inputs: Arrays
    parameters: Arrays
    state: Arrays
    t: int | None
    hyperparameters: dict[str, float]
    drawn: dict[str, Drawn]

    @property
    def rows(self) -> int:
        return len(self.inputs["X"])

    @property
    def values(self) -> dict[str, Any]:
        """Everything by name, as the reference evaluator takes it."""
        arrays = {**self.inputs, **self.parameters, **self.state}
        return {"N": self.rows, "t": self.t or 1, **self.hyperparameters, **arrays}

    @property
    def request(self) -> dict[str, Any]:
        """What `child.observe` takes."""
        return {
            "inputs": self.inputs, "parameters": self.parameters, "state": self.state,
            "t": self.t, "hyperparameters": self.hyperparameters,
        }  # fmt: skip


def cases_of(exercise: Exercise) -> tuple[Case, Case]:
    """The data of the file, and other data."""
    program = exercise.program
    first, second = (n for n, _ in zip(rows_for(program), range(2), strict=False))
    founding = is_founding(exercise)
    one = drawn_case(program, 4 if founding else first, exercise.seed * 2 + 1, fresh=True)
    if founding:
        one.inputs["X"] = np.array(FOUNDING_X)
        one.inputs["y"] = np.array(FOUNDING_Y[exercise.declaration.network.notation]).reshape(-1, 1)
        one.drawn.clear()
        random = np.random.RandomState(exercise.seed + 1)  # seed 0: the founding weights themselves
        for name, value in one.parameters.items():
            one.parameters[name] = 2 * random.random_sample(value.shape) - 1
    return one, drawn_case(program, second, exercise.seed * 2 + 2, fresh=False)


def is_founding(exercise: Exercise) -> bool:
    """Whether it is one of the two networks with which all began: they have their own data."""
    declared = exercise.declaration
    plain = all(getattr(layer, "bias", True) is False for layer in declared.network.layers)
    sigmoid = all(layer.activation_name == "sigmoid" for layer in declared.network.layers)
    book = declared.loss.name == "half_squared_error" and declared.penalty is None and not declared.weighted
    return declared.network.notation in FOUNDING_Y and plain and sigmoid and book


def rows_for(program: Program) -> Iterator[int]:
    """Numbers of rows that are no width of the network, so that no two sizes are the same by chance."""
    sizes = {n for shape in program.inputs.values() for n in shape}
    sizes |= {n for variable in program.parameters.values() for n in variable.shape}
    return (n for n in range(LEAST_ROWS, LEAST_ROWS + len(sizes) + 3) if n not in sizes)


def drawn_case(program: Program, rows: int, seed: int, fresh: bool) -> Case:
    """Data for one step; `fresh`: as at the first step, with the declared hyper-parameters."""
    random = np.random.RandomState(seed)
    drawn: dict[str, Drawn] = {}

    def normal(name: str, shape: tuple[int, ...], scale: float = 1.0, start: float = 0.0) -> Array:
        drawn[name] = Drawn(int(random.randint(10_000)), shape, float(f"{scale:.2g}"), start)
        return drawn[name].value

    inputs: Arrays = {}
    for name, shape in program.inputs.items():
        size = (rows, int(shape[1]))
        keep = {mask.name: mask.keep for mask in program.masks}
        if name == "X":
            inputs[name] = normal(name, size)
        elif name == "y":
            inputs[name] = targets(program.declaration.loss.target, size, random)
        elif name in keep:
            inputs[name] = (random.random_sample(size) < keep[name]).astype(float)
        else:
            inputs[name] = random.uniform(0.5, 2.0, size).round(1)
    parameters = {
        name: normal(name, concrete(v.shape), scale_of(v.shape), v.start) for name, v in program.parameters.items()
    }
    state = {name: started(v, random, fresh) for name, v in program.state.items()}
    hyperparameters = {
        name: value if fresh else float(f"{value * CHANGED:.6g}") for name, value in program.hyperparameters.items()
    }
    t = (1 if fresh else 3) if program.counts_steps else None
    return Case(inputs, parameters, state, t, hyperparameters, drawn)


def scale_of(shape: Shape) -> float:
    return 1 / math.sqrt(int(shape[0])) if len(shape) == 2 else 0.3


def started(variable: Variable, random: np.random.RandomState, fresh: bool) -> Array:
    if fresh:
        return np.full(concrete(variable.shape), variable.start)
    made: Array = np.asarray(variable.start + random.uniform(0.02, 0.2, concrete(variable.shape))).round(3)
    return made


def targets(target: str, size: tuple[int, int], random: np.random.RandomState) -> Array:
    """A y that the loss accepts."""
    if target == "probabilities":
        return np.asarray(np.eye(size[1])[random.randint(size[1], size=size[0])])
    if target == "unit":
        made = random.randint(2, size=size).astype(float)
        made[0], made[-1] = 0.0, 1.0
        return made
    if target == "nonnegative":
        return random.poisson(1.5, size).astype(float)
    return np.asarray(random.standard_normal(size).round(2))
