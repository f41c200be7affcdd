"""JAX: pure functions; the step returns the loss, the new parameters and the new state."""

from __future__ import annotations

from typing import ClassVar

from ..program.expr import Call
from ..program.steps import Update
from .arrays import INDENT, WIDTH, ArrayWriter, filled, tuple_text
from .scripts import PythonScripts

IMPORTED = {
    "sigmoid": "jax.nn", "relu": "jax.nn", "elu": "jax.nn", "leaky_relu": "jax.nn", "softplus": "jax.nn",
    "softmax": "jax.nn", "log_softmax": "jax.nn", "erf": "jax.scipy.special",
}  # fmt: skip
STATISTICS = {"normal_cdf": "norm.cdf({})", "normal_pdf": "norm.pdf({})"}


class JaxWriter(PythonScripts, ArrayWriter):
    """Programs as JAX source."""

    language = "jax"
    requirement = "JAX"
    prefix = "jnp."
    in_place = False
    imports = ("import jax", "import jax.numpy as jnp")
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

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # passed on as they are
        self.imported: dict[str, set[str]] = {}
        self.host = {"N"}  # the rest is traced

    def spell_call(self, expr: Call, args: list[str]) -> str:
        if expr.op in IMPORTED:
            self.imported.setdefault(IMPORTED[expr.op], set()).add(expr.op)
        if expr.op in STATISTICS:
            self.imported.setdefault("jax.scipy.stats", set()).add("norm")
        return super().spell_call(expr, args)

    def import_lines(self) -> list[str]:
        more = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(self.imported.items())]
        return [*super().import_lines(), *more]

    def decorators(self, function: str) -> list[str]:
        return ["@jax.jit"]

    def docstring(self, function: str) -> str:
        after = "the new parameters and state" if self.program.state else "the new parameters"
        return {
            "step": f"One training step on a batch; returns the loss before it, {after}.",
            "predict": f"The output for the rows of X (N, {self.program.inputs['X'][1]}).",
            "evaluate": "The output, and the loss of the data, in prediction mode.",
            "trace": "Every value of one step, by name; changes nothing.",
        }[function]

    def returned(self) -> list[str]:
        groups = [tuple_text(self.program.parameters), *([tuple_text(self.program.state)] if self.program.state else [])]
        groups = [text if text.startswith("(") else f"({text})" for text in groups]
        line = f"return {', '.join([self.program.loss, *groups])}"
        if len(line) <= WIDTH - 4:
            return [line]
        lines = ["return (", f"{INDENT}{self.program.loss},"]
        for names in (self.program.parameters, self.program.state):
            lines += filled(f"{INDENT}(", list(names), "),", f"{INDENT} ") if names else []
        return [*lines, ")"]

    def loop(self, updates: list[Update]) -> list[str]:
        formal, statements = self.formal(updates[0])
        names = [name for name in formal if name != "dw"]
        lines = ["", f"def update({', '.join(formal)}):", *(INDENT + line for line in statements)]
        lines += [f"{INDENT}return {', '.join(names)}", ""]
        for update in updates:
            targets = ", ".join((update.name, *update.slots))
            lines.append(f"{targets} = update({', '.join((update.name, 'd' + update.name, *update.slots))})")
        return lines
