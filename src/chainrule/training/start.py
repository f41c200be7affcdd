"""The values that parameters and state start with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engines.engine import Arrays, packed
from ..engines.reference import evaluate
from ..program.ops import Shape, format_shape
from ..program.steps import Program, Variable
from ..program.text import parse
from .inputs import check_known


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
    state = {name: start(variable) for name, variable in program.state.items()}
    return packed(parameters), packed(state)


def concrete(shape: Shape) -> tuple[int, ...]:
    return tuple(int(n) for n in shape)


def take_given(drawn: Arrays, given: Mapping[str, Any], what: str = "parameters") -> None:
    """Put given values in place of the drawn ones.

    Raises
        ValueError: an unknown name, another shape, a value that is not finite.
    """
    check_known(what, given, drawn)
    for name, values in given.items():
        wanted, called = drawn[name], f"{what}[{name!r}]"
        try:
            array = np.asarray(values)
        except ValueError:
            raise ValueError(f"{called} is not a regular array: its rows must be equally long") from None
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{called} must hold real numbers, not {array.dtype}")
        if array.shape != wanted.shape:
            shapes = f"{format_shape(array.shape)}, it must have {format_shape(wanted.shape)}"
            raise ValueError(f"{called} has shape {shapes}")
        with np.errstate(over="ignore"):
            wanted[...] = array
        if not np.isfinite(wanted).all():
            raise ValueError(f"{called} holds a value that is not finite in {wanted.dtype}")
