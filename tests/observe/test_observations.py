"""Observations: the same number on every engine and in every language, and nothing else about a program changes."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import make_engine
from chainrule.observe import OBSERVATIONS, observation_names, observed
from chainrule.observe.readiness import readiness, table
from chainrule.program.steps import Step
from tests.writers.agreement import assert_agree, reference_steps, reference_trace, run_module
from tests.writers.agreement import load as load_module
from tests.writers.product import ALL
from tests.writers.test_javascript import run_node
from tests.zoo import ZOO, sample

FEW = ("founding_3_4_1", "relu_softmax_adam", "every_layer")
OF_ALL = sorted(ZOO) if ALL else FEW


@pytest.fixture(autouse=True)
def compiling_is_allowed(monkeypatch, quick_compiler):
    monkeypatch.delenv("CHAINRULE_ENGINE", raising=False)


def values_of(program, given, engine):
    made = make_engine(program, engine, "float64")
    return made.trace(given.inputs, given.parameters, given.state, given.t, given.hyperparameters)


@pytest.mark.parametrize("name", ZOO)
def test_numpy_computes_what_the_reference_computes(name):
    program = observed(ZOO[name]())
    given = sample(program)
    assert_agree(program.full, values_of(program.full, given, "numpy"), reference_trace(program, given))


@pytest.mark.parametrize("name", OF_ALL)
def test_c_and_javascript_compute_what_the_reference_computes(name, tmp_path):
    program = observed(ZOO[name]())
    given = sample(program)
    expected = reference_trace(program, given)
    assert_agree(program.full, values_of(program, given, "c"), expected)
    found = run_node({name: (program, given)}, tmp_path)[name]["module"]["trace"]
    shaped = {name: np.reshape(found[name], np.shape(expected[name])) for name in expected}
    assert_agree(program.full, shaped, expected)


@pytest.mark.parametrize("name", FEW)
def test_the_training_step_stays_what_it_was(name):
    program = ZOO[name]()
    given, seen = sample(program), observed(program)
    losses, after = run_module(seen, load_module(seen.source("numpy"))["step"], given, 3)
    plain, expected = reference_steps(program, given, 3)
    np.testing.assert_allclose(losses, plain, rtol=1e-12)
    assert_agree(program, after, expected)
    assert "# observe" not in seen.source("numpy", functions=("step",))
    assert "# observe" in seen.source("numpy", functions=("trace",))


def test_the_numbers_by_hand():
    """3-2-1, two rows: what each name says, computed here once more in plain NumPy."""
    net = cr.Network(3, [cr.Dense(2, "relu"), cr.Dense(1, "sigmoid")])
    program = cr.observed(cr.derive(net, "binary_cross_entropy", cr.Adam(0.01)))
    X = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0], [2.0, 1.0, 0.5]])
    y = np.array([[1.0], [0.0], [1.0]])
    given = {"W1": [[1.0, -1.0], [0.5, -2.0], [0.2, -0.1]], "b1": [0.0, -1.0], "W2": [[0.7], [0.3]], "b2": [0.1]}
    v = cr.trace(program, X, y, given)
    W1, W2 = np.array(given["W1"]), np.array(given["W2"])
    a1 = np.maximum(X @ W1 + given["b1"], 0)
    p = 1 / (1 + np.exp(-(a1 @ W2 + given["b2"])))
    assert v["dead1"].tolist() == [0.0, 1.0]
    assert v["dead_share1"] == 0.5
    np.testing.assert_allclose(v["slope2"], p * (1 - p))  # fused with its loss: named for the observation
    np.testing.assert_allclose(v["slope_mean1"], (a1 > 0).mean(axis=0))
    np.testing.assert_allclose(v["confidence"], abs(2 * p - 1))
    np.testing.assert_allclose(v["absolute_error"], abs(p - y).mean())
    np.testing.assert_allclose(v["correlation0"][:, 0], [np.corrcoef(c, y[:, 0])[0, 1] for c in X.T])
    np.testing.assert_allclose(v["correlation1"][0, 0], np.corrcoef(a1[:, 0], y[:, 0])[0, 1])
    assert v["correlation1"][1, 0] == 0.0  # a constant unit
    np.testing.assert_allclose(v["contribution1"], abs(X[:, :, None] * v["delta1"][:, None, :]).sum(axis=0))
    np.testing.assert_allclose(v["gradient_norm2"], np.linalg.norm(v["dW2"]))
    np.testing.assert_allclose(v["delta_size1"], np.sqrt((v["delta1"] ** 2).mean()))
    moved = v["dW1"] != 0  # Adam's first step is the rate itself, wherever there is a gradient
    np.testing.assert_allclose(v["update_norm1"], 0.01 * np.sqrt(moved.sum()), rtol=1e-5)
    np.testing.assert_allclose(v["update_ratio1"], v["update_norm1"] / np.linalg.norm(W1))
    np.testing.assert_allclose(v["unit_spread1"], np.linalg.norm(W1 - W1.mean(1, keepdims=True)) / np.linalg.norm(W1))


def test_saturated_is_a_slope_below_a_twentieth_of_the_largest():
    program = observed(cr.derive(cr.Network.parse("1-2-1", activation="sigmoid", output="sigmoid")), "slopes")
    X = [[-1.0], [0.0], [1.0]]
    v = cr.trace(program, X, [0, 0, 1], {"W1": [[9.0, 1.0]], "b1": [0.0, 0.0]})
    np.testing.assert_allclose(v["saturated1"], [2 / 3, 0.0])
    np.testing.assert_allclose(v["saturated_share1"], 1 / 3)


def test_float32_and_columns_that_do_not_vary():
    program = observed(cr.derive(cr.Network.parse("2-3-1")))
    for engine in ("numpy", "c"):
        v = cr.trace(program, [[0.1, 1.0], [0.1, 2.0], [0.1, 3.0]], [1, 2, 3], engine=engine, dtype="float32")
        assert abs(v["correlation0"][0, 0]) < 0.02
        assert v["correlation0"][1, 0] == pytest.approx(1.0, abs=1e-5)


def test_an_edited_program_is_observed_as_edited():
    program = ZOO["founding_3_4_1"]()
    edited = observed(program.replace("error2", "(a2 - y)**3"))
    given = sample(program)
    there, here = reference_trace(observed(program), given), reference_trace(edited, given)
    assert here["gradient_norm1"] != there["gradient_norm1"]
    np.testing.assert_allclose(here["gradient_norm1"], np.linalg.norm(here["dW1"]))


def test_groups_and_what_is_refused():
    program = ZOO["founding_3_4_1"]()
    assert observation_names(observed(program, "input")) == ("input_size",)
    assert set(OBSERVATIONS) == {"slopes", "gradients", "contributions", "correlation", "output", "input"}
    with pytest.raises(ValueError, match="unknown observations 'colour'; known: slopes"):
        observed(program, "colour")
    with pytest.raises(ValueError, match="observed already"):
        observed(observed(program))


def test_every_observation_has_a_note():
    for step in observed(ZOO["founding_3_4_1"]()).full.phase("observe"):
        assert isinstance(step, Step)
        assert step.note
    text = observed(ZOO["founding_3_4_1"]()).source("numpy", teaching=True, functions=("trace",))
    assert "how ready it is to learn" in text


def test_readiness_is_one_table_of_observations():
    """Question 8, by the numbers of the observations: the first case of the table that fits."""
    net = cr.Network(1, [cr.Dense(3, "relu"), cr.Dense(1, "sigmoid")])
    program = cr.observed(cr.derive(net, "binary_cross_entropy"), "slopes", "output")
    X, y = np.array([[-1.0], [1.0], [2.0], [3.0]]), np.array([[0.0], [1.0], [1.0], [1.0]])
    given = {"W1": [[1.0, 0.0, 0.0]], "b1": [0.0, 1.0, -1.0], "W2": [[99.0], [0.0], [0.0]], "b2": [-9.0]}
    v = cr.trace(program, X, y, given)
    assert v["off1"].tolist() == [0.25, 0.0, 1.0]
    np.testing.assert_allclose(v["relative_error"], abs(v["p"] - y).mean() / 0.375)
    assert readiness(v, [1, 2]) == {1: ("improvable", "undecided", "finished"), 2: ("finished",)}
    assert readiness({**v, "relative_error": 0.2}, [1, 2])[1] == ("improvable", "undecided", "stuck")
    known = {name.rstrip("0123456789") for name in v}
    assert {table()["wrong"], *table()["flat"]} <= known
