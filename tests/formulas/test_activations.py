"""The eleven activations: names, values by hand, kinks; adding one is one row."""

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.reference import run_steps
from chainrule.formulas import activations
from chainrule.formulas.activations import ACTIVATIONS, activation
from chainrule.formulas.formula import Formula
from tests.complex_step import deviation
from tests.zoo import sample

phi = math.erf(1 / math.sqrt(2)) / 2 + 0.5  # of the normal distribution, at 1

# activation: its value at z = -1, 0, 1, and its slope there
BY_HAND: dict[str, tuple[list[float], list[float]]] = {
    "linear": ([-1, 0, 1], [1, 1, 1]),
    "sigmoid": ([0.2689414213699951, 0.5, 0.7310585786300049], [0.19661193324148185, 0.25, 0.19661193324148185]),
    "tanh": ([-0.7615941559557649, 0, 0.7615941559557649], [0.41997434161402614, 1, 0.41997434161402614]),
    "relu": ([0, 0, 1], [0, 0, 1]),
    "leaky_relu": ([-0.01, 0, 1], [0.01, 0.01, 1]),
    "elu": ([math.exp(-1) - 1, 0, 1], [math.exp(-1), 1, 1]),
    "gelu": ([phi - 1, 0, phi], [1 - phi - 0.24197072451914337, 0.5, phi + 0.24197072451914337]),
    "silu": ([-0.2689414213699951, 0, 0.7310585786300049], [0.07232948812851325, 0.5, 0.9276705118714869]),
    "softplus": ([0.31326168751822286, math.log(2), 1.3132616875182228], [0.2689414213699951, 0.5, 0.7310585786300049]),
    "exp": ([math.exp(-1), 1, math.e], [math.exp(-1), 1, math.e]),
}


def test_the_names():
    assert list(ACTIVATIONS) == [
        "linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "exp", "softmax",
    ]  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_value_and_slope_by_hand(name):
    """One input, one weight of 1, no bias: z = x, and the loss sum(a) / N has dL/dW = sum(x * slope) / N."""
    program = cr.derive(cr.Network(1, [cr.Dense(1, name, bias=False)]), cr.formula("output", "p + 0 * y")).full
    for x, a, slope in zip([-1.0, 0.0, 1.0], *BY_HAND[name], strict=True):
        X = np.array([[x]])
        values = run_steps(program.steps, {"X": X, "y": X, "W1": np.ones((1, 1)), "N": 1, "learning_rate": 0.0})
        assert values[program.prediction].item() == pytest.approx(a, abs=1e-15)
        assert values["delta1"].item() == pytest.approx(slope, abs=1e-15)
        assert values["dW1"].item() == pytest.approx(x * slope, abs=1e-15)


def test_softmax_by_hand():
    """With z = (0, ln 2, ln 5): the exponentials are 1, 2, 5, their shares 1/8, 2/8, 5/8."""
    program = cr.derive(cr.Network(3, [cr.Dense(3, "softmax", bias=False)]), "softmax_cross_entropy")
    values = {"X": np.log([[1.0, 2.0, 5.0]]), "W1": np.eye(3), "y": np.eye(3)[2:], "N": 1, "learning_rate": 0.0}
    values = run_steps(program.full.steps, values)
    assert values["p"] == pytest.approx(np.array([[0.125, 0.25, 0.625]]))
    assert values["data_loss"] == pytest.approx(-math.log(0.625))
    assert values["delta1"] == pytest.approx(np.array([[0.125, 0.25, -0.375]]))


@pytest.mark.parametrize(
    ("name", "initial"),
    [("sigmoid", "glorot"), ("tanh", "glorot"), ("linear", "glorot"), ("softmax", "glorot"), ("exp", "glorot"),
     ("relu", "he"), ("leaky_relu", "he"), ("elu", "he"), ("gelu", "he"), ("silu", "he"), ("softplus", "he")],
)  # fmt: skip
def test_how_weights_in_front_start(name, initial):
    assert activation(name).initial == initial


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown activation 'sigmod'; known: linear, sigmoid, .*, or a formula in z"):
        activation("sigmod")


def test_a_formula_a_function_and_a_row():
    assert activation("z * sigmoid(1.702 * z)").text == "z * sigmoid(1.702 * z)"
    assert activation(lambda z: z * cr.sigmoid(z)) == Formula("formula", "z * sigmoid(z)")

    def square(z):
        return z**2

    assert activation(square) == Formula("square", "z**2")
    assert activation(ACTIVATIONS["gelu"]) is ACTIVATIONS["gelu"]


def test_adding_mish_is_one_row(monkeypatch):
    """Misra (2019): z tanh(softplus(z)). The row is all; the network knows it by name."""
    row = Formula("mish", "z * tanh(softplus(z))", initial="he")
    monkeypatch.setitem(activations.ACTIVATIONS, row.name, row)

    network = cr.Network.parse("3-5-4-2", activation="mish")
    program = cr.derive(network, "mean_squared_error", cr.Adam(0.01), cr.L2(0.01))
    given = sample(program)
    assert deviation(program, given) < 1e-13
    values = run_steps(program.full.steps, given.values)
    assert values["a1"] == pytest.approx(values["z1"] * np.tanh(np.log1p(np.exp(values["z1"]))), rel=1e-14)
    assert program.parameters["W1"].limit == "sqrt(6 / 3)"
    assert "mish" in program.title
    losses = train(program, given, 200)
    assert losses[-1] < 0.5 * losses[0]


def train(program, given, steps):
    """Some steps on the same rows; the losses."""
    values, losses = given.values, []
    for t in range(1, steps + 1):
        values["t"] = t
        run_steps(program.steps, values)
        losses.append(float(values[program.loss]))
    return losses
