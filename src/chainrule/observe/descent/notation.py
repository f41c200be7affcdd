"""How people write a function on paper: `x^2 - 4x + 6`, read and written by the one grammar.

A product may leave out its sign where that can mean only one thing: `4x`, `2(x + 1)`, `(x - 1)(x + 1)`. Where it could
mean two, `x y`, `xy`, `x(y + 1)`, `1/2x`, the reader is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from ...program.expr import Call, Expr, Name, Number, size_of, walk
from ...program.ops import POWER, PRODUCT
from ...program.text import CONSTANTS, FUNCTIONS, FormulaError, Parser, Printer

VARIABLES = ("x", "y")
SHAPE = ("N",)  # a value per point: the functions of a curve take points one by one
MAXIMUM_OPERATIONS = 500  # its second derivative has many times as many
Token = tuple[str, str, int]


class Reader(Parser):
    """The grammar, with products that leave out their sign."""

    def __init__(self, text: str, names: Mapping[str, Expr]) -> None:
        super().__init__(text, names)
        self.tokens = self.with_products(self.tokens)

    def with_products(self, tokens: list[Token]) -> list[Token]:
        found: list[Token] = []
        for token in tokens:
            if found and self.is_product(found, token):
                found.append(("symbol", "*", token[2]))
            found.append(token)
        return found

    def is_product(self, before: list[Token], token: Token) -> bool:
        """Whether a product is meant between two tokens.  FormulaError: it might be; or something else."""
        (left, value, _), (right, following, position) = before[-1], token
        opens = (right, following) == ("symbol", "(")
        if not opens and right != "name":
            return False
        if left == "name":
            called = value in FUNCTIONS and value not in self.names
            if called and not opens:
                raise FormulaError(f"what {value} is taken of stands in brackets: {value}(...)", self.text, position)
            if not called and (value in self.names or value in CONSTANTS):
                meant = "a product" if opens else f"the product {value} * {following}"
                raise FormulaError(f"is {meant} meant? Then write the *", self.text, position)
            return False
        if left != "number" and value != ")":
            return False
        if len(before) > 1 and before[-2][1] == "/" and left == "number":
            raise FormulaError(
                f"what follows / can be read in two ways: write / ({value} * ...), or / {value} * ...",
                self.text,
                position,
            )
        return True

    def unknown(self, what: str, name: str, known: tuple[str, ...], position: int) -> NoReturn:
        hint = ""
        function = next((f for f in FUNCTIONS if name.startswith(f) and name[len(f) :] in self.names), "")
        if name == "e":
            hint = "; e^x is written exp(x)"
        elif function:
            hint = f"; is {function}({name[len(function) :]}) meant?"
        elif len(name) > 1 and set(name) <= set(self.names):
            hint = f"; is the product {' * '.join(name)} meant? Then write the *"
        elif re.fullmatch(r"[xy]\d+", name):
            hint = f"; is {name[0]}^{name[1:]} meant?"
        if hint:
            raise FormulaError(f"unknown {what} '{name}'{hint}", self.text, position)
        super().unknown(what, name, known, position)


def read(text: str) -> Expr:
    """A function of x, or of x and y.

    Raises
        FormulaError: what cannot be read, with its position.  ValueError: no function of x; too long; not of points.
    """
    if not isinstance(text, str):
        raise ValueError(f"a function is a text, such as 'x^2 - 4x + 6', not {type(text).__name__}")
    expression = Reader(text, {name: Name(name, SHAPE) for name in VARIABLES}).parse()
    check(expression)
    return expression


def check(expression: Expr) -> None:
    """ValueError: no function of points, or too long a one."""
    if size_of(expression) > MAXIMUM_OPERATIONS:
        raise ValueError(f"the function has more than {MAXIMUM_OPERATIONS} operations")
    for node in walk(expression):
        if isinstance(node, Call) and not node.row.elementwise:
            raise ValueError(f"{node.op} works on many numbers at once: it is no part of a function of x or of x and y")
    if expression.shape != SHAPE:
        raise ValueError("the function uses neither x nor y: there is nothing to descend on")


class Writer(Printer):
    """Writes it the way it is written on paper: `2x - 4`, `x^3`. What it writes can be read again."""

    def infix(self, expr: Call) -> tuple[str, int]:
        left, right = expr.args
        if expr.row.precedence == POWER:
            return f"{self.text(left, POWER + 1)}^{self.text(right, POWER + 1)}", POWER
        if expr.op == "multiply" and isinstance(left, Number) and float(left.value).is_integer():
            factor, text = self.text(left, PRODUCT), self.text(right, PRODUCT + 1)
            if "e" not in factor and re.match(r"[xy](?![A-Za-z_0-9(])|\(", text):
                return factor + text, PRODUCT
        return super().infix(expr)


write = Writer()
