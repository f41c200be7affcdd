"""How the array languages spell an expression."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

from ..program.expr import Call, Expr, Name, Number, names, walk
from ..program.ops import OPS, REDUCTIONS
from ..program.steps import ProgramError
from ..program.text import Printer, number_text

HOST = {"sqrt": "math.sqrt({})", "exp": "math.exp({})", "log": "math.log({})", "cos": "math.cos({})",
        "sin": "math.sin({})", "floor": "math.floor({})", "tanh": "math.tanh({})", "abs": "abs({})",
        "minimum": "min({}, {})", "maximum": "max({}, {})", "where": "({1} if {0} else {2})"}  # fmt: skip


class ArrayPrinter(Printer):
    """Writes expressions.

    spellings   op -> template of a call; an op without one is printed as a function, from its definition
    pi          how the language writes it
    host        the scalars that are plain Python numbers at run time
    """

    language: ClassVar[str] = ""
    spellings: ClassVar[Mapping[str, str]] = {}
    pi: ClassVar[str] = "math.pi"

    def __init__(self) -> None:
        self.host: set[str] = set()
        self.used: dict[str, None] = {}  # ops without a spelling, in the order of their use
        self.needs: set[str] = set()  # modules beyond the imports

    def number(self, value: float) -> str:
        if value == math.pi:
            self.needs.add(self.pi.split(".")[0])
            return self.pi
        return short_number(value)

    def function(self, expr: Call) -> str:
        args = [self(arg) for arg in expr.args]
        if self.is_host(expr) and expr.op in HOST:
            if HOST[expr.op].startswith("math."):
                self.needs.add("math")
            return HOST[expr.op].format(*args)
        if expr.op in self.spellings:
            return self.spell_call(expr, args)
        if OPS[expr.op].definition:
            self.used.setdefault(expr.op)
            return f"{expr.op}({', '.join(args)})"
        raise ProgramError(f"{self.language} has no spelling for {expr.op}, and the op table no definition")

    def spell_call(self, expr: Call, args: list[str]) -> str:
        if expr.op == "where" and expr.args[1:] == (Number(1.0), Number(0.0)) and expr.shape:
            return self.cast(f"({args[0]})", expr)
        return self.spellings[expr.op].format(*args)

    def is_host(self, expr: Expr) -> bool:
        """Whether a scalar is computed from plain Python numbers alone."""
        return expr.shape == () and set(names(expr)) <= self.host and not any(
            isinstance(node, Call) and node.op in REDUCTIONS for node in walk(expr)
        )

    def cast(self, text: str, expr: Expr) -> str:
        """In the type of the first array in the expression, or of a trainable scalar where there is none.

        Not that of X: it may hold whole numbers.
        """
        typed = [node for node in walk(expr) if isinstance(node, Name) and node.name not in self.host]
        array = next((node.name for node in typed if node.shape), typed[0].name)
        return f"{text}.astype({array}.dtype)"


def short_number(value: float) -> str:
    """`1e-4` rather than `0.0001`; from a thousandth on as usual."""
    text = number_text(value)
    sign, found, digits = text.partition("0.000")
    if not found or sign not in ("", "-"):
        return text
    return f"{sign}{digits[0]}{'.' * (len(digits) > 1)}{digits[1:]}e-4"
