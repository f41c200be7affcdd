"""The few algebraic rewrites that turn a derived formula into the one a person would write.

Only rewrites that are exact in floating point, or that gather constants. `error * (a * (1 - a))` keeps its grouping.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TypeGuard

from .expr import CONNECTIVES, Call, Expr, Number, call, is_condition
from .text import number_text

ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "power": math.pow,
}


@lru_cache(maxsize=16_384)
def simplify(expr: Expr) -> Expr:
    """Rewrite until nothing changes, innermost first; what is a part of many expressions is rewritten once."""
    if isinstance(expr, Call):
        args = tuple(map(simplify, expr.args))
        if args != expr.args:
            expr = call(expr.op, *args, **dict(expr.options))
    return rewrite(expr)


def rewrite(expr: Expr) -> Expr:
    """The rewrites of one node whose arguments are simple already. The shape stays: 0 * z is no number."""
    expr = numeric(expr)
    if not isinstance(expr, Call) or expr.op not in RULES:
        return expr
    result = RULES[expr.op](expr, *expr.args)
    return expr if result is None or result.shape != expr.shape else result


def numeric(expr: Expr) -> Expr:
    """Conditions as numbers, 1 and 0, but where they are factors or choose: to NumPy and JAX, True + True is True."""
    if not isinstance(expr, Call) or expr.op == "multiply" or (expr.op in CONNECTIVES and is_condition(expr)):
        return expr
    args = [arg if expr.op == "where" and i == 0 else as_number(arg) for i, arg in enumerate(expr.args)]
    return call(expr.op, *args, **dict(expr.options))


def as_number(expr: Expr) -> Expr:
    return call("where", expr, 1, 0) if is_condition(expr) else expr


def is_number(expr: Expr, value: float | None = None) -> bool:
    return isinstance(expr, Number) and (value is None or expr.value == value)


def is_multiple(expr: Expr) -> TypeGuard[Call]:
    """Whether an expression is a constant times something."""
    return isinstance(expr, Call) and expr.op == "multiply" and isinstance(expr.args[0], Number)


def is_repeated(expr: Expr) -> TypeGuard[Call]:
    """Whether an expression is one number, repeated."""
    return isinstance(expr, Call) and expr.op == "full_like" and isinstance(expr.args[1], Number)


def folded(expr: Call, x: Expr, y: Expr) -> Expr | None:
    """A constant, unless it is none: beyond the largest number, or a power that is not real."""
    if not isinstance(x, Number) or not isinstance(y, Number):
        return None
    try:
        value = ARITHMETIC[expr.op](x.value, y.value)
    except (OverflowError, ValueError):
        return None
    return Number(value) if math.isfinite(value) else None


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
    for one, other in ((x, y), (y, x)):
        if is_repeated(other) and one.shape == expr.shape:
            return rewrite(other.args[1] * one)  # a * full_like(a, 2) = 2 * a
    if isinstance(y, Call) and y.op == "multiply" and y.args[1] == x:
        return y * x  # z * (s * z) = s * z * z
    if isinstance(x, Number) and is_condition(y):
        return call("where", y, x, 0)
    if isinstance(y, Number) and x.shape:
        return rewrite(y * x)  # constants first, but N * 3
    if isinstance(x, Call) and x.op == "negative":
        return negated(rewrite(x.args[0] * y))
    if isinstance(y, Call) and y.op == "negative":
        return negated(rewrite(x * y.args[0]))
    if isinstance(x, Number) and is_multiple(y):
        return rewrite(rewrite(x * y.args[0]) * y.args[1])  # 0.5 * (2 * e) = e
    if is_multiple(x) and is_multiple(y):
        (c, u), (d, v) = x.args, y.args
        return rewrite(rewrite(c * d) * rewrite(u * v))  # (0.5 * l2) * (2 * W) = l2 * W
    if isinstance(x, Call) and x.op == "divide" and not x.shape and is_multiple(x.args[0]) and is_multiple(y):
        (c, u), (d, v) = x.args[0].args, y.args
        return rewrite(rewrite(rewrite(rewrite(c * d) * u) / x.args[1]) * v)  # 0.5 * l2 / N * (2 * W) = l2 / N * W
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
    if isinstance(x, Number) and isinstance(y, Number):
        ratio = x.value / y.value if y.value else math.inf
        return Number(ratio) if math.isfinite(ratio) and len(number_text(ratio)) <= 8 else None  # 0.5, but 2 / 3 stays
    if is_number(x, 0):
        return x
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


def full_like(expr: Call, x: Expr, value: Expr) -> Expr | None:
    return value


def total(expr: Call, x: Expr) -> Expr | None:
    if isinstance(x, Call) and x.op == "negative":
        return negated(call("sum", x.args[0], **dict(expr.options)))
    return None


RULES: dict[str, Callable[..., Expr | None]] = {
    "full_like": full_like,
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
