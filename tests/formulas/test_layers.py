"""The layers: what each computes in training and in prediction, by hand."""

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.reference import ReferenceEngine, run_steps
from chainrule.formulas.layers import LAYERS, Layer
from chainrule.program.builder import Builder
from tests.complex_step import deviation
from tests.zoo import ZOO, sample


def test_the_names():
    assert list(LAYERS) == ["dense", "dropout", "batch_norm", "activation"]


def test_dense():
    program = cr.derive(cr.Network(2, [cr.Dense(2, "relu")]))
    values = {"X": np.array([[1.0, 2.0]]), "W1": np.array([[1.0, -1.0], [0.5, 0.0]]), "b1": np.array([0.5, 0.25])}
    values = run_steps(program.full.prediction_steps, {**values, "N": 1})
    assert values["z1"].tolist() == [[2.5, -0.75]]  # 1 + 1 + 0.5, -1 + 0 + 0.25
    assert values["a1"].tolist() == [[2.5, 0.0]]


# --- batch norm ------------------------------------------------------------------------------------------------------

# One column, x = 1, 2, 3, 6: mean 3, biased variance (4 + 1 + 0 + 9) / 4 = 3.5, unbiased 14 / 3.
X = np.array([[1.0], [2.0], [3.0], [6.0]])


def normed():
    program = cr.derive(cr.Network(1, [cr.BatchNorm(), cr.Dense(1, bias=False)]), optimizer=cr.GradientDescent(0.0))
    values = {"X": X, "y": X, "N": 4, "gamma0": np.array([2.0]), "beta0": np.array([0.5]), "W1": np.ones((1, 1)),
              "running_mean0": np.zeros(1), "running_variance0": np.ones(1), "learning_rate": 0.0}  # fmt: skip
    return program, run_steps(program.full.steps, values)


def test_batch_norm_takes_mean_and_biased_variance_of_the_batch():
    _, values = normed()
    assert (values["mean0"].item(), values["variance0"].item()) == (3.0, 3.5)
    assert values["std0"].item() == np.sqrt(3.5 + 1e-5)
    assert values["n0"].ravel() == pytest.approx(np.array([-2, -1, 0, 3]) / np.sqrt(3.50001))
    assert values["s0"].ravel() == pytest.approx(2 * np.array([-2, -1, 0, 3]) / np.sqrt(3.50001) + 0.5)


def test_running_statistics_move_a_tenth_and_the_variance_is_unbiased():
    _, values = normed()
    assert values["running_mean0"].item() == pytest.approx(0.9 * 0 + 0.1 * 3)
    assert values["running_variance0"].item() == pytest.approx(0.9 * 1 + 0.1 * 14 / 3)


def test_prediction_takes_the_running_statistics():
    program, values = normed()
    parameters = {name: values[name] for name in program.parameters}
    state = {"running_mean0": np.array([1.0]), "running_variance0": np.array([4.0 - 1e-5])}
    output = ReferenceEngine(program, "float64").predict(X, parameters, state)
    assert output.ravel() == pytest.approx([0.5, 1.5, 2.5, 5.5])  # 2 (x - 1) / 2 + 0.5


def test_no_bias_where_batch_norm_follows():
    program = cr.derive(cr.Network.parse("2-3-1", batch_norm=True))
    assert list(program.parameters) == ["W1", "gamma1", "beta1", "W2", "b2"]
    assert program.parameters["gamma1"].shape == (3,)


def test_batch_norm_of_a_frozen_layer_learns_no_gamma_but_its_statistics_move():
    program = ZOO["frozen_between"]()
    assert program.trainable == ("W1", "b1", "beta1", "W3", "b3")
    assert str(program["running_mean2"]).startswith("running_mean2 = 0.9 * running_mean2")


# --- dropout ---------------------------------------------------------------------------------------------------------


def test_dropout_makes_up_for_what_it_leaves_out():
    program = cr.derive(cr.Network(4, [cr.Dropout(0.2), cr.Dense(1)]))
    assert str(program["h0"]) == "h0 = X * (mask0 / 0.8)"
    assert [(mask.name, mask.units, mask.keep) for mask in program.masks] == [("mask0", 4, 0.8)]
    assert dict(program.inputs) == {"X": ("N", 4), "y": ("N", 1), "mask0": ("N", 4)}


def test_dropout_is_the_identity_in_prediction():
    program = cr.derive(cr.Network.parse("3-4-1", "tanh", dropout=0.5))
    assert [str(s) for s in program.prediction_steps] == ["a1 = tanh(X @ W1 + b1)", "z2 = a1 @ W2 + b2"]
    assert str(program["delta1"]) == "delta1 = (delta2 @ W2.T) * (mask1 / 0.5) * (1 - a1**2)"


def test_dropout_of_nothing_is_nothing():
    assert cr.derive(cr.Network(3, [cr.Dropout(0.0), cr.Dense(1)])).masks == ()


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, float("nan"), "0.5", True])
def test_rates_refused(rate):
    with pytest.raises(ValueError, match=r"Dropout\(.*\): the rate must be at least 0 and below 1"):
        cr.Dropout(rate)


# --- activations as layers -------------------------------------------------------------------------------------------


def test_an_activation_layer_is_the_same_as_that_of_dense():
    one = cr.derive(cr.Network(3, [cr.Dense(4), cr.Activation("silu"), cr.Dense(1)]))
    other = cr.derive(cr.Network(3, [cr.Dense(4, "silu"), cr.Dense(1)]))
    assert [str(s) for s in one.steps] == [str(s) for s in other.steps]


def test_two_activations_in_a_row_are_told_apart():
    program = cr.derive(cr.Network(3, [cr.Dense(4, "tanh"), cr.Activation("sigmoid"), cr.Dense(1)])).full
    assert [s.name for s in program.steps][:3] == ["z1", "a1", "a1_2"]
    assert {"error1", "slope1", "delta1", "error1_2", "slope1_2"} <= {s.name for s in program.steps}
    assert deviation(program, sample(program)) < 1e-13


def test_the_linear_activation_adds_no_step():
    program = cr.derive(cr.Network(3, [cr.Dense(2, "linear"), cr.Activation("linear")]))
    assert [s.name for s in program.full.phase("forward")] == ["z1"]
    assert program.prediction == "z1"


# --- Dense refuses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "message"),
    [
        (0, r"Dense\(0\): units must be at least 1"),
        (-3, r"Dense\(-3\): units must be at least 1"),
        (2.5, r"Dense\(2.5\): units must be a whole number"),
        ("4", r"Dense\('4'\): units must be a whole number"),
        (True, r"Dense\(True\): units must be a whole number"),
        (None, r"Dense\(None\): units must be a whole number"),
    ],
)
def test_units_refused(units, message):
    with pytest.raises(ValueError, match=message):
        cr.Dense(units)


def test_an_unknown_activation_lists_the_known_ones():
    for layer in (cr.Dense, lambda name, activation: cr.Activation(activation)):
        with pytest.raises(ValueError, match="unknown activation 'rely'; known: linear, sigmoid"):
            layer(3, "rely")


def test_units_may_be_numpy_integers():
    four: Any = np.int64(4)
    layer = cr.Dense(four)
    assert type(layer.units) is int
    assert cr.derive(cr.Network(four, [layer, cr.Dropout(0.5), cr.Dense(1)])).inputs["mask1"] == ("N", 4)


# --- a layer of one's own is one small class -------------------------------------------------------------------------


def test_a_layer_of_ones_own_declares_no_backward():
    class Residual(Layer):
        """x + tanh(x): the identity beside an activation."""

        def forward(self, build: Builder, x):
            from chainrule.program.expr import call

            return build.step("r", x + call("tanh", x), "scaled")

    program = cr.derive(cr.Network(3, [cr.Dense(4), Residual(), cr.Dense(2)]), "mean_squared_error")
    assert str(program["r1"]) == "r1 = z1 + tanh1"
    assert deviation(program, sample(program)) < 1e-13
    with pytest.raises(NotImplementedError, match="Layer has no forward"):
        cr.derive(cr.Network(3, [Layer(), cr.Dense(2)]))
