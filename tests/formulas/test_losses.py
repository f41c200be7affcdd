"""The eight losses: conventions by hand, reductions, weights, fused pairs, and what does not fit."""

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.reference import run_steps
from chainrule.formulas.losses import LOSSES, loss
from tests.complex_step import deviation
from tests.zoo import sample

# Two rows, two columns. The errors p - y are 1, -2, 0.5, 3.
P = np.array([[1.0, 1.0], [2.5, 4.0]])
Y = np.array([[0.0, 3.0], [2.0, 1.0]])


def value_and_delta(name, p=P, y=Y, output="linear", **more):
    """Loss and its derivative by z of a network that passes z = X on."""
    program = cr.derive(cr.Network(2, [cr.Dense(2, output, bias=False)]), name, weighted="sample_weight" in more)
    inputs = {"X": p, "y": y, "W1": np.eye(2), "N": len(p), "learning_rate": 0.0, **more}
    values = run_steps(program.full.steps, inputs)
    return float(values["data_loss"]), np.asarray(values["delta1"])


def test_the_names():
    assert list(LOSSES) == [
        "half_squared_error", "half_mean_squared_error", "mean_squared_error", "mean_absolute_error", "huber",
        "poisson", "binary_cross_entropy", "softmax_cross_entropy",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "delta"),
    [
        # 1 + 4 + 0.25 + 9 = 14.25
        ("half_squared_error", 14.25 / 2, [[1, -2], [0.5, 3]]),
        ("half_mean_squared_error", 14.25 / 2 / 4, [[1 / 4, -2 / 4], [0.5 / 4, 3 / 4]]),
        ("mean_squared_error", 14.25 / 4, [[2 / 4, -4 / 4], [1 / 4, 6 / 4]]),
        # 1 + 2 + 0.5 + 3 = 6.5
        ("mean_absolute_error", 6.5 / 4, [[0.25, -0.25], [0.25, 0.25]]),
        # within 1: half the square, 0.5 and 0.125; beyond: 2 - 0.5 and 3 - 0.5
        ("huber", (0.5 + 1.5 + 0.125 + 2.5) / 4, [[0.25, -0.25], [0.125, 0.25]]),
    ],
)
def test_by_hand(name, value, delta):
    found, delta1 = value_and_delta(name)
    assert found == pytest.approx(value, rel=1e-15)
    assert delta1 == pytest.approx(np.array(delta), rel=1e-15)


def test_huber_and_absolute_error_at_the_kinks():
    _, delta = value_and_delta("mean_absolute_error", p=Y)
    assert np.array_equal(delta, np.zeros((2, 2)))
    _, delta = value_and_delta("huber", p=Y + 1)
    assert np.array_equal(np.abs(delta) <= 0.25, np.ones((2, 2), bool))


def test_poisson_by_hand():
    """The terms are p - y log p = exp(z) - y z: with z = ln 2, ln 4 and y = 1, 3, 2 - ln 2 and 4 - 3 ln 4."""
    z, y = np.log([[2.0, 4.0]]), np.array([[1.0, 3.0]])
    value, delta = value_and_delta("poisson", z, y, "exp")
    assert value == pytest.approx((2 - math.log(2) + 4 - 3 * math.log(4)) / 2)
    assert delta == pytest.approx(np.array([[(2 - 1) / 2, (4 - 3) / 2]]))  # (p - y) / (N * k)


def test_binary_cross_entropy_by_hand():
    """With z = ln 3 and -ln 3, so p = 3/4 and 1/4; y = 1 and 1: -ln 3/4 and -ln 1/4, the mean of both."""
    z, y = np.array([[math.log(3), -math.log(3)]]), np.ones((1, 2))
    value, delta = value_and_delta("binary_cross_entropy", z, y, "sigmoid")
    assert value == pytest.approx(-(math.log(3 / 4) + math.log(1 / 4)) / 2)
    assert delta == pytest.approx(np.array([[-1 / 8, -3 / 8]]))  # (p - y) / (N * k)


def test_softmax_cross_entropy_is_a_mean_over_rows():
    """With z = (0, ln 3): p = 1/4, 3/4, for both of two rows; y the first column, then the second."""
    z, y = np.array([[0.0, math.log(3)]] * 2), np.eye(2)
    value, delta = value_and_delta("softmax_cross_entropy", z, y, "softmax")
    assert value == pytest.approx(-(math.log(1 / 4) + math.log(3 / 4)) / 2)
    assert delta == pytest.approx(np.array([[-3 / 8, 3 / 8], [1 / 8, -1 / 8]]))  # (p - y) / N


@pytest.mark.parametrize("name", ["binary_cross_entropy", "softmax_cross_entropy"])
def test_fused_losses_survive_saturation(name):
    output = {"binary_cross_entropy": "sigmoid", "softmax_cross_entropy": "softmax"}[name]
    z, y = np.array([[-800.0, 800.0]]), np.array([[1.0, 0.0]])
    with np.errstate(over="ignore"):
        value, delta = value_and_delta(name, z, y, output)
    assert value == pytest.approx(800.0 if output == "sigmoid" else 1600.0)
    assert np.isfinite(delta).all()


def test_fused_pairs_read_as_p_minus_y():
    def delta(output, name, units=3):
        return str(cr.derive(cr.Network(2, [cr.Dense(units, output)]), name)["delta1"])

    assert delta("softmax", "softmax_cross_entropy") == "delta1 = (p - y) / N"
    assert delta("sigmoid", "binary_cross_entropy") == "delta1 = (p - y) / (N * 3)"
    assert delta("sigmoid", "binary_cross_entropy", 1) == "delta1 = (p - y) / N"
    assert delta("exp", "poisson") == "delta1 = (a1 - y) / (N * 3)"
    assert delta("linear", "mean_squared_error") == "delta1 = 2 * (z1 - y) / (N * 3)"


# --- weights of rows -------------------------------------------------------------------------------------------------

W = np.array([[1.0], [3.0]])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("half_squared_error", (1 * 5 + 3 * 9.25) / 2),  # the sum: 1 + 4, and 0.25 + 9, by row
        ("half_mean_squared_error", (1 * 5 + 3 * 9.25) / (4 * 2) / 2),  # over the weights, 1 + 3, times the columns
        ("mean_squared_error", (1 * 5 + 3 * 9.25) / (4 * 2)),
        ("mean_absolute_error", (1 * 3 + 3 * 3.5) / (4 * 2)),
    ],
)
def test_weighted_by_hand(name, value):
    found, _ = value_and_delta(name, sample_weight=W)
    assert found == pytest.approx(value, rel=1e-15)


def test_weighted_cross_entropy_by_hand():
    z, y = np.array([[0.0, math.log(3)]] * 2), np.eye(2)
    value, delta = value_and_delta("softmax_cross_entropy", z, y, "softmax", sample_weight=W)
    assert value == pytest.approx(-(1 * math.log(1 / 4) + 3 * math.log(3 / 4)) / 4)
    assert delta == pytest.approx(np.array([[-3 / 16, 3 / 16], [3 / 16, -3 / 16]]))


@pytest.mark.parametrize("name", ["half_squared_error", "mean_squared_error", "huber"])
def test_equal_weights_change_nothing_but_a_sum(name):
    plain, weighted = value_and_delta(name), value_and_delta(name, sample_weight=np.full((2, 1), 2.0))
    factor = 2.0 if name == "half_squared_error" else 1.0
    assert weighted[0] == pytest.approx(factor * plain[0])
    assert weighted[1] == pytest.approx(factor * plain[1])


def test_a_weight_of_two_counts_as_two_rows():
    once, _ = value_and_delta("huber", sample_weight=np.array([[2.0], [1.0]]))
    twice, _ = value_and_delta("huber", P[[0, 0, 1]], Y[[0, 0, 1]])
    assert once == pytest.approx(twice)


# --- own losses ------------------------------------------------------------------------------------------------------


def test_an_own_loss_is_a_mean_over_elements():
    value, delta = value_and_delta("(p - y)**2")
    assert (value, delta.tolist()) == (value_and_delta("mean_squared_error")[0], [[0.5, -1], [0.25, 1.5]])
    value, _ = value_and_delta(lambda p, y: abs(p - y))
    assert value == 6.5 / 4


def test_scalars_of_an_own_loss():
    quantile = cr.formula("quantile", "maximum(q * (y - p), (q - 1) * (y - p))", q=0.9)
    value, delta = value_and_delta(quantile)  # y - p: -1, 2, -0.5, -3
    assert value == pytest.approx((0.1 + 1.8 + 0.05 + 0.3) / 4)
    assert delta == pytest.approx(np.array([[0.1, -0.9], [0.1, 0.1]]) / 4)


def test_an_own_loss_is_taken_at_its_word():
    program = cr.derive(cr.Network.parse("3-4-2", "tanh"), "exp(p) - y * p")
    assert deviation(program, sample(program)) < 1e-13


def test_a_loss_of_ones_own_book():
    mine = cr.Loss("mine", cr.formula("mine", "(p - y)**4"), reduction="rows", factor=0.25)
    value, _ = value_and_delta(mine)
    assert value == pytest.approx(0.25 * (1 + 16 + 0.0625 + 81) / 2)


# --- what does not fit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "output", "message"),
    [
        ("softmax_cross_entropy", "sigmoid", "softmax_cross_entropy needs softmax as output activation, not sigmoid"),
        ("softmax_cross_entropy", "linear", "needs softmax as output activation, not linear"),
        ("binary_cross_entropy", "linear", "loss binary_cross_entropy needs sigmoid as output activation, not linear"),
        ("binary_cross_entropy", "softmax", "needs sigmoid as output activation, not softmax"),
        ("poisson", "linear", "loss poisson needs exp or softplus or sigmoid as output activation, not linear"),
        ("poisson", "tanh", "loss poisson needs exp or softplus or sigmoid as output activation, not tanh"),
    ],
)
def test_a_loss_that_does_not_fit_the_output(name, output, message):
    with pytest.raises(ValueError, match=message):
        cr.derive(cr.Network.parse("3-4-2", output=output), name)


def test_softmax_over_one_output():
    with pytest.raises(ValueError, match="softmax over a single output is always 1; use sigmoid, or two outputs"):
        cr.derive(cr.Network.parse("3-4-1", output="softmax"), "softmax_cross_entropy")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown loss 'mse'; known: half_squared_error, .*, or a formula in p and y"):
        loss("mse")
