"""simplify: what it makes of a derived formula, and that the value stays."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chainrule.engines.reference import evaluate
from chainrule.program.expr import Expr, Name, Number, call
from chainrule.program.simplify import simplify
from chainrule.program.text import rule
from tests.complex_step import value

KNOWN: dict[str, Expr] = {
    "x": Name("x", ("N", 3)),
    "y": Name("y", ("N", 3)),
    "b": Name("b", (3,)),
    "s": Name("s"),
    "N": Name("N"),
    "W": Name("W", (3, 3)),
}
random = np.random.RandomState(0)
VALUES = {"x": random.standard_normal((4, 3)), "y": random.standard_normal((4, 3)), "b": random.standard_normal(3),
          "s": np.float64(0.7), "N": 4, "W": random.standard_normal((3, 3))}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("x + 0", "x"),
        ("0 + x", "x"),
        ("x - 0", "x"),
        ("0 - x", "-x"),
        ("x * 1", "x"),
        ("-1 * x", "-x"),
        ("x / 1", "x"),
        ("x**1", "x"),
        ("--x", "x"),
        ("x + -y", "x - y"),
        ("x - -y", "x + y"),
        ("-x + y", "y - x"),
        ("-(x - y)", "y - x"),
        ("-x * y", "-(x * y)"),
        ("x * 3", "3 * x"),
        ("N * 3", "N * 3"),
        ("0.5 * (2 * x)", "x"),
        ("(0.5 * s) * (2 * x)", "s * x"),
        ("1 / N * (x - y)", "(x - y) / N"),
        ("x * (1 / y)", "x / y"),
        ("0.5 * (x / y)", "0.5 * x / y"),
        ("1 / 2", "0.5"),
        ("2 / 3", "2 / 3"),
        ("2 * 3 + 1", "7"),
        ("2**3", "8"),
        ("1 / s / x", "1 / (s * x)"),
        ("where(x > 0, y, y)", "y"),
        ("where(x > 0, s, s)", "where(x > 0, s, s)"),
        ("x.T.T", "x"),
        ("(-x).sum(axis=0)", "-x.sum(axis=0)"),
        ("full_like(x, y)", "y"),
        ("full_like(x, s)", "full_like(x, s)"),
        # the shape stays, and what has no value stays as it was written
        ("0 * x", "0 * x"),
        ("x**0", "x**0"),
        ("0 / x", "0 / x"),
        ("(x**0).sum()", "(x**0).sum()"),
        ("(0 * x).sum(axis=1, keepdims=True)", "(0 * x).sum(axis=1, keepdims=True)"),
        ("10**400", "10**400"),
        ("1e300 * 1e300", "1e300 * 1e300"),
        ("(-8)**0.5", "(-8)**0.5"),
        ("0**-1", "0**(-1)"),
        ("1 / 0", "1 / 0"),
        ("0 / 0", "0 / 0"),
        # conditions are numbers, but where they are factors or choose
        ("x * (y > 0)", "x * (y > 0)"),
        ("(x > 0) * (y > 0)", "(x > 0) * (y > 0)"),
        ("(x > 0) + (y > 0)", "where(x > 0, 1, 0) + where(y > 0, 1, 0)"),
        ("2 * (x > 0)", "where(x > 0, 2, 0)"),
        ("(x > 0).mean()", "where(x > 0, 1, 0).mean()"),
        ("where(x > 0, x > y, 2)", "where(x > 0, where(x > y, 1, 0), 2)"),
    ],
)
def test_rewrites(text, simple):
    assert str(simplify(rule(text, **KNOWN))) == simple


@pytest.mark.parametrize("text", ["x * (y * (1 - y))", "x * (y * s)", "x - y - (x + b)", "x + y + b", "x * y * b"])
def test_the_grouping_stays(text):
    assert str(simplify(rule(text, **KNOWN))) == text


CONSTANTS = st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
ARITHMETIC = ["add", "subtract", "multiply", "divide", "power", "negative"]
OTHERS = ["where", "greater", "less_equal", "exp", "sum", "mean", "transpose", "full_like", "minimum"]


@st.composite
def expressions(draw: st.DrawFn, depth: int = 4) -> Expr:
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from([KNOWN[name] for name in "xybsN"]) | st.builds(Number, CONSTANTS))
    part = expressions(depth - 1)
    op = draw(st.sampled_from(ARITHMETIC * 3 + OTHERS))
    if op in ("sum", "mean"):
        axis = draw(st.sampled_from([None, 0, 1]))
        return call(op, call("add", draw(part), KNOWN["x"]), axis=axis, keepdims=axis == 1)
    if op == "transpose":
        return call(op, call(op, call("add", draw(part), KNOWN["x"])))
    if op == "power":
        return call(op, draw(part), draw(st.sampled_from([0.0, 1.0, 2.0, -1.0])))
    if op == "full_like":
        return call(op, KNOWN["x"], draw(part))
    if op == "where":
        return call(op, call("greater", draw(part), draw(part)), draw(part), draw(part))
    return call(op, *(draw(part) for _ in range({"negative": 1, "exp": 1, "where": 3}.get(op, 2))))


@given(expressions())
def test_the_value_and_the_shape_stay(expression):
    simple = simplify(expression)
    assert simple.shape == expression.shape
    with np.errstate(all="ignore"):
        try:
            before = value(expression, VALUES)
        except (ZeroDivisionError, OverflowError):
            assume(False)  # of Python's own numbers
        if np.isfinite(before).all():  # 0 * (1 / 0) is no number, and need not stay one
            scale = max(1.0, float(np.abs(before).max()))
            assert np.asarray(evaluate(simple, VALUES)) == pytest.approx(before, rel=1e-9, abs=1e-9 * scale)


@given(expressions())
def test_what_is_simple_stays(expression):
    simple = simplify(expression)
    assert simplify(simple) == simple
