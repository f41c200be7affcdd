"""reverse: the derived gradients against derivatives that share nothing with them."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.engines.reference import run_steps
from chainrule.program.expr import Expr, Name, call
from chainrule.program.ops import OPS
from chainrule.program.reverse import differentiate, expand, is_zero, size
from chainrule.program.steps import ProgramError, Step
from chainrule.program.text import FUNCTIONS, parse
from tests.complex_step import deviation, gradients, slope, untrimmed
from tests.tools import ALL
from tests.zoo import ZOO, programs, sample


@pytest.mark.parametrize("name", ZOO)
def test_gradients_of_the_zoo(name):
    program = ZOO[name]()
    assert deviation(program, sample(program)) < 1e-13


@pytest.mark.parametrize("name", ZOO)
def test_gradients_of_the_zoo_by_central_differences(name):
    program = untrimmed(ZOO[name]())
    given = sample(program)
    found = gradients(program, given)
    for parameter, gradient in found.items():
        along = np.zeros(np.shape(gradient))
        along.flat[-1] = 1.0
        exact = slope(program, given, {parameter: along})
        assert gradient.flat[-1] == pytest.approx(exact, rel=1e-9, abs=1e-12)
        assert central(program, given, parameter, along) == pytest.approx(exact, rel=1e-5, abs=1e-7)


def central(program, given, parameter, along, h=1e-6):
    """The oracle's oracle: what the complex step says is what the loss does."""

    def loss(step):
        values = given.values
        values[parameter] = values[parameter] + step * along
        steps = [s for s in program.steps if isinstance(s, Step) and s.phase in ("forward", "loss")]
        return float(run_steps(steps, values)[program.loss])

    return (loss(h) - loss(-h)) / (2 * h)


@settings(max_examples=20)
@given(programs(), st.integers(2, 5), st.integers(0, 1000))
def test_gradients_of_drawn_networks(program, rows, seed):
    assert deviation(program, sample(program, rows, seed)) < 1e-9


# --- activations and losses typed in the grammar ---------------------------------------------------------------------

CALLED = st.sampled_from(["sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "normal_cdf", "erf", "huber",
                          "sin", "abs"])  # fmt: skip
OF_TWO = st.sampled_from(["minimum({}, {})", "maximum({}, {})", "({} / (1 + {}**2))"])
CONDITIONS = st.sampled_from(["z > 0", "z <= 0.3", "(z > -1) * (z < 1)", "z * z >= 0.5", "sigmoid(z) > 0.4"])
PARTS = st.sampled_from(
    ["z", "z", "beta", "0.5", "z.mean(axis=1, keepdims=True)", "softmax(z)", "log_softmax(beta * z)",
     "(z.sum() / 100)", "(z**2).mean(axis=0)", "log_softmax(z).sum(axis=1, keepdims=True) / 10"]
)  # fmt: skip


@st.composite
def formulas(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0:
        return draw(PARTS)
    part = formulas(depth - 1)
    kind = draw(st.sampled_from(["infix", "infix", "call", "call", "choose", "factor", "two", "leaf"]))
    if kind == "leaf":
        return draw(PARTS)
    if kind == "infix":
        return f"({draw(part)} {draw(st.sampled_from('+-*'))} {draw(part)})"
    if kind == "call":
        return f"{draw(CALLED)}({draw(part)})"
    if kind == "choose":
        return f"where({draw(CONDITIONS)}, {draw(part)}, {draw(part)})"
    if kind == "factor":
        return f"({draw(CONDITIONS)}) * {draw(part)}"
    return draw(OF_TWO).format(draw(part), draw(part))


@settings(max_examples=40 if ALL else 20)
@given(formulas(), st.integers(0, 1000))
def test_gradients_of_drawn_formulas(text, seed):
    own = cr.formula("own", f"z + {text}", beta=0.8, trainable=["beta"] if "beta" in text else [])
    try:
        program = cr.derive(cr.Network(2, [cr.Dense(3, own), cr.Dense(2)]), "mean_squared_error")
    except ProgramError as error:
        assume("the loss does not depend on" not in str(error))  # beta - beta
        raise
    assert deviation(program, sample(program, 4, seed)) < 1e-11


@pytest.mark.parametrize(
    "text",
    [
        "z * softmax(z)",
        "z * z.sum(axis=1, keepdims=True)",
        "z / (1 + (z**2 + beta).sum(axis=1, keepdims=True))",
        "z - beta * z.mean()",
        "z * log_softmax(z).sum(axis=1, keepdims=True)",
        "relu(z) + relu(z - 0.5)",
        "clip(z, -1, 1) + relu(z)",
        "z - relu(-z)",
        "z + (z > 0) + (z > 0.5)",
        "z**beta * sign(z) * (z > 0)",
        "minimum(z, beta) + maximum(z, beta)",
        "(z - z.mean(axis=0)) / sqrt((z**2).mean(axis=0) + 1)",
        "log(1 + exp(z)) + log(1 + exp(-z))",
        "where(z > beta, beta * z, sin(z)) + floor(z)",
    ],
)
def test_gradients_of_formulas_that_are_easily_got_wrong(text):
    own = cr.formula("own", text, beta=0.8, trainable=["beta"] if "beta" in text else [])
    with np.errstate(invalid="ignore"):
        program = cr.derive(cr.Network(2, [cr.Dense(3, own), cr.Dense(2)]), "mean_squared_error")
        given = sample(program)
        if "**beta" in text:
            given.parameters["b1"][...] = 9.0  # a power wants z > 0
        assert deviation(program, given) < 1e-12


@pytest.mark.parametrize("text", ["abs(p - y)**1.5", "exp(p - y) + exp(p - y)**2", "(p - y) * (p > y) + 0.1 * (y - p)",
                                  "p.mean(axis=1, keepdims=True) * (p - y)**2", "-(y * log(softmax(p)))",
                                  "relu(p - y)", "softplus(2 * (p - y)) - (p - y)"])  # fmt: skip
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_of_own_losses(text, weighted):
    program = cr.derive(cr.Network.parse("3-4-2", "tanh"), text, weighted=weighted)
    assert deviation(program, sample(program)) < 1e-12


# --- the parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("sigmoid(z)", "a * (1 - a)"),
        ("tanh(z)", "1 - a**2"),
        ("relu(z)", "a > 0"),
        ("exp(z)", "a"),
        ("z", "1"),
        ("3 * z", "3"),
        ("z**2", "2 * z"),
        ("z**3", "3 * z**2"),
        ("1 / z", "-1 / z**2"),
        ("-z", "-1"),
        ("z * sigmoid(z)", "sigmoid(z) + z * (sigmoid(z) * (1 - sigmoid(z)))"),
        ("where(z > 0, z, 0.01 * z)", "where(z > 0, 1, 0.01)"),
        ("sign(z)", "0"),
        ("floor(z) + 0 * z", "0"),
        ("softmax(w) * z", "softmax(w)"),
        ("softmax(z)", "0"),  # a part of its own
    ],
)
def test_slopes_read_as_in_a_textbook(text, slope):
    z = Name("z", ("N", 3))
    expression = parse(text, {"z": z, "w": Name("w", ("N", 3))})
    assert str(differentiate(expression, z, Name("a", ("N", 3)))) == slope


def test_zero_is_zero_whatever_its_shape():
    known: dict[str, Expr] = {"z": Name("z", ("N", 3))}
    assert is_zero(parse("0 * z", known))
    assert is_zero(parse("z * (0 * z)", known))
    assert not is_zero(parse("0.1 * z", known))


def test_size():
    assert [str(size(("N", 3), axis)) for axis in (None, 0, 1)] == ["N * 3", "N", "3"]
    assert str(size(("N", 1), None)) == "N"


def test_inline_definitions_take_the_place_of_the_op():
    z, y = Name("z2", ("N", 3)), Name("y", ("N", 3))
    assert str(expand(call("softmax_cross_entropy", z, y))) == "-(y * log_softmax(z2))"


def test_typed_functions_have_a_rule_or_are_refused_by_name():
    """Every function of the grammar either passes a gradient or is refused with its name."""
    for name in FUNCTIONS:
        others = {"where": "where(z > 0, z, 1)", "power": "z**2", "clip": "clip(z, -1, 1)",
                  "full_like": "full_like(z, z.mean())"}  # fmt: skip
        arguments = ", ".join(["z", "0.5 + 0 * z"][: len(OPS[name].arguments)])
        text = others.get(name, f"{name}({arguments})")
        network = cr.Network(2, [cr.Dense(3, cr.formula("own", f"z + {text}")), cr.Dense(1)])
        if name == "full_like":
            with pytest.raises(ValueError, match="no gradient passes through full_like"):
                cr.derive(network, "mean_squared_error")
        else:
            program = cr.derive(network, "mean_squared_error")
            given = sample(program)
            given.parameters["b1"][...] = 5.0  # log and sqrt want z > 0
            assert deviation(program, given) < 1e-12
