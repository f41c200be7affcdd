"""NumPy: parameters and state are updated in place."""

from __future__ import annotations

from typing import ClassVar

from ..program.expr import Call, Number
from ..program.steps import Update
from .arrays import INDENT, WIDTH, ArrayWriter
from .scripts import PythonScripts


class NumPyWriter(PythonScripts, ArrayWriter):
    """Programs as NumPy source."""

    language = "numpy"
    requirement = "NumPy only"
    prefix = "np."
    imports = ("import numpy as np",)
    spellings: ClassVar[dict[str, str]] = {
        "where": "np.where({}, {}, {})",
        "minimum": "np.minimum({}, {})",
        "maximum": "np.maximum({}, {})",
        "clip": "np.clip({}, {}, {})",
        "full_like": "np.full_like({}, {})",
        "exp": "np.exp({})",
        "log": "np.log({})",
        "sqrt": "np.sqrt({})",
        "sin": "np.sin({})",
        "cos": "np.cos({})",
        "abs": "np.abs({})",
        "sign": "np.sign({})",
        "floor": "np.floor({})",
        "tanh": "np.tanh({})",
        "softplus": "np.logaddexp(0, {})",
    }

    def spell_call(self, expr: Call, args: list[str]) -> str:
        text = super().spell_call(expr, args)
        if expr.op == "where" and all(isinstance(arg, Number) for arg in expr.args[1:]):
            return f"{text}.astype(X.dtype)"  # of two Python numbers NumPy would make float64
        return text

    def docstring(self, function: str) -> str:
        shape = self.program.inputs["X"]
        return {
            "step": "One training step on a batch, in place; returns the loss before it.",
            "predict": f"The output for the rows of X (N, {shape[1]}).",
            "evaluate": "The output, and the loss of the data, in prediction mode.",
            "trace": "Every value of one step, by name; changes nothing.",
        }[function]

    def loop(self, updates: list[Update]) -> list[str]:
        formal, statements = self.formal(updates[0])
        rows = [f"({update.name}, d{update.name}, {', '.join(update.slots)})" for update in updates]
        rows = [row.replace(", )", ")") for row in rows]
        head = f"for {', '.join(formal)} in ({', '.join(rows)}):"
        if len(head) > WIDTH - 4:
            head_lines = [f"for {', '.join(formal)} in (", *(f"{INDENT}{row}," for row in rows), "):"]
        else:
            head_lines = [head]
        return [*head_lines, *(INDENT + statement for statement in statements)]
