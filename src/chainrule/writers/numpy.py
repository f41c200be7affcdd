"""NumPy: parameters and state are updated in place."""

from __future__ import annotations

from typing import ClassVar

from ..program.expr import Call, walk
from ..program.steps import Update
from .layout import INDENT, ROOM, Line
from .model import TrainedModel
from .predictors import PythonPredictors
from .run import Run


class NumPyWriter(PythonPredictors):
    """Programs as NumPy source."""

    language = "numpy"
    requirement = "NumPy"
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

    def set_up(self, run: Run | TrainedModel) -> list[str]:
        """What exp of a saturated unit gives is infinite, and its inverse 0: no reason for a warning."""
        expressions = [e for step in self.program.steps for _, e in step.assignments]
        ops = {node.op for e in expressions for node in walk(e) if isinstance(node, Call)}
        if "sigmoid" in ops:
            return ["", f'np.seterr(over="ignore")  # {self.say("source.saturated_sigmoid")}']
        return ["", f'np.seterr(over="ignore")  # {self.say("source.saturated")}'] if {"exp", "elu"} & ops else []

    def spell_call(self, expr: Call, args: list[str]) -> str:
        text = super().spell_call(expr, args)
        if text.startswith("np.where") and all(map(self.is_host, expr.args[1:])):
            return self.cast(text, expr)  # of two Python numbers NumPy would make float64
        return text

    def loop(self, updates: list[Update]) -> list[Line]:
        formal, statements = self.formal(updates[0])
        rows = [f"({', '.join((update.name, f'd{update.name}', *update.slots))})" for update in updates]
        head = [f"for {', '.join(formal)} in ({', '.join(rows)}):"]
        if len(head[0]) > ROOM:
            head = [f"for {', '.join(formal)} in (", *(f"{INDENT}{row}," for row in rows), "):"]
        return [*self.about_loop(), *((line, "") for line in head), *statements]
