"""derive: names, phases, an example worked by hand, and what is refused."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.engine import Batches
from chainrule.engines.reference import ReferenceEngine, run_steps
from chainrule.program.steps import Step
from tests.complex_step import deviation
from tests.zoo import ZOO, sample


def names(program, phase=None):
    return [s.name for s in program.full.steps if phase in (None, s.phase)]


# --- an example worked by hand ---------------------------------------------------------------------------------------


def test_a_step_worked_by_hand():
    """2-2-1, relu then linear, half squared error, rate 0.1; one row x = (1, 2), y = 1.

    z1 = x W1 + b1 = (1*1 + 2*0.5 + 0, 1*(-1) + 2*0 + 0.5) = (2, -0.5)          a1 = (2, 0)
    z2 = 2*0.5 + 0*3 + 0.25 = 1.25                                              loss = 0.25**2 / 2 = 0.03125
    delta2 = 1.25 - 1 = 0.25
    error1 = delta2 W2' = (0.125, 0.75)       slope1 = (1, 0)                   delta1 = (0.125, 0)
    dW2 = a1' delta2 = (0.5, 0)               db2 = 0.25
    dW1 = x' delta1 = ((0.125, 0), (0.25, 0)) db1 = (0.125, 0)
    """
    program = cr.derive(cr.Network.parse("2-2-1", "relu"), "half_squared_error", cr.GradientDescent(0.1))
    values = {
        "X": np.array([[1.0, 2.0]]), "y": np.array([[1.0]]), "N": 1, "learning_rate": 0.1,
        "W1": np.array([[1.0, -1.0], [0.5, 0.0]]), "b1": np.array([0.0, 0.5]),
        "W2": np.array([[0.5], [3.0]]), "b2": np.array([0.25]),
    }  # fmt: skip
    values = run_steps(program.full.steps, values)
    by_hand = {
        "z1": [[2, -0.5]], "a1": [[2, 0]], "z2": [[1.25]], "data_loss": 0.03125, "delta2": [[0.25]],
        "error1": [[0.125, 0.75]], "slope1": [[1, 0]], "delta1": [[0.125, 0]],
        "dW2": [[0.5], [0]], "db2": [0.25], "dW1": [[0.125, 0], [0.25, 0]], "db1": [0.125, 0],
    }  # fmt: skip
    for name, expected in by_hand.items():
        assert np.asarray(values[name], float).tolist() == expected, name
    updated = {"W1": [[0.9875, -1], [0.475, 0]], "b1": [-0.0125, 0.5], "W2": [[0.45], [3]], "b2": [0.225]}
    for name, expected in updated.items():
        assert values[name] == pytest.approx(np.array(expected), rel=1e-15), name
    assert set(names(program)) == {*by_hand, *updated}


# --- FACTS.md: the founding networks ---------------------------------------------------------------------------------

FOUNDING_X = np.array([[0.0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])


def by_hand_3_4_1(y, steps):
    """The founding program, as its author wrote it."""
    random = np.random.RandomState(1)
    syn0, syn1 = 2 * random.random_sample((3, 4)) - 1, 2 * random.random_sample((4, 1)) - 1
    for _ in range(steps):
        l1 = 1 / (1 + np.exp(-(FOUNDING_X @ syn0)))
        l2 = 1 / (1 + np.exp(-(l1 @ syn1)))
        l2_delta = (y - l2) * (l2 * (1 - l2))
        l1_delta = l2_delta.dot(syn1.T) * (l1 * (1 - l1))
        syn1 += l1.T.dot(l2_delta)
        syn0 += FOUNDING_X.T.dot(l1_delta)
    return syn0, syn1


def test_the_founding_network_is_bit_identical_to_the_program_by_hand():
    program, y = ZOO["founding_3_4_1"](), np.array([[0.0], [1], [1], [0]])
    random = np.random.RandomState(1)
    parameters = {"W1": 2 * random.random_sample((3, 4)) - 1, "W2": 2 * random.random_sample((4, 1)) - 1}
    engine = ReferenceEngine(program, "float64")
    engine.run({"X": FOUNDING_X, "y": y}, Batches.whole(4, 500), {}, parameters, {}, 1, program.hyperparameters)
    syn0, syn1 = by_hand_3_4_1(y, 500)
    assert np.array_equal(parameters["W1"], syn0)
    assert np.array_equal(parameters["W2"], syn1)


# --- names -----------------------------------------------------------------------------------------------------------


def test_names_of_dense_layers():
    program = cr.derive(cr.Network.parse("3-4-2", "tanh", "sigmoid"), "mean_squared_error")
    assert names(program, "forward") == ["z1", "a1", "z2", "a2"]
    assert names(program, "loss") == ["data_loss"]
    assert names(program, "backward") == [
        "error2", "slope2", "delta2", "error1", "slope1", "delta1", "dW1", "db1", "dW2", "db2",
    ]  # fmt: skip
    assert names(program, "update") == ["W1", "b1", "W2", "b2"]


def test_what_follows_a_dense_layer_shares_its_number_and_a_repeat_adds_2():
    layers = [cr.Dropout(0.1), cr.Dense(4), cr.BatchNorm(), cr.Activation("tanh"), cr.Dropout(0.1), cr.BatchNorm(),
              cr.Activation("relu"), cr.Dense(2)]  # fmt: skip
    program = cr.derive(cr.Network(3, layers), "mean_squared_error")
    assert names(program, "forward") == [
        "h0", "z1", "mean1", "variance1", "std1", "n1", "s1", "a1", "h1",
        "mean1_2", "variance1_2", "std1_2", "n1_2", "s1_2", "a1_2", "z2",
    ]  # fmt: skip
    assert list(program.parameters) == ["W1", "gamma1", "beta1", "gamma1_2", "beta1_2", "W2", "b2"]
    assert list(program.inputs) == ["X", "y", "mask0", "mask1"]
    assert list(program.state) == ["running_mean1", "running_variance1", "running_mean1_2", "running_variance1_2"]
    assert {"ds1", "dn1", "delta1", "error1", "dh1", "dn1_2", "ds1_2", "error1_2"} <= set(names(program, "backward"))
    assert deviation(program, sample(program)) < 1e-12


@pytest.mark.parametrize(
    ("output", "loss", "prediction"),
    [
        ("softmax", "softmax_cross_entropy", "p"),
        ("softmax", "mean_squared_error", "p"),
        ("sigmoid", "binary_cross_entropy", "p"),
        ("sigmoid", "mean_squared_error", "a2"),
        ("linear", "mean_squared_error", "z2"),
        ("exp", "poisson", "a2"),
    ],
)
def test_the_output_is_called_p_where_it_is_a_probability(output, loss, prediction):
    program = cr.derive(cr.Network.parse("3-4-2", output=output), loss)
    assert program.prediction == prediction
    assert prediction in [s.name for s in program.prediction_steps]
    assert prediction in [s.name for s in program.evaluation_steps]


def test_a_repeated_sub_expression_is_named_after_op_and_layer():
    program = cr.derive(cr.Network.parse("3-4-4-1", "silu"), "mean_squared_error")
    assert {"sigmoid1", "sigmoid2"} <= set(names(program))
    assert str(program["a1"]) == "a1 = z1 * sigmoid1"
    gelu = cr.derive(cr.Network.parse("3-4-1", "gelu"))
    assert str(gelu["a1"]) == "a1 = z1 * normal_cdf1"
    assert str(gelu.full["slope1"]) == "slope1 = normal_cdf1 + z1 * normal_pdf(z1)"


def test_a_repeated_sub_expression_never_has_the_name_of_a_function():
    before = cr.derive(cr.Network(3, [cr.Activation("z * sigmoid(z) + sigmoid(z)"), cr.Dense(1)]))
    assert "sigmoid0" in names(before)
    in_the_loss = cr.derive(cr.Network.parse("3-4-1"), "exp(p - y) + exp(p - y)**2")
    assert "exp2" in names(in_the_loss)
    assert in_the_loss["exp2"].phase == "loss"
    twice = cr.derive(cr.Network(3, [cr.Dense(2, "exp(z) + exp(z)**2 + exp(-z) * (1 + exp(-z))"), cr.Dense(1)]))
    assert {"exp1", "exp1_2"} <= set(names(twice))
    for program in (before, in_the_loss, twice):
        assert deviation(program, sample(program)) < 1e-12


def test_own_names_never_enter():
    own = cr.formula("import os", "z * sigmoid(c * z)", c=1.0)
    program = cr.derive(cr.Network(2, [cr.Dense(2, own), cr.Dense(1)]))
    assert not [s for s in program.steps if "import" in str(s)]


def test_what_occurs_twice_is_computed_once():
    """The output a of a softplus, the exponential in its slope: no recomputation of what has a name."""
    program = cr.derive(cr.Network(3, [cr.Dense(4, "exp"), cr.Dense(1)])).full
    assert str(program["slope1"]) == "slope1 = a1"
    program = cr.derive(cr.Network.parse("3-4-3", output="softmax"), "softmax_cross_entropy").full
    assert sum("softmax(z2)" in str(s).replace("log_softmax", "") for s in program.steps) == 1


# --- phases, updates, trimming ---------------------------------------------------------------------------------------


def test_clip_delta_trims_every_delta_before_it_is_passed_back():
    program = ZOO["clip_delta"]()
    assert str(program["delta2"]) == "delta2 = clip(z2 - y, -clip_delta, clip_delta)"
    assert str(program["delta1"]).startswith("delta1 = clip((delta2 @ W2.T) * ")
    values = run_steps(program.steps, sample(program).values)
    assert np.abs(values["delta2"]).max() == 0.3
    assert program.hyperparameters["clip_delta"] == 0.3


def test_trimming_acts_after_the_division_by_n():
    program = cr.derive(cr.Network.parse("3-2", output="softmax"), "softmax_cross_entropy", clip_delta=0.01)
    assert str(program["delta1"]) == "delta1 = clip((p - y) / N, -clip_delta, clip_delta)"


def test_frozen_layers_make_the_program_shorter():
    def derived(*trainable):
        layers = [cr.Dense(4, "tanh", trainable=t) for t in trainable]
        return cr.derive(cr.Network(3, [*layers, cr.Dense(2)]), "mean_squared_error", cr.Momentum())

    free, last, first = derived(True, True), derived(False, False), derived(True, False)
    assert len(last.full.steps) < len(first.full.steps) < len(free.full.steps)
    # nothing is passed back to where nobody waits for it
    assert names(last, "backward") == ["delta3", "dW3", "db3"]
    assert last.trainable == ("W3", "b3")
    assert list(last.state) == ["vW3", "vb3"]
    # through a frozen layer, the delta goes on
    assert "dW2" not in names(first)
    assert {"delta2", "delta1", "dW1"} <= set(names(first))
    assert list(last.parameters) == ["W1", "b1", "W2", "b2", "W3", "b3"]


def test_nothing_to_train():
    with pytest.raises(ValueError, match="nothing to train: every layer has trainable=False"):
        cr.derive(cr.Network(3, [cr.Dense(4, trainable=False)]))


def test_n_stays_symbolic():
    program = ZOO["deep_batch_norm"]()
    assert {s.shape[0] for s in program.full.phase("forward") if len(s.shape) == 2} == {"N"}
    for rows in (2, 8):
        assert len(run_steps(program.steps, sample(program, rows).values)[program.prediction]) == rows


def test_prediction_and_evaluation_need_no_masks_and_no_weights():
    for name in ("every_layer", "l2_weighted", "deep_batch_norm"):
        program = ZOO[name]()
        given = sample(program)
        engine = ReferenceEngine(program, "float64")
        output = engine.predict(given.inputs["X"], given.parameters, given.state)
        again, loss = engine.evaluate(given.inputs["X"], given.inputs["y"], given.parameters, given.state)
        assert output.shape == given.inputs["y"].shape
        assert np.array_equal(output, again)
        assert np.isfinite(loss)


def test_the_reference_traces_every_step_and_changes_nothing():
    program = ZOO["every_layer"]()
    given = sample(program)
    kept = {name: array.copy() for name, array in {**given.parameters, **given.state}.items()}
    traced = ReferenceEngine(program.full, "float64").trace(
        given.inputs, given.parameters, given.state, given.t, given.hyperparameters
    )
    assert list(traced) == [s.name for s in program.full.steps if isinstance(s, Step)]
    assert all(np.array_equal(array, kept[name]) for name, array in {**given.parameters, **given.state}.items())


def test_several_steps_on_the_reference_engine():
    program = ZOO["deep_batch_norm"]()
    given = sample(program, rows=12)
    rows = [np.arange(0, 6), np.arange(6, 12), np.arange(3, 8)]
    batches = Batches(np.array([0, 6, 12, 17]), np.concatenate(rows))
    masks = {name: given.inputs[name][batches.rows] for name in given.inputs if name.startswith("mask")}
    inputs = {name: given.inputs[name] for name in ("X", "y")}
    values, expected = given.values, []
    for t, batch in enumerate(rows, start=1):
        values |= {name: array[batch] for name, array in given.inputs.items()} | {"t": t, "N": len(batch)}
        expected.append(float(run_steps(program.steps, values)[program.loss]))
    losses = ReferenceEngine(program, "float64").run(
        inputs, batches, masks, given.parameters, given.state, 1, given.hyperparameters
    )
    assert losses.tolist() == expected
    assert all(np.array_equal(array, values[n]) for n, array in {**given.parameters, **given.state}.items())


# --- what is refused -------------------------------------------------------------------------------------------------


def test_what_is_no_network():
    with pytest.raises(ValueError, match=r"derive takes a Network \(Network.parse reads '3-4-1'\), not '3-4-1'"):
        cr.derive("3-4-1")  # type: ignore[arg-type]


def test_a_parameter_that_the_loss_does_not_depend_on():
    with pytest.raises(ValueError, match="of layer 1 has slope 0 everywhere"):
        cr.derive(cr.Network(2, [cr.Dense(2, "sign(z)"), cr.Dense(1)]))


def test_an_operation_without_a_derivative():
    own = cr.formula("own", "z / z.max(axis=1, keepdims=True)")
    with pytest.raises(ValueError, match="no gradient passes through max: the op table has no rule for it"):
        cr.derive(cr.Network(2, [cr.Dense(2, own), cr.Dense(1)]))


def test_two_contractions_in_a_formula():
    with pytest.raises(ValueError, match="a formula may hold no matrix product"):
        cr.derive(cr.Network(2, [cr.Dense(2, "z @ (z.T @ z) @ (z.T @ z)"), cr.Dense(1)]))


@pytest.mark.parametrize("text", ["+".join(["z"] * 40), "exp(" * 30 + "0.1 * z" + ")" * 30, "z" + "*sigmoid(z)" * 40])
def test_long_formulas_derive(text):
    program = cr.derive(cr.Network(2, [cr.Dense(2, text), cr.Dense(1)]))
    with np.errstate(all="ignore"):
        given = sample(program)
        values = run_steps(program.steps, given.values)
        assert not np.isfinite(values["data_loss"]) or deviation(program, given) < 1e-9
