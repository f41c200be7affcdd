"""How parameters start: limits by hand, given arrays, what is refused."""

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.reference import evaluate
from chainrule.formulas.initial import LIMITS, limit
from chainrule.program.text import parse


def test_limits_by_hand():
    assert limit("glorot", 3, 5) == "sqrt(6 / (3 + 5))"
    assert limit("he", 3, 5) == "sqrt(6 / 3)"
    assert evaluate(parse(limit("glorot", 3, 5), {}), {}) == pytest.approx(math.sqrt(0.75))
    assert evaluate(parse(limit("he", 24, 5), {}), {}) == 0.5
    assert evaluate(parse(limit("uniform", 3, 5), {}), {}) == 1
    assert list(LIMITS) == ["glorot", "he", "uniform"]


def test_the_activation_chooses_and_the_layer_may():
    layers = [cr.Dense(4, "relu"), cr.Dense(4, "relu", initial="glorot"), cr.Dense(1, initial="uniform")]
    parameters = cr.derive(cr.Network(2, layers)).parameters
    assert [parameters[n].limit for n in ("W1", "W2", "W3")] == ["sqrt(6 / 2)", "sqrt(6 / (4 + 4))", "1"]
    assert [parameters[n].start for n in ("b1", "b2", "b3")] == [0, 0, 0]


def test_an_own_formula_may_say_how():
    swish = cr.formula("swish", "z * sigmoid(z)", initial="he")
    assert cr.derive(cr.Network(2, [cr.Dense(1, swish)])).parameters["W1"].limit == "sqrt(6 / 2)"


def test_batch_norm_starts_as_the_identity():
    parameters = cr.derive(cr.Network.parse("2-3-1", batch_norm=True)).parameters
    assert (parameters["gamma1"].start, parameters["beta1"].start) == (1, 0)


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_given_arrays(kind):
    layer = cr.Dense(2, initial=kind([[1, 2], [3, 4], [5, 6]]))
    assert layer.initial == ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0))
    assert cr.derive(cr.Network(3, [layer])).parameters["W1"].values == layer.initial


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("xavier", "unknown initial weights 'xavier'; known: glorot, he, uniform, or an array"),
        ([1, 2], "the initial weights must be a matrix of numbers"),
        ([[1, 2], [3]], "rows of the same length"),
        ([], "rows of the same length"),
        ([["a"]], "the initial weights must be a matrix of numbers"),
        ([[1.0, float("nan")]], "the initial weights must be finite numbers"),
    ],
)
def test_refused(given, message):
    with pytest.raises(ValueError, match=message):
        cr.Dense(2, initial=given)


def test_a_shape_that_does_not_fit():
    with pytest.raises(ValueError, match=r"Dense\(2\): the initial weights have shape \(1, 2\), .* have \(3, 2\)"):
        cr.derive(cr.Network(3, [cr.Dense(2, initial=[[1, 2]])]))
    with pytest.raises(ValueError, match="unknown initial weights 'xavier'"):
        cr.formula("own", "z * 2", initial="xavier")
