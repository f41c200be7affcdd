"""JAX: pure functions; the step returns the loss, the new parameters and the new state."""

from __future__ import annotations

from typing import Any, ClassVar

from ..program.expr import Call
from ..program.steps import Program, Update
from .layout import INDENT, ROOM, Line, filled, tuple_text
from .model import TrainedModel
from .predictors import PythonPredictors
from .run import Run

IMPORTED = {
    "sigmoid": "jax.nn", "relu": "jax.nn", "elu": "jax.nn", "leaky_relu": "jax.nn", "softplus": "jax.nn",
    "softmax": "jax.nn", "log_softmax": "jax.nn", "erf": "jax.scipy.special",
}  # fmt: skip
STATISTICS = {"normal_cdf": "norm.cdf({})", "normal_pdf": "norm.pdf({})"}


class JaxWriter(PythonPredictors):
    """Programs as JAX source."""

    language = "jax"
    requirement = "JAX"
    pi = "jnp.pi"
    in_place = False
    imports = ("import jax",)
    spellings: ClassVar[dict[str, str]] = {
        "where": "jnp.where({}, {}, {})",
        "minimum": "jnp.minimum({}, {})",
        "maximum": "jnp.maximum({}, {})",
        "clip": "jnp.clip({}, {}, {})",
        "full_like": "jnp.full_like({}, {})",
        "exp": "jnp.exp({})",
        "log": "jnp.log({})",
        "sqrt": "jnp.sqrt({})",
        "sin": "jnp.sin({})",
        "cos": "jnp.cos({})",
        "abs": "jnp.abs({})",
        "sign": "jnp.sign({})",
        "floor": "jnp.floor({})",
        "tanh": "jnp.tanh({})",
        **STATISTICS,
        **{op: op + "({})" for op in IMPORTED},
    }

    def __init__(self, program: Program, **options: Any) -> None:
        super().__init__(program, **options)
        self.imported: dict[str, set[str]] = {}

    def host_scalars(self) -> set[str]:
        return {"N"}  # the rest is traced

    def spell_call(self, expr: Call, args: list[str]) -> str:
        if expr.op in IMPORTED:
            self.imported.setdefault(IMPORTED[expr.op], set()).add(expr.op)
        if expr.op in STATISTICS:
            self.imported.setdefault("jax.scipy.stats", set()).add("norm")
        text = super().spell_call(expr, args)
        if text.startswith("jnp."):
            self.needs.add("jnp")
        return text

    def import_lines(self) -> list[str]:
        more = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(self.imported.items())]
        more = ["import numpy as np"] * ("np" in self.needs) + more
        return [*super().import_lines(), *["import jax.numpy as jnp"] * ("jnp" in self.needs), *more]

    def set_up(self, run: Run | TrainedModel) -> list[str]:
        return ["", 'jax.config.update("jax_enable_x64", True)'] if run.dtype == "float64" else []

    def decorators(self, function: str) -> list[str]:
        return ["@jax.jit"]

    def returned(self) -> list[str]:
        groups = [list(self.program.parameters), *([list(self.program.state)] if self.program.state else [])]
        texts = [f"({tuple_text(group).strip('()')})" for group in groups]
        line = f"return {', '.join([self.program.loss, *texts])}"
        if len(line) <= ROOM:
            return [line]
        lines = ["return (", f"{INDENT}{self.program.loss},"]
        for group in groups:
            lines += filled(f"{INDENT}(", group, ",)," if len(group) == 1 else "),", f"{INDENT} ")
        return [*lines, ")"]

    def loop(self, updates: list[Update]) -> list[Line]:
        formal, statements = self.formal(updates[0])
        returned = f"{INDENT}return {', '.join(name for name in formal if name != 'dw')}"
        lines = [("", ""), *self.about_loop(), (f"def update({', '.join(formal)}):", ""), *statements]
        lines += [(returned, ""), ("", "")]
        for update in updates:
            targets = ", ".join((update.name, *update.slots))
            call = f"{targets} = update({', '.join((update.name, 'd' + update.name, *update.slots))})"
            lines.append((call, self.founding.get(update.name, "")))
        return lines
