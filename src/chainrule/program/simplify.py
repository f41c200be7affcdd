"""The few algebraic rewrites that turn a derived formula into the one a person would write.

Only rewrites that are exact in floating point, or that gather constants. `error * (a * (1 - a))` keeps its grouping.
"""

from __future__ import annotations

from .expr import Call, Expr, Number, call, rebuild
from .text import number_text

ARITHMETIC = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "power": lambda x, y: x**y,
}


def simplify(expr: Expr) -> Expr:
    """Rewrite until nothing changes, innermost first."""
    return rebuild(expr, rewrite)


def rewrite(expr: Expr) -> Expr:
    """The rewrites of one node whose arguments are simple already."""
    if not isinstance(expr, Call):
        return expr
    if expr.op in RULES:
        result = RULES[expr.op](expr, *expr.args)
        return expr if result is None else result
    return expr


def is_number(expr: Expr, value: float | None = None) -> bool:
    return isinstance(expr, Number) and (value is None or expr.value == value)


def folded(expr: Call, x: Expr, y: Expr) -> Expr | None:
    if isinstance(x, Number) and isinstance(y, Number) and not (expr.op == "power" and x.value <= 0):
        return Number(ARITHMETIC[expr.op](x.value, y.value))
    return None


def negated(expr: Expr) -> Expr:
    return rewrite(call("negative", expr))


def add(expr: Call, x: Expr, y: Expr) -> Expr | None:
    if is_number(x, 0):
        return y
    if is_number(y, 0):
        return x
    if isinstance(y, Call) and y.op == "negative":
        return rewrite(x - y.args[0])
    if isinstance(x, Call) and x.op == "negative":
        return rewrite(y - x.args[0])
    return folded(expr, x, y)


def subtract(expr: Call, x: Expr, y: Expr) -> Expr | None:
    if is_number(y, 0):
        return x
    if is_number(x, 0):
        return negated(y)
    if isinstance(y, Call) and y.op == "negative":
        return rewrite(x + y.args[0])
    return folded(expr, x, y)


def multiply(expr: Call, x: Expr, y: Expr) -> Expr | None:
    if is_number(x, 0) or is_number(y, 0):
        return Number(0.0)
    if is_number(x, 1):
        return y
    if is_number(y, 1):
        return x
    if is_number(x, -1):
        return negated(y)
    if is_number(y, -1):
        return negated(x)
    if (both := folded(expr, x, y)) is not None:
        return both
    if isinstance(y, Number) and x.shape:
        return rewrite(y * x)  # constants first, but N * 3
    if isinstance(x, Call) and x.op == "negative":
        return negated(rewrite(x.args[0] * y))
    if isinstance(y, Call) and y.op == "negative":
        return negated(rewrite(x * y.args[0]))
    if isinstance(x, Number) and isinstance(y, Call) and y.op == "multiply" and isinstance(y.args[0], Number):
        return rewrite(rewrite(x * y.args[0]) * y.args[1])  # 0.5 * (2 * e) = e
    if isinstance(x, Call) and isinstance(y, Call) and x.op == y.op == "multiply":
        if isinstance(x.args[0], Number) and isinstance(y.args[0], Number):  # (0.5 * l2) * (2 * W) = l2 * W
            return rewrite(rewrite(x.args[0] * y.args[0]) * rewrite(x.args[1] * y.args[1]))
    if isinstance(x, Number) and isinstance(y, Call) and y.op == "divide":
        return rewrite(rewrite(x * y.args[0]) / y.args[1])
    if isinstance(x, Call) and x.op == "divide" and isinstance(x.args[0], Number):
        return rewrite(rewrite(x.args[0] * y) / x.args[1])  # (1 / N) * (p - y) = (p - y) / N
    if isinstance(y, Call) and y.op == "divide" and is_number(y.args[0], 1):
        return rewrite(x / y.args[1])
    return None


def divide(expr: Call, x: Expr, y: Expr) -> Expr | None:
    if is_number(y, 1):
        return x
    if is_number(x, 0):
        return x
    if isinstance(x, Number) and isinstance(y, Number) and y.value and len(number_text(x.value / y.value)) <= 8:
        return Number(x.value / y.value)  # 1 / 2 = 0.5, but 2 / 3 stays
    if isinstance(x, Call) and x.op == "divide" and isinstance(x.args[0], Number):
        return rewrite(x.args[0] / rewrite(x.args[1] * y))
    return None


def negative(expr: Call, x: Expr) -> Expr | None:
    if isinstance(x, Number):
        return Number(-x.value)
    if isinstance(x, Call) and x.op == "negative":
        return x.args[0]
    if isinstance(x, Call) and x.op == "subtract":
        return rewrite(x.args[1] - x.args[0])
    if isinstance(x, Call) and x.op in ("multiply", "divide") and isinstance(x.args[0], Number):
        return rewrite(call(x.op, Number(-x.args[0].value), x.args[1]))
    return None


def power(expr: Call, x: Expr, y: Expr) -> Expr | None:
    if is_number(y, 1):
        return x
    if is_number(y, 0):
        return Number(1.0)
    return folded(expr, x, y)


def where(expr: Call, condition: Expr, x: Expr, y: Expr) -> Expr | None:
    return x if x == y and x.shape == expr.shape else None


def transpose(expr: Call, x: Expr) -> Expr | None:
    return x.args[0] if isinstance(x, Call) and x.op == "transpose" else None


def total(expr: Call, x: Expr) -> Expr | None:
    if isinstance(x, Call) and x.op == "negative":
        return negated(call("sum", x.args[0], **dict(expr.options)))
    return None


RULES = {
    "sum": total,
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "negative": negative,
    "power": power,
    "where": where,
    "transpose": transpose,
}
