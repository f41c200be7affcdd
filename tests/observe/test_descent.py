"""Descent of functions that can be drawn: reading, deriving, four ways down, what is said of them."""

import math
from functools import cache

import numpy as np
import pytest

import chainrule as cr
from chainrule.messages import LANGUAGES
from chainrule.observe.descent import Curve
from chainrule.observe.descent.notation import read, write
from chainrule.observe.descent.rates import largest_rate
from chainrule.program.text import FormulaError
from tests.writers.product import ALL

FOUNDING = [6.8, 5.84, 5.07, 4.45, 3.96, 3.57, 3.25, 3.00, 2.80, 2.64, 2.51, 2.41, 2.32, 2.26, 2.21, 2.16, 2.13, 2.10,
            2.08, 2.06, 2.05, 2.04, 2.03, 2.02, 2.02, 2.01, 2.01, 2.01, 2.00, 2.00, 2.00, 2.00, 2.00]  # fmt: skip


@cache
def descended(text, start, rate=0.1):
    """A descent, made once for all tests that look at it: finding the largest rate takes hundreds of them."""
    return cr.descend(text, start, rate)


def test_the_founding_text_comes_out():
    made = descended("x^2 - 4x + 6", 8)
    assert [math.floor(x * 100 + 1e-9) / 100 for x in made.iterates[1:]] == FOUNDING
    assert made.iterates == pytest.approx(2 + 6 * 0.8 ** np.arange(34), rel=1e-12)
    assert made.curve.texts == [("f(x)", "x^2 - 4x + 6"), ("f'(x)", "2x - 4"), ("f''(x)", "2")]
    assert made.solved is not None
    assert made.solved.tolist() == [2.0]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("4x", "4*x"),
        ("2(x+1)", "2*(x + 1)"),
        ("(x-1)(x+1)", "(x-1)*(x+1)"),
        ("(x-1)x", "(x-1)*x"),
        ("2x^2", "2*(x**2)"),
        ("-x^2", "-(x**2)"),
        ("3 sin(x)", "3*sin(x)"),
        ("2pi*x", "2*pi*x"),
        ("1e3x", "1000*x"),
        ("x^-1", "x**(-1)"),
        ("4xy".replace("xy", "x*y"), "4*x*y"),
    ],
)
def test_a_product_may_leave_out_its_sign(text, same):
    assert read(text) == read(same)


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("x y", "is the product x * y meant", 3),
        ("xy", "is the product x * y meant", 1),
        ("x(x+1)", "is a product meant", 2),
        ("1/2x", "two ways", 4),
        ("x2", "is x^2 meant", 1),
        ("sin x", "brackets: sin(...)", 5),
        ("sinx", "is sin(x) meant", 1),
        ("e^x", "exp(x)", 1),
        ("u + 1", "unknown name 'u'", 1),
        ("foo(x)", "unknown function 'foo'", 1),
        ("(x + 1", "never closed", 1),
        ("x + 1)", "closing bracket", 6),
        ("x + ", "ends where a value", 4),
        ("", "empty", 1),
        ("x; import os", "unexpected character", 2),
        ("(" * 1000 + "x" + ")" * 1000, "nested deeper", None),
        ("x+" * 5000 + "x", "longer than 10,000", None),
        ("x+" * 4000 + "x", "operations inside one another", None),
    ],
)
def test_what_cannot_be_read_says_why_and_where(text, message, position):
    with pytest.raises(
        FormulaError,
        match=message.replace("(", r"\(")
        .replace(")", r"\)")
        .replace("*", r"\*")
        .replace("^", r"\^")
        .replace(".", r"\."),
    ) as error:
        cr.descend(text, 2)
    assert len(str(error.value).split("\n")) <= 12
    if position is not None:
        assert error.value.position + 1 == position


@pytest.mark.parametrize(
    ("text", "start", "message"),
    [
        ("3", 1, "neither x nor y"),
        ("softmax(x)", 1, "works on"),
        ("x.sum()", 1, "sum works on many"),
        ("1/x", 0, "no finite real value at the start, x = 0"),
        ("log(x)", -1, "no finite real value at the start"),
        ("x^x", -0.5, "no finite real value at the start"),
        ("sqrt(x)", 0, "no finite slope at the start"),
        ("x*y", 1, "starts from two numbers"),
        ("x", (1, 2), "starts from one number"),
        ("x^2", math.nan, "must be finite"),
        ("x^2", "eight", "must be a number"),
        ("+".join(["(" + "+".join(["x*x"] * 50) + ")"] * 6), 1, "more than 500 operations"),
    ],
)
def test_what_cannot_be_descended_says_why(text, start, message):
    with pytest.raises(ValueError, match=message):
        cr.descend(text, start)


@pytest.mark.parametrize(
    "setting",
    [{"rate": 0}, {"rate": -1}, {"rate": math.inf}, {"momentum": 1}, {"steps": 0}, {"tolerance": 0}, {"grid": (1, 1)},
     {"grid": (1, math.inf)}, {"grid": 3}],
)  # fmt: skip
def test_settings_out_of_bounds_are_refused(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        cr.descend("x^2", 1, **setting)


@pytest.mark.parametrize(
    "text",
    ["x^2 - 4x + 6", "x^3 / 3 - 2x", "1 / x^2", "exp(-x^2)", "x^x", "sigmoid(2x)", "log(1 + x^2)", "sin(x) * cos(3x)",
     "tanh(x)^2 / (1 + x)", "2(x + 1)(x - 3)^2", "softplus(x) - x / 2", "sqrt(x)", "elu(x)", "x^2.5"],
)  # fmt: skip
def test_derivatives_agree_with_differences_and_can_be_read_again(text):
    curve = Curve(text)
    x = np.array([0.3, 0.9, 1.7, 2.4])
    step = 1e-6
    assert curve.slope(x[None])[0] == pytest.approx(
        (curve((x + step)[None]) - curve((x - step)[None])) / (2 * step), rel=1e-6, abs=1e-8
    )
    ahead, behind = curve.slope((x + step)[None])[0], curve.slope((x - step)[None])[0]
    curvature = curve.of(curve.curvatures[0][0], x[None])
    assert curvature == pytest.approx((ahead - behind) / (2 * step), rel=1e-6, abs=1e-7)
    for expression in (curve.expression, curve.slopes[0], curve.curvatures[0][0]):
        if "x" in write(expression):
            assert curve.of(read(write(expression)), x[None]) == pytest.approx(curve.of(expression, x[None]), rel=1e-12)


def test_a_python_function_means_the_same():
    assert (
        cr.descend(lambda x: x**2 - 4 * x + 6, 8).iterates.tolist() == cr.descend("x^2 - 4x + 6", 8).iterates.tolist()
    )
    with pytest.raises(ValueError, match="takes x"):
        cr.descend(lambda u: u, 1)


@pytest.mark.parametrize(
    ("text", "start", "rate", "verdicts"),
    [
        ("x^2 - 4x + 6", 8, 0.1, ("minimum", "minimum", "minimum", "minimum")),
        ("x^2 - 4x + 6", 8, 1.0, ("cycle", "minimum", "minimum", "minimum")),
        ("x^2 - 4x + 6", 8, 1.1, ("large", "minimum", "minimum", "minimum")),
        ("x^2 - 4x + 6", 8, 1e-4, ("short", "slow", "minimum", "minimum")),
        ("-x^2", 1, 0.1, ("endless", "endless", "maximum", "endless")),
        ("-x^2", 0, 0.1, ("maximum", "maximum", "maximum", "endless")),
        ("x", 1, 0.1, ("endless", "endless", "stuck", "endless")),
        ("x^3", -1, 0.1, ("endless", "endless", "saddle", "endless")),
        ("exp(x)", 1, 0.1, ("fades", "fades", "flew", "fades")),
        ("1/x", -1, 0.1, ("pole", "pole", "flew", "pole")),
        ("log(x)", 1, 0.1, ("domain", "domain", "flew", "lowest")),
        ("log(x)", 8, 0.1, ("domain", "domain", "flew", "lowest")),  # 0 is one of the places that the grid tries
        ("x^x", 1, 0.1, ("minimum", "minimum", "minimum", "lowest")),
        ("abs(x)", 8, 0.1, ("cycle", "slow", "stuck", "minimum")),
        ("sin(x)", 1, 0.1, ("minimum", "minimum", "maximum", "lowest")),
        ("x^2/(x-1)", 3, 0.1, ("minimum", "minimum", "maximum", "endless")),
        ("x^2 + 3*y^2", (4, 2), 0.1, ("minimum", "minimum", "minimum", "minimum")),
        ("x^2 - y^2", (4, 0), 0.1, ("saddle", "saddle", "saddle", "endless")),
        ("x^2 - y^2", (4, 0.1), 0.1, ("endless", "endless", "saddle", "endless")),
    ],
)
def test_what_became_of_each_way_is_said(text, start, rate, verdicts):
    made = descended(text, start, rate)
    assert tuple(path.verdict for path in made.paths.values()) == verdicts
    for language in LANGUAGES:
        assert made.story(language)


@pytest.mark.parametrize(
    ("text", "start", "limit", "fastest"),
    [("x^2 - 4x + 6", 8, 1.0, 0.5), ("x^2 + 3*y^2", (4, 2), 1 / 3, 0.25), *([("5x^2", -2, 0.2, 0.1)] if ALL else [])],
)
def test_the_largest_rate_is_two_over_the_curvature(text, start, limit, fastest):
    made = descended(text, start)
    assert made.rates is not None
    assert made.rates.limit == pytest.approx(limit)
    assert 0.99 * limit < made.rates.found < limit
    assert made.rates.fastest == pytest.approx(fastest)
    inside, outside = (cr.descend(text, start, factor * limit, steps=10_000) for factor in (0.99, 1.01))
    assert inside.paths["gradient_descent"].verdict == "minimum"
    assert outside.paths["gradient_descent"].verdict == "large"


def test_from_far_away_the_largest_rate_is_lower():
    made = cr.descend("x^4 + x^2", 10)
    assert made.rates is not None
    assert made.rates.limit == pytest.approx(1.0)
    assert 0 < made.rates.found < 0.02
    assert "on the way there the curve is steeper" in made.story()


def test_where_the_slope_is_0_everywhere_nothing_says_where_to_go():
    assert "The slope is 0 wherever there is one" in str(cr.descend("floor(x)", 2.5))


def test_there_is_no_largest_rate_at_a_kink_or_without_a_minimum():
    assert cr.descend("abs(x)", 3).rates is None
    made = cr.descend("-x^2", 1)
    assert largest_rate(made.curve, made.start, made.below) is None


def test_poles_are_found():
    assert cr.descend("x^2/(x-1)", 3).poles == [1.0]
    assert cr.descend("-1/x^2", 1).poles == [0.0]
    assert cr.descend("exp(x)", 3).poles == []


def test_differences_make_a_u():
    found = cr.differences("sigmoid(x)")
    forward, central, by_complex = (found.errors[name] for name in ("forward", "central", "complex"))
    assert 1e-3 < forward[12] < 5e-3  # h = 1e-13: the step of the founding text
    assert central[4] == pytest.approx(1.4e-11, rel=0.1)  # h = 1e-5
    assert by_complex[12] == pytest.approx(1.6e-16, rel=0.2)
    for errors, lowest in ((forward, 6), (central, 4)):
        best = int(errors.argmin())
        assert abs(best - lowest) <= 2
        assert errors[0] > 100 * errors[best] < errors[-1]
    assert (by_complex[8:] < 1e-15).all()


def test_differences_of_a_kink_have_no_complex_step():
    assert set(cr.differences("abs(x)", 1, 2).errors) == {"forward", "central"}
    assert "no complex numbers" in cr.differences("abs(x)", 1, 2).story()
    with pytest.raises(ValueError, match="one variable"):
        cr.differences("x*y")
    with pytest.raises(ValueError, match="no finite value"):
        cr.differences("log(x)", -3, -1)


def test_a_notebook_shows_it():
    made = descended("x^2 - 4x + 6", 8)
    assert "<table>" in made._repr_html_()
    assert "33 steps" in repr(made)
    assert "<pre>" in cr.differences("x^2")._repr_html_()
