"""trace: every named step of one training step, with its value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..data import check_features, check_row_weights
from ..engines import make_engine
from ..engines.engine import Array, Arrays, Engine
from ..messages import choose_language, say
from ..program.expr import Call, Expr, walk
from ..program.ops import Shape
from ..program.steps import Program, Step
from ..program.text import to_text
from ..training.inputs import check_data, check_dtype, check_known, check_program, check_whole
from ..training.start import draw, take_given

MOST = 60  # characters in a cell of the table
ROWS = "]\n ["  # between the rows of an array in a notebook


def shortened(text: str, most: int) -> str:
    """The beginning of a text that is too long, up to a space: never half a number."""
    return text if len(text) <= most else text[: most - 1].rpartition(" ")[0] + " …"


class Trace(Mapping[str, Array]):
    """Name -> value, in program order; prints as a table of steps, shapes and numbers."""

    def __init__(self, program: Program, values: Arrays, rows: int) -> None:
        self.program, self.values_by_name, self.count = program, values, rows

    def __getitem__(self, name: str) -> Array:
        if name not in self.values_by_name:
            raise KeyError(f"no step is named '{name}'; the steps are {', '.join(self.values_by_name)}")
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Phase, statement, shapes, of a product `(4x3) @ (3x4) = (4x4)`, and a few numbers of each step."""
        steps = {step.name: step for step in self.program.steps if isinstance(step, Step)}
        found: list[tuple[str, str, str, str]] = []
        for name, value in self.items():
            step = steps[name]
            text = np.array2string(value, precision=4, threshold=8, edgeitems=2, separator=" ")
            line, shape = f"{name} = {to_text(step.expression)}", shapes(step.expression, self.count)
            found.append((step.phase, line, shape, " ".join(text.split())))
        return found

    def __repr__(self) -> str:
        rows = self.rows()
        widths = [min(max(len(row[i]) for row in rows), MOST) for i in range(3)]
        lines = []
        for row in rows:
            cells = [shortened(cell, width).ljust(width) for cell, width in zip(row, [*widths, MOST], strict=True)]
            lines.append("  ".join(cells).rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        language = choose_language()
        head = "".join(
            f"<th>{escape(say(f'trace.{name}', language))}</th>" for name in ("phase", "step", "shape", "value")
        )
        body = "".join(
            f"<tr><td>{escape(say(f'phase.{phase}', language))}</td><td><code>{escape(text)}</code></td>"
            f"<td>{shape}</td><td><pre>{escape(shown.replace('] [', ROWS))}</pre></td></tr>"
            for phase, text, shape, shown in self.rows()
        )
        return f"<table><tr>{head}</tr>{body}</table>"


def shapes(expr: Expr, rows: int) -> str:
    """`(4x3) @ (3x4) = (4x4)` of a product; `(4x4)` of anything else; nothing of a number."""
    product = next((node for node in walk(expr) if isinstance(node, Call) and node.op == "matmul"), None)
    if product is not None:
        left, right = (spelled(arg.shape, rows) for arg in product.args)
        return f"{left} @ {right} = {spelled(product.shape, rows)}"
    return spelled(expr.shape, rows) if expr.shape else ""


def spelled(shape: Shape, rows: int) -> str:
    return "(" + "x".join(str(rows if n == "N" else n) for n in shape) + ")"


def step_inputs(
    program: Program, X: Any, y: Any, dtype: str, sample_weight: Any = None, masks: Mapping[str, Any] | None = None
) -> Arrays:
    """The inputs of one step, checked; every unit is kept where no mask is given."""
    inputs: Arrays = dict(zip(("X", "y"), check_data(check_program(program), X, y, check_dtype(dtype)), strict=True))
    rows, masks = len(inputs["X"]), masks or {}
    check_known("masks", masks, [mask.name for mask in program.masks])
    for mask in program.masks:
        given = check_features(masks.get(mask.name, np.ones((rows, mask.units))), mask.name, dtype=dtype)
        if given.shape != (rows, mask.units):
            raise ValueError(f"{mask.name} has shape {given.shape}, it must have {(rows, mask.units)}")
        inputs[mask.name] = given
    if "sample_weight" in program.inputs:
        weights = np.ones(rows) if sample_weight is None else sample_weight
        inputs["sample_weight"] = check_row_weights(weights, rows, dtype=dtype).reshape(-1, 1)
    elif sample_weight is not None:
        raise ValueError("this program knows no sample weights; derive it with weighted=True")
    return {name: inputs[name] for name in program.inputs}


def starting(
    program: Program,
    parameters: Mapping[str, Any] | None,
    dtype: str,
    seed: int = 0,
    state: Mapping[str, Any] | None = None,
) -> tuple[Arrays, Arrays]:
    """The given parameters and state, the others as a training with this seed would start."""
    drawn, slots = draw(program, np.random.RandomState(seed), np.dtype(dtype))
    take_given(drawn, parameters or {})
    take_given(slots, state or {}, "state")
    return drawn, slots


def trace(
    program: Program,
    X: Any,
    y: Any,
    parameters: Mapping[str, Any] | None = None,
    *,
    engine: str | Engine = "numpy",
    dtype: str = "float64",
    library: str | Path | None = None,
    state: Mapping[str, Any] | None = None,
    masks: Mapping[str, Any] | None = None,
    sample_weight: Any = None,
    t: int = 1,
    seed: int = 0,
) -> Trace:
    """Every named step of one training step on these rows, in program order; nothing is changed.

    X, y            (N, D) and (N, K)
    parameters      name -> array; None starts as a training with this seed would
    engine          which engine computes the values, by name, or one that runs `program.full` already; the steps that
                    `condense` folded are shown all the same
    library         for engine "c": a file that `chainrule build` wrote for this program; nothing is compiled
    masks           dropout masks by name (N, units); None keeps every unit

    Raises
        ValueError: arrays that do not fit.
    """
    full = check_program(program).full
    check_whole("t", t, 1)
    inputs = step_inputs(full, X, y, dtype, sample_weight, masks)
    given, slots = starting(full, parameters, dtype, seed, state)
    made = make_engine(full if library is None else program, engine, dtype, library=library)
    values = made.trace(inputs, given, slots, t, full.hyperparameters)
    order = [step.name for step in full.steps if isinstance(step, Step)]
    return Trace(full, {name: values[name] for name in order}, len(inputs["X"]))
