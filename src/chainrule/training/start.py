"""The values that parameters and state start with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..data import quoted
from ..engines.engine import Arrays
from ..engines.reference import evaluate
from ..program.ops import Shape, format_shape
from ..program.steps import Program, Variable
from ..program.text import parse


def draw(program: Program, random: np.random.RandomState, dtype: np.dtype[Any]) -> tuple[Arrays, Arrays]:
    """Parameters and state, drawn in the order of the program; drawn in float64, whatever the dtype."""

    def start(variable: Variable) -> Any:
        shape = concrete(variable.shape)
        if variable.values is not None:
            return np.array(variable.values, dtype=dtype)
        if variable.limit:
            limit = float(evaluate(parse(variable.limit, {}), {}))
            return np.asarray(random.uniform(-limit, limit, shape), dtype=dtype)
        return np.full(shape, variable.start, dtype=dtype)

    parameters = {name: start(variable) for name, variable in program.parameters.items()}
    return parameters, {name: start(variable) for name, variable in program.state.items()}


def concrete(shape: Shape) -> tuple[int, ...]:
    return tuple(int(n) for n in shape)


def take_given(parameters: Arrays, given: Mapping[str, Any]) -> None:
    """Put given initial values in place of the drawn ones.

    Raises
        ValueError: an unknown name, another shape, a value that is not finite.
    """
    for name, values in given.items():
        if name not in parameters:
            raise ValueError(f"no parameter is named {quoted(str(name))}; the parameters are {', '.join(parameters)}")
        array, wanted = np.asarray(values), parameters[name]
        if array.dtype.kind not in "fiub":
            raise ValueError(f"parameters[{name!r}] must hold real numbers, not {array.dtype}")
        if array.shape != wanted.shape:
            shapes = f"{format_shape(array.shape)}, but {name} has {format_shape(wanted.shape)}"
            raise ValueError(f"parameters[{name!r}] has shape {shapes}")
        wanted[...] = array
        if not np.isfinite(wanted).all():
            raise ValueError(f"parameters[{name!r}] holds a value that is not finite in {wanted.dtype}")
