"""The grammar: what is read, what is written, and what is refused, where."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chainrule.engines.reference import evaluate
from chainrule.program.expr import Call, Expr, Name, Number, call, names
from chainrule.program.ops import OPS
from chainrule.program.text import (
    FUNCTIONS,
    MAXIMUM_DEPTH,
    MAXIMUM_LENGTH,
    FormulaError,
    number_text,
    parse,
    rule,
    to_text,
)

KNOWN: dict[str, Expr] = {
    "x": Name("x", ("N", 3)),
    "y": Name("y", ("N", 3)),
    "b": Name("b", (3,)),
    "s": Name("s"),
    "W": Name("W", (3, 3)),
}
random = np.random.RandomState(0)
VALUES = {"x": random.standard_normal((4, 3)), "y": random.standard_normal((4, 3)), "b": random.standard_normal(3),
          "s": np.float64(0.7), "W": random.standard_normal((3, 3))}  # fmt: skip

# --- drawn texts, read by us and by Python ---------------------------------------------------------------------------

SPACES = st.sampled_from(["", "", " ", "  ", "\n"])
METHODS = st.sampled_from(["sum()", "mean()", "max( )", "sum(axis=0)", "mean(axis=0, keepdims=True)", "var()"])
LEAVES = st.sampled_from(["x", "y", "b", "s", "2.0", "0.5", ".25", "3.", "1e-3", "1.5E+1"])


@st.composite
def texts(draw: st.DrawFn, depth: int = 4) -> str:
    """A formula as a person might type it: of shape (4, 3), (3,) or a number, with more or fewer brackets."""
    if depth == 0:
        return draw(LEAVES)
    part, space = texts(depth - 1), draw(SPACES)
    kind = draw(st.sampled_from(["leaf", "infix", "infix", "infix", "sign", "brackets", "call", "method", "compare"]))
    if kind == "leaf":
        return draw(LEAVES)
    if kind == "infix":
        operator = draw(st.sampled_from(["+", "-", "*", "/", "**"]))
        return f"{draw(part)}{space}{operator}{draw(SPACES)}{draw(part)}"
    if kind == "sign":
        return f"{draw(st.sampled_from('+-'))}{space}{draw(part)}"
    if kind == "brackets":
        return f"({space}{draw(part)}{space})"
    if kind == "call":
        name = draw(st.sampled_from(["exp", "sin", "abs", "tanh", "sqrt", "sign", "floor"]))
        return f"{name}{space}({draw(part)})" if draw(st.booleans()) else f"maximum({draw(part)},{space}{draw(part)})"
    if kind == "method":
        return f"({draw(part)} + x){space}.{space}{draw(METHODS)}"
    operator = draw(st.sampled_from(["<", "<=", ">", ">=", "=="]))
    return f"where({draw(part)}{space}{operator}{space}{draw(part)}, {draw(part)}, {draw(part)})"


PYTHON = {**VALUES, **{name: getattr(np, name) for name in
                       ("exp", "sin", "abs", "tanh", "sqrt", "sign", "floor", "maximum", "where")}}  # fmt: skip


def parsed(text: str) -> Expr:
    """The expression; a formula with a part such as exp(2000), which the parser refuses, is no example."""
    try:
        return parse(text, KNOWN)
    except FormulaError as error:
        assume("is no finite real number" not in str(error))
        raise


@given(texts())
def test_formulas_mean_what_they_mean_in_python(text):
    with np.errstate(all="ignore"):
        try:
            expected = eval(text.replace("\n", " "), PYTHON)  # noqa: S307  an oracle for the parser, which has no eval
        except (ZeroDivisionError, OverflowError, TypeError):
            return  # of Python's own numbers: 1 / 0, 1e3**1e3, floor of a complex number
        if np.iscomplexobj(expected):
            return
        assert np.array_equal(evaluate(parsed(text), VALUES), expected, equal_nan=True), text


@given(texts())
def test_round_trip(text):
    expression = parsed(text)
    written = to_text(expression)
    assert parse(written, KNOWN) == expression
    assert to_text(parse(written, KNOWN)) == written


TYPED = [row for name, row in OPS.items() if name in FUNCTIONS or (row.symbol and name != "matmul")]


@st.composite
def expressions(draw: st.DrawFn, depth: int = 4) -> Expr:
    """An expression built by the ops, numbers below zero and all."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        leaf = st.sampled_from([*(KNOWN[name] for name in "xybs")]) | st.builds(Number, st.floats(-1e6, 1e6))
        return draw(leaf)
    part = expressions(depth - 1)
    row = draw(st.sampled_from(TYPED))
    if row.shape.__name__ == "matrix":
        return call(row.name, call("add", draw(part), KNOWN["x"]))
    if row.name == "full_like":
        return call(row.name, KNOWN["x"], draw(part))
    if row.name == "where":
        return call(row.name, call("less", draw(part), draw(part)), draw(part), draw(part))
    return call(row.name, *(draw(part) for _ in row.arguments))


@given(expressions())
def test_what_is_written_reads_back_the_same(expression):
    def literal(expr: Expr) -> Expr:  # -2 is read as a number
        if isinstance(expr, Call):
            expr = call(expr.op, *map(literal, expr.args))
            if expr.op == "negative" and isinstance(expr.args[0], Number):
                return Number(-expr.args[0].value)
        return expr

    assert rule(to_text(expression), **KNOWN) == literal(expression)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_the_shortest_text_that_reads_back(value):
    expression = parse(number_text(value), {})
    assert expression == Number(value)
    assert len(number_text(value)) <= len(repr(value))


@pytest.mark.parametrize(
    ("value", "text"), [(2.0, "2"), (0.5, "0.5"), (1e-5, "1e-5"), (-3.0, "-3"), (1e22, "1e22"), (0.1, "0.1")]
)
def test_numbers_as_text(value, text):
    assert number_text(value) == text


# --- precedence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("-x**2", "-x**2"),
        ("(-x)**2", "(-x)**2"),
        ("2**-x", "2**(-x)"),
        ("x**y**s", "x**(y**s)"),
        ("(x**y)**s", "(x**y)**s"),
        ("x - (y - s)", "x - (y - s)"),
        ("(x - y) - s", "x - y - s"),
        ("x / (y * s)", "x / (y * s)"),
        ("x / y * s", "x / y * s"),
        ("x * y + s", "x * y + s"),
        ("x * (y + s)", "x * (y + s)"),
        ("-(x * y)", "-(x * y)"),
        ("-x * y", "-x * y"),
        ("x ^ 2", "x**2"),
        ("(x > 0) * y", "(x > 0) * y"),
        ("x + 1 > y", "x + 1 > y"),
        ("(x > y) == s", "(x > y) == s"),
        ("x == (y > s)", "x == (y > s)"),
        ("(x @ W) * y", "(x @ W) * y"),
        ("x * y @ W", "x * y @ W"),
        ("x.T.T", "x.T.T"),
        ("(x + y).T", "(x + y).T"),
        ("(x * y).sum(axis=1,keepdims=True)", "(x * y).sum(axis=1, keepdims=True)"),
        ("x.mean(keepdims=False)", "x.mean()"),
        ("x.var(axis=0,)", "x.var(axis=0)"),
        ("(-2)**2", "(-2)**2"),
        ("pi * s", "pi * s"),
        ("+x", "x"),
        ("--x", "--x"),
        ("clip(x, -1, 1)", "clip(x, -1, 1)"),
    ],
)
def test_precedence(text, written):
    assert to_text(parse(text, KNOWN)) == written


def test_a_product_of_matrices_keeps_its_brackets():
    delta, W, slope = Name("delta2", ("N", 2)), Name("W2", (4, 2)), Name("slope1", ("N", 4))
    assert str((delta @ W.T) * slope) == "(delta2 @ W2.T) * slope1"


def test_pi_and_caret():
    assert evaluate(parse("2^3 * pi", {}), {}) == 8 * math.pi


def test_a_known_name_goes_before_a_function_of_that_name():
    assert names(parse("exp(x) * beta", {"x": Name("x"), "beta": Name("beta")})) == ("x", "beta")
    assert parse("erf + 1", {"erf": Name("erf")}) == call("add", Name("erf"), 1)


def test_a_rule_binds_its_names():
    assert str(rule("a * (1 - a)", a=Name("a1"))) == "a1 * (1 - a1)"
    assert str(rule("x / keep", x=Name("x"), keep=0.5)) == "x / 0.5"


def test_ops_for_derivations_only_cannot_be_typed():
    assert {"normalize", "softmax_cross_entropy"}.isdisjoint(FUNCTIONS)


# --- what is refused, and where --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("", "the formula is empty", 0),
        ("   ", "the formula is empty", 0),
        ("x * zz", "unknown name 'zz'; known: x, y, b, s, W, pi", 4),
        ("x * sigmod(x)", r"unknown function 'sigmod' \(did you mean sigmoid\?\); known: .*tanh", 4),
        ("x + (y * 2", "this opening bracket is never closed", 4),
        ("exp (x", "this opening bracket is never closed", 4),
        ("x.sum(axis=0", "this opening bracket is never closed", 5),
        ("x + y)", "a closing bracket without an opening one", 5),
        ("x +", "the formula ends where a value is expected", 3),
        ("x + * y", r"a value is expected, not '\*'", 4),
        ("()", r"a value is expected, not '\)'", 1),
        ("x y", "an operator is missing before 'y'", 2),
        ("2 x", "an operator is missing before 'x'", 2),
        ("x (y)", r"an operator is missing before '\('", 2),
        ("(x)(y)", r"an operator is missing before '\('", 3),
        ("1.5.2", r"an operator is missing before '.2'", 3),
        ("(x, y)", r"'\)' or an operator is expected, not ','", 2),
        ("x < y < s", "unexpected '<'", 6),
        ("x = y", "unexpected '='", 2),
        ("x $ y", r"unexpected character '\$'", 2),
        ("x !=  y", "unexpected character '!'", 2),
        ("x[0]", r"unexpected character '\['", 1),
        ("x; y", "unexpected character ';'", 1),
        ("'x'", 'unexpected character "\'"', 0),
        ("x + ٣", "unexpected character '٣'", 4),
        ("__import__('os')", "unexpected character", 11),
        ("x.__class__", "unknown method '.__class__'; known: .T, .sum", 2),
        ("x.", r"unknown method '\.'", 2),
        ("x.sum", r"'\(' is expected after .sum", 5),
        ("x.sum(0)", "axis=0, axis=1 or keepdims=True is expected", 6),
        ("x.sum(axis=2)", "axis=0, axis=1 or keepdims=True is expected", 6),
        ("x.sum(axis=0 keepdims=True)", r"'\)' or an operator is expected, not 'keepdims'", 13),
        ("b.sum(axis=1)", r"axis 1 does not exist in shape \(3,\)", 2),
        ("2 * s.sum()", "a single number has nothing to reduce", 6),
        ("(2).T", r"only a matrix has a transpose, not shape \(\)", 4),
        ("exp(x, y)", r"exp takes 1 argument \(x\), not 2", 0),
        ("1 + maximum(x)", r"maximum takes 2 arguments \(x, y\), not 1", 4),
        ("exp()", r"a value is expected, not '\)'", 4),
        ("exp", "unknown name 'exp'", 0),
        ("x @ x", r"shapes do not fit: \(N, 3\) @ \(N, 3\)", 2),
        ("y * x.T", r"shapes do not fit: \(N, 3\) and \(3, N\)", 2),
        ("x + s / (2 - 2)", r"s / \(2 - 2\) is no finite real number", 6),
        ("x + 1e999", "the number 1e999 is too large", 4),
        ("x + sigmoid", "unknown name 'sigmoid'", 4),
    ],
)
def test_refused_with_the_position(text, message, position):
    with pytest.raises(FormulaError, match=message) as caught:
        parse(text, KNOWN)
    assert caught.value.position == position
    _, shown, marker = str(caught.value).splitlines()
    assert f", at position {position + 1}" in str(caught.value)
    assert shown[marker.index("^") :][:1] == text[position : position + 1]


def test_the_marker_points_into_a_long_formula():
    text = "x + " * 20 + "zz" + " * y" * 30
    with pytest.raises(FormulaError) as caught:
        parse(text, KNOWN)
    _, shown, marker = str(caught.value).splitlines()
    assert len(shown) < 90
    assert shown[marker.index("^") :].startswith("zz * y")


def test_control_characters_are_not_shown():
    with pytest.raises(FormulaError) as caught:
        parse("x +\x1b[31m y", KNOWN)
    assert "\x1b" not in str(caught.value)


# --- limits ----------------------------------------------------------------------------------------------------------


def test_a_formula_of_ten_thousand_characters_is_read_and_a_longer_one_refused():
    text = "x" + " " * (MAXIMUM_LENGTH - 1)
    assert parse(text, KNOWN) == KNOWN["x"]
    with pytest.raises(FormulaError, match="the formula is longer than 10,000 characters"):
        parse(text + " ", KNOWN)


@pytest.mark.parametrize("brackets", [("(", ")"), ("exp(", ")"), ("-", ""), ("2**", "")])
def test_deep_nesting_is_refused(brackets):
    opening, closing = brackets
    parse(opening * 40 + "s" + closing * 40, KNOWN)
    with pytest.raises(FormulaError, match=f"deeper than {MAXIMUM_DEPTH}|more than {MAXIMUM_DEPTH} operations"):
        parse(opening * 1000 + "s" + closing * 1000, KNOWN)


@pytest.mark.parametrize("more", ["+x", "*x", ".T.T", "-1"])
def test_a_long_chain_is_refused_before_it_exhausts_the_stack(more):
    parse("x" + more * 45, KNOWN)
    with pytest.raises(FormulaError, match=f"more than {MAXIMUM_DEPTH} operations inside one another"):
        parse("x" + more * 1000, KNOWN)


@given(st.text(alphabet="xyzs0123456789.eE+-*/^@()<>=, \nTsumaxisexp'\"\\;:[]{}#é∑", max_size=60))
def test_any_text_is_read_or_refused_as_a_formula(text):
    refused, expression = None, None
    try:
        expression = parse(text, KNOWN)
    except FormulaError as error:
        refused = error
    if expression is None:
        assert refused is not None
        assert 0 <= refused.position <= len(text)
        assert len(str(refused).splitlines()) == 3
    else:
        assert parse(to_text(expression), KNOWN) == expression
