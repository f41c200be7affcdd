"""A Program as plain data for the page: every named step with its text, shape, note and expression."""

from __future__ import annotations

from typing import Any

from ..program.expr import Call, Expr, Name, Number, names, walk
from ..program.ops import OPS, REDUCTIONS
from ..program.steps import Program, Statement, Step, Variable
from ..program.text import to_text
from ..writers.numpy import NumPyWriter


def program_data(program: Program) -> dict[str, Any]:
    """What the page needs to know of a program beside its JavaScript."""
    full = program.full
    writer = NumPyWriter(full)
    return {
        "title": program.title,
        "steps": [statement_data(step, writer) for step in full.steps],
        "prediction": program.prediction,
        "loss": program.loss,
        "additive": additive(program),
        "inputs": {name: list(shape) for name, shape in program.inputs.items()},
        "parameters": [variable_data(variable) for variable in program.parameters.values()],
        "state": [variable_data(variable) for variable in program.state.values()],
        "settings": dict(program.hyperparameters),
        "masks": [{"name": mask.name, "units": mask.units, "keep": mask.keep} for mask in program.masks],
        "layers": layers_of(program),
        "edited": list(program.edited),
    }


def additive(program: Program) -> str:
    """How the data loss of all rows comes of those of some at a time: as their "sum", or as the "mean" of the rows.

    "": in neither way; an edited program may take all rows together.
    """
    (loss,) = (step.expression for step in program.evaluation_steps if step.name == "data_loss")
    reductions = [part for part in walk(loss) if isinstance(part, Call) and part.op in REDUCTIONS]
    if program.edited or len(reductions) != 1:
        return ""
    return "sum" if reductions[0].op == "sum" and "N" not in names(loss) else "mean"


def statement_data(statement: Statement, writer: NumPyWriter) -> dict[str, Any]:
    """A step or an update: `lines` as NumPy writes it, `text` in our grammar, `assigns` with expressions as trees."""
    updates = not isinstance(statement, Step)
    shown = [f"{target} = {to_text(expression)}" for target, expression in statement.assignments]
    return {
        "name": statement.name,
        "phase": statement.phase,
        "shape": list(statement.shape),
        "number": statement.number,
        "update": updates,
        "note": statement.note,
        "more": [] if updates else list(getattr(statement, "more", ())),
        "of": "" if updates else getattr(statement, "of", ""),
        "lines": [line for line in writer.statements([statement], headings=False) if line],
        "text": "; ".join(shown),
        "assigns": [{"name": target, "tree": tree(expression)} for target, expression in statement.assignments],
    }


def tree(expression: Expr) -> Any:
    """An expression as nested lists: a number, a name with its shape, or an op with its symbol and arguments."""
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Name):
        return {"name": expression.name, "shape": list(expression.shape)}
    assert isinstance(expression, Call)
    made: dict[str, Any] = {"op": expression.op, "shape": list(expression.shape)}
    row = OPS[expression.op]
    if row.symbol:
        made |= {"symbol": row.symbol, "precedence": row.precedence}
    if expression.options:
        made["options"] = dict(expression.options)
    return {**made, "args": [tree(arg) for arg in expression.args]}


def variable_data(variable: Variable) -> dict[str, Any]:
    return {"name": variable.name, "shape": list(variable.shape), "trainable": variable.trainable}


def layers_of(program: Program) -> list[dict[str, Any]]:
    """A row a Dense layer: its number, units, and what the steps of its parts are called."""
    names = {step.name for step in program.full.steps} | {step.name for step in program.prediction_steps}
    rows = []
    number = 1
    while f"W{number}" in program.parameters:
        weights = program.parameters[f"W{number}"]
        last = f"W{number + 1}" not in program.parameters
        own = [f"a{number}", f"z{number}"]
        output = program.prediction if last else next(name for name in own if name in names)
        parts = ("z", "a", "error", "slope", "delta")
        before = next((f"{letter}{number}" for letter in ("s", "z") if f"{letter}{number}" in names), "")
        found = {part: f"{part}{number}" for part in parts if f"{part}{number}" in names}
        rows.append(
            {
                "number": number,
                "inputs": int(weights.shape[0]),
                "units": int(weights.shape[1]),
                "output": output,
                "weights": weights.name,
                "before": before,
                "bias": f"b{number}" if f"b{number}" in program.parameters else "",
                **found,
            }
        )
        number += 1
    return rows


__all__ = ["program_data", "tree"]
