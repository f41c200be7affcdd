"""contributions: what every sample contributes to the gradient of every weight of a layer, input x delta, in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..engines.engine import Array
from ..program.expr import names
from ..program.steps import Program, Step
from ..training.inputs import check_program, check_whole
from .observations import layers_of
from .trace import step_inputs, trace


def contributions(
    program: Program,
    X: Any,
    y: Any,
    parameters: Mapping[str, Any] | None = None,
    *,
    layer: int = 1,
    block: int = 256,
    seed: int = 0,
    **given: Any,
) -> Iterator[tuple[int, Array]]:
    """What every sample contributes to the gradient of every weight of one layer: input x delta, in blocks of rows.

    Yields (first row, array (rows, D, M)); summed over all rows it is dW, less the penalty's share. `given` is what
    `trace` takes besides.

    Raises
        ValueError: no such layer, or one that is not trained.
    """
    check_whole("block", block, 1)
    found = {one.number: one for one in layers_of(check_program(program))}
    if layer not in found:
        raise ValueError(f"there is no layer {layer}; there is {', '.join(map(str, found))}")
    values = trace(program, X, y, parameters, seed=seed, **given)
    steps = [s for s in program.full.steps if isinstance(s, Step)]
    product = next(s.name for s in steps if found[layer].weights.name in names(s.expression))
    delta = next((s.name for s in steps if s.of == product and s.phase == "backward" and s.note != "slope"), None)
    if delta is None:
        raise ValueError(f"layer {layer} is not trained: it has no delta")
    source = found[layer].source.name
    inputs = values[source] if source in values else step_inputs(program.full, X, y, "float64")[source]
    for start in range(0, len(inputs), block):
        rows = slice(start, start + block)
        yield start, inputs[rows][:, :, None] * values[delta][rows][:, None, :]


__all__ = ["contributions"]
