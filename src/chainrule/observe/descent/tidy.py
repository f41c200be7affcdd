"""A derivative as a person would leave it: powers of powers, of the same base, and signs gathered.

These rewrites are exact in algebra, not to the last digit in floating point: for functions that are looked at, not for
programs, whose grouping is part of the design.
"""

from __future__ import annotations

from collections.abc import Callable

from ...program.expr import Call, Expr, Number, call, rebuild
from ...program.simplify import as_number, simplify

Parts = tuple[float, Expr, float]  # factor, base, whole exponent: 4 x^3


def tidy(expr: Expr) -> Expr:
    """Rewrite until nothing changes."""
    while (rewritten := simplify(rebuild(as_number(expr), change))) != expr:
        expr = rewritten
    return expr


def change(node: Expr) -> Expr:
    if not isinstance(node, Call) or node.op not in RULES:
        return node
    result = RULES[node.op](*node.args)
    return node if result is None or result.shape != node.shape else result


def whole(expr: Expr) -> float | None:
    return expr.value if isinstance(expr, Number) and expr.value.is_integer() and expr.value >= 1 else None


def parts(expr: Expr) -> Parts | None:
    """`4 x^3` as (4, x, 3); what is no such product stands for itself, once."""
    factor = 1.0
    if isinstance(expr, Call) and expr.op == "multiply" and isinstance(expr.args[0], Number):
        factor, expr = expr.args[0].value, expr.args[1]
    if isinstance(expr, Number):
        return None
    if isinstance(expr, Call) and expr.op == "power" and whole(expr.args[1]) is not None:
        assert isinstance(expr.args[1], Number)
        return factor, expr.args[0], expr.args[1].value
    return factor, expr, 1.0


def product(factor: float, base: Expr, exponent: float) -> Expr:
    power = base if exponent == 1 else call("power", base, Number(exponent))
    return power if factor == 1 else call("multiply", Number(factor), power)


def power(x: Expr, y: Expr) -> Expr | None:
    outer = whole(y)
    if outer is None or not isinstance(x, Call) or x.op != "power" or whole(x.args[1]) is None:
        return None
    assert isinstance(x.args[1], Number)
    return call("power", x.args[0], Number(outer * x.args[1].value))  # (x^2)^2 = x^4


def multiply(x: Expr, y: Expr) -> Expr | None:
    left, right = parts(x), parts(y)
    if left is None or right is None or left[1] != right[1] or (left[2] == right[2] == 1 and left[1] == x == y):
        return None
    return product(left[0] * right[0], left[1], left[2] + right[2])  # 4 x^2 * x = 4 x^3


def divide(x: Expr, y: Expr) -> Expr | None:
    left, right = parts(x), parts(y)
    if left is None or right is None or right[0] != 1 or left[1] != right[1] or left[2] >= right[2]:
        return None
    return call("divide", Number(left[0]), product(1.0, right[1], right[2] - left[2]))  # 2 x / x^4 = 2 / x^3


def opposite(expr: Expr) -> Expr | None:
    """`400 u` of `-400 u`, `2 / u` of `-2 / u`."""
    if isinstance(expr, Call) and expr.op in ("multiply", "divide"):
        first = expr.args[0]
        if isinstance(first, Number) and first.value < 0:
            return call(expr.op, Number(-first.value), expr.args[1])
    return None


def add(x: Expr, y: Expr) -> Expr | None:
    turned = opposite(y)
    return None if turned is None else call("subtract", x, turned)


def subtract(x: Expr, y: Expr) -> Expr | None:
    if isinstance(y, Number) and isinstance(x, Call) and x.op == "subtract" and isinstance(x.args[1], Number):
        return call("subtract", x.args[0], Number(x.args[1].value + y.value))
    turned = opposite(y)
    return None if turned is None else call("add", x, turned)


RULES: dict[str, Callable[[Expr, Expr], Expr | None]] = {
    "power": power,
    "multiply": multiply,
    "divide": divide,
    "add": add,
    "subtract": subtract,
}
