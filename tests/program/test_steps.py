"""Program: the six lines, looking things up, editing what one reads, and pickling."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings

import chainrule as cr
from chainrule.engines.reference import run_steps
from chainrule.program.condense import condense
from chainrule.program.expr import names
from chainrule.program.ops import ShapeError
from chainrule.program.steps import ProgramError, Step, Update, rename
from chainrule.program.text import FormulaError
from tests.complex_step import deviation
from tests.zoo import ZOO, programs, sample


def lines(program, phase=None):
    return [str(step) for step in program.steps if phase in (None, step.phase)]


# --- the standard of DESIGN.md ---------------------------------------------------------------------------------------


def test_the_six_lines_and_their_loss():
    assert lines(ZOO["founding_3_4_1"]()) == [
        "a1 = sigmoid(X @ W1)",
        "a2 = sigmoid(a1 @ W2)",
        "data_loss = 0.5 * ((a2 - y)**2).sum()",
        "delta2 = (a2 - y) * (a2 * (1 - a2))",
        "delta1 = (delta2 @ W2.T) * (a1 * (1 - a1))",
        "W1 = W1 - learning_rate * (X.T @ delta1)",
        "W2 = W2 - learning_rate * (a1.T @ delta2)",
    ]


def test_relu_and_softmax():
    program = cr.derive(cr.Network.parse("4-6-3", "relu", "softmax"), "softmax_cross_entropy", cr.Momentum(0.1))
    assert lines(program) == [
        "a1 = relu(X @ W1 + b1)",
        "z2 = a1 @ W2 + b2",
        "p = softmax(z2)",
        "data_loss = -(y * log_softmax(z2)).sum() / N",
        "delta2 = (p - y) / N",
        "delta1 = (delta2 @ W2.T) * (a1 > 0)",
        "dW1 = X.T @ delta1",
        "db1 = delta1.sum(axis=0)",
        "dW2 = a1.T @ delta2",
        "db2 = delta2.sum(axis=0)",
        "vW1 = mu * vW1 + dW1; W1 = W1 - learning_rate * vW1",
        "vb1 = mu * vb1 + db1; b1 = b1 - learning_rate * vb1",
        "vW2 = mu * vW2 + dW2; W2 = W2 - learning_rate * vW2",
        "vb2 = mu * vb2 + db2; b2 = b2 - learning_rate * vb2",
    ]


def test_batch_norm_reads_as_in_the_textbook():
    program = cr.derive(cr.Network(3, [cr.Dense(4, "relu", batch_norm=True), cr.Dense(1)]), "mean_squared_error")
    assert lines(program)[:6] == [
        "z1 = X @ W1",
        "mean1 = z1.mean(axis=0)",
        "variance1 = z1.var(axis=0)",
        "std1 = sqrt(variance1 + 1e-5)",
        "n1 = (z1 - mean1) / std1",
        "a1 = relu(gamma1 * n1 + beta1)",
    ]
    assert str(program["delta1"]) == "delta1 = (dn1 - dn1.mean(axis=0) - n1 * (dn1 * n1).mean(axis=0)) / std1"
    assert str(program["running_variance1"]) == (
        "running_variance1 = 0.9 * running_variance1 + 0.1 * variance1 * N / (N - 1)"
    )


def test_the_full_program_names_every_value():
    assert [step.name for step in ZOO["founding_3_4_1"]().full.steps] == [
        "z1", "a1", "z2", "a2", "data_loss",
        "error2", "slope2", "delta2", "error1", "slope1", "delta1", "dW1", "dW2", "W1", "W2",
    ]  # fmt: skip


# --- looking things up -----------------------------------------------------------------------------------------------


def test_steps_by_name():
    program = ZOO["founding_3_4_1"]()
    assert str(program["delta1"]) == "delta1 = (delta2 @ W2.T) * (a1 * (1 - a1))"
    assert str(program["slope1"]) == "slope1 = a1 * (1 - a1)"  # folded
    assert str(program["W2"]) == "W2 = W2 - learning_rate * (a1.T @ delta2)"
    with pytest.raises(KeyError, match="no step is named 'delta3'; the steps are z1, a1"):
        program["delta3"]


def test_what_a_step_knows():
    program = ZOO["relu_softmax_adam"]().full
    about = {s.name: (s.phase, s.note, s.number, s.shape) for s in program.steps}
    assert about["z1"] == ("forward", "pre_activation", 1, ("N", 6))
    assert about["a1"] == ("forward", "activation", 1, ("N", 6))
    assert about["p"] == ("forward", "probability", 2, ("N", 3))
    assert about["data_loss"] == ("loss", "data_loss", 0, ())
    assert about["delta2"] == ("backward", "delta_fused", 2, ("N", 3))
    assert about["error1"] == ("backward", "error", 1, ("N", 6))
    assert about["slope1"] == ("backward", "slope", 1, ("N", 6))
    assert about["delta1"] == ("backward", "delta", 1, ("N", 6))
    assert about["dW1"] == ("backward", "gradient_weights", 1, (4, 6))
    assert about["db2"] == ("backward", "gradient_bias", 2, (3,))
    assert about["correction1"] == ("update", "correction", 0, ())
    assert about["W1"] == ("update", "update_adam", 1, (4, 6))
    assert {s.of for s in program.steps if isinstance(s, Step)} - {""} == {
        "z1", "a1", "z2", "W1", "b1", "W2", "b2",
    }  # fmt: skip


def test_every_note_is_in_the_catalogue():
    from chainrule.messages import say

    steps = [step for make in ZOO.values() for step in make().full.steps]
    notes = {note for s in steps for note in (s.notes if isinstance(s, Update) else (s.note, *s.more))}
    for note in sorted(notes):
        for language in ("en", "de", "es", "zh-Hans", "zh-Hant"):
            assert say(f"note.{note}", language), note


def test_what_a_program_reads_and_changes():
    program = ZOO["l2_weighted"]()
    assert dict(program.inputs) == {"X": ("N", 3), "y": ("N", 2), "sample_weight": ("N", 1)}
    assert list(program.parameters) == ["W1", "b1", "W2", "b2"]
    assert list(program.state) == ["mW1", "vW1", "mb1", "vb1", "mW2", "vW2", "mb2", "vb2"]
    assert dict(program.hyperparameters) == dict(learning_rate=0.01, rho1=0.9, rho2=0.999, epsilon=1e-8, l2=0.1)
    assert program.trainable == ("W1", "b1", "W2", "b2")
    assert (program.prediction, program.loss) == ("p", "loss")
    assert program.counts_steps
    assert not ZOO["founding_3_1"]().counts_steps
    assert ZOO["step_decay"]().counts_steps


def test_state_is_slots_first_then_running_statistics():
    program = cr.derive(cr.Network.parse("3-4-1", batch_norm=True), "huber", cr.Momentum())
    assert list(program.state) == ["vW1", "vgamma1", "vbeta1", "vW2", "vb2", "running_mean1", "running_variance1"]
    assert [program.state[n].start for n in ("vW1", "running_mean1", "running_variance1")] == [0, 0, 1]


def test_titles():
    assert ZOO["founding_3_4_1"]().title == "3-4-1 sigmoid; half squared error; gradient descent"
    assert ZOO["l2_weighted"]().title == "3-4-2 sigmoid, softmax; softmax cross entropy; Adam; L2 penalty"


def test_printing_and_notebooks():
    program = ZOO["founding_3_4_1"]()
    assert "W1 -= learning_rate * (X.T @ delta1)" in str(program)
    assert program._repr_html_().startswith("<pre>")
    assert "&lt;" in cr.derive(cr.Network.parse("2-2-1", "z * (z < 1)"))._repr_html_()


def test_renaming_reaches_name_uses_and_adjoint():
    program = ZOO["relu_softmax_adam"]()
    assert not [s for s in program.full.steps for _, e in s.assignments if s.name == "a2" or "a2" in names(e)]
    assert str(rename(program["delta2"], {"p": "q", "delta2": "d"})) == "d = (q - y) / N"
    assert str(rename(program["W1"], {"W1": "V"})).endswith("V = V - learning_rate * (mW1 / correction1) / "
                                                            "(sqrt(vW1 / correction2) + epsilon)")  # fmt: skip


# --- editing ---------------------------------------------------------------------------------------------------------


def test_replace_cubes_the_error():
    program = ZOO["founding_3_4_1"]()
    cubed = program.replace("delta2", "(a2 - y)**3")
    assert str(cubed["delta2"]) == "delta2 = (a2 - y)**3"
    assert cubed.edited == ("delta2",)
    assert cubed.unfolded is not None
    assert str(cubed.full["delta2"]) == "delta2 = (a2 - y)**3"
    given = sample(program)
    values = run_steps(cubed.steps, given.values)
    assert np.array_equal(values["delta2"], (values["a2"] - given.inputs["y"]) ** 3)
    assert deviation(cubed, given) > 0.01
    assert program.edited == ()
    assert str(program["delta2"]) == "delta2 = (a2 - y) * (a2 * (1 - a2))"


def test_replacing_by_the_same_changes_nothing_but_says_so():
    program = ZOO["founding_3_4_1"]()
    for step in program.full.steps:
        if isinstance(step, Step):
            again = program.replace(step.name, str(step).split(" = ")[1])
            assert again.steps == program.steps
            assert again.folded == program.folded
            assert again.edited == (step.name,)


def test_a_folded_step_can_be_replaced():
    program = ZOO["founding_3_4_1"]().replace("slope2", "1 + 0 * a2")  # the slope left out
    assert str(program["delta2"]) == "delta2 = (a2 - y) * (1 + 0 * a2)"


def test_replacing_a_forward_step_changes_the_prediction_too():
    program = ZOO["founding_3_4_1"]().replace("a1", "tanh(z1)")
    for steps in (program.steps, program.prediction_steps, program.evaluation_steps):
        assert str(steps[0]) == "a1 = tanh(X @ W1)"


def test_replacing_the_loss_changes_the_evaluation_too():
    program = ZOO["founding_3_4_1"]().replace("data_loss", "abs(a2 - y).sum()")
    assert str(program.evaluation_steps[-1]) == "data_loss = abs(a2 - y).sum()"


def test_replacing_twice():
    program = ZOO["founding_3_4_1"]().replace("delta2", "a2 - y").replace("delta1", "delta2 @ W2.T")
    assert program.edited == ("delta2", "delta1")
    assert program.replace("delta2", "y - a2").edited == ("delta2", "delta1")


def test_replacing_in_a_full_program_keeps_it_full():
    full = ZOO["founding_3_4_1"]().full.replace("delta2", "a2 - y")
    assert full.unfolded is None
    assert len(full.steps) == 15


def test_all_that_comes_before_may_be_used():
    program = ZOO["relu_softmax_adam"]().replace("delta1", "delta2 @ W2.T * learning_rate / N * t")
    assert program.counts_steps
    with pytest.raises(ProgramError, match="z2: prediction uses t"):
        program.replace("z2", "a1 @ W2 * t")


def test_a_number_stands_for_every_element():
    """Leave the slope out: what the founding text asks."""
    program = ZOO["founding_3_4_1"]().replace("slope2", "1")
    assert str(program["delta2"]) == "delta2 = a2 - y"
    assert "slope2" not in [step.name for step in program.steps]
    np.testing.assert_array_equal(run_steps(program.full.steps, sample(program).values)["slope2"], np.ones((6, 1)))
    assert str(program.replace("slope1", "0.5")["delta1"]) == "delta1 = 0.5 * (delta2 @ W2.T)"


@pytest.mark.parametrize("name", ["z1", "a1", "a2", "error1", "delta2", "dW1", "data_loss"])
def test_any_step_may_be_a_number(name):
    program = ZOO["founding_3_4_1"]().replace(name, "0.5")
    values = run_steps(program.full.steps, sample(program).values)
    np.testing.assert_array_equal(values[name], np.full_like(values[name], 0.5))
    condensed = run_steps(program.steps, sample(program).values)
    for step in program.parameters:
        np.testing.assert_allclose(condensed[step], values[step], rtol=1e-12)


def test_a_program_is_shown_in_a_line():
    expected = "<Program 3-4-1 sigmoid; half squared error; gradient descent: 7 steps>"
    assert repr(ZOO["founding_3_4_1"]()) == expected


def test_conditions_added_up_are_numbers():
    program = ZOO["founding_3_4_1"]().replace("delta2", "(a2 > y) + (a2 > 0)")
    values = run_steps(program.steps, sample(program).values)
    assert set(np.unique(values["delta2"])) == {1.0, 2.0}


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("delta3", "a2 - y", ValueError, "^no step is named 'delta3'; the steps that can be replaced are z1, a1, z2"),
        ("W1", "W1", ValueError, "^no step is named 'W1'; the steps that can be replaced are z1"),
        ("delta2", "a2 - ", FormulaError, "the formula ends where a value is expected, at position 5"),
        ("delta2", "(a2 - y", FormulaError, "this opening bracket is never closed, at position 1"),
        ("delta2", "a2 - z", FormulaError, "unknown name 'z' .*; known: N, X, y, .*W1, .*a2, data_loss"),
        ("delta2", "delta1", FormulaError, r"unknown name 'delta1' \(did you mean data_loss\?\)|unknown name 'delta1'"),
        ("a1", "a1", FormulaError, "unknown name 'a1'"),
        ("delta2", "a1", ShapeError, r"delta2 has shape \(N, 1\), the new formula \(N, 4\): a1"),
        ("data_loss", "a2 - y", ShapeError, r"data_loss has shape \(\), the new formula \(N, 1\)"),
        ("delta1", "delta2 @ W2.T + X @ W1", ProgramError, "delta1: more than one contraction"),
        ("z2", "a1 @ W2 * t", FormulaError, "unknown name 't'"),
    ],
)
def test_replacing_is_refused(name, text, error, message):
    with pytest.raises(error, match=message):
        ZOO["founding_3_4_1"]().replace(name, text)


def test_a_mask_is_unknown_to_the_prediction():
    program = cr.derive(cr.Network.parse("3-4-1", "tanh", dropout=0.5))
    assert "mask1" not in str(program.replace("h1", "a1 * mask1").prediction_steps)
    with pytest.raises(ProgramError, match="z1: prediction uses mask1"):
        program.replace("z1", "X @ W1 * mask1")


# --- pickling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ZOO)
def test_pickling(name):
    program = ZOO[name]()
    again = pickle.loads(pickle.dumps(program))
    assert again == program
    assert again.full == program.full
    assert again.declaration.derive() == program


def test_an_edited_program_can_be_pickled():
    program = ZOO["founding_3_4_1"]().replace("delta2", "(a2 - y)**3")
    assert pickle.loads(pickle.dumps(program)) == program


def test_a_formula_from_a_python_function_can_be_pickled():
    program = cr.derive(cr.Network(2, [cr.Dense(2, lambda z: z * cr.sigmoid(z)), cr.Dense(1)]), lambda p, y: abs(p - y))
    assert pickle.loads(pickle.dumps(program)) == program


@settings(max_examples=10)
@given(programs(depth=2, width=5))
def test_the_same_declaration_derives_the_same_program(program):
    assert program.declaration.derive() == program
    assert condense(program.full) == program


def test_an_edit_reaches_prediction_too():
    """Also where the training shares a step (sigmoid1), drops units out, or normalises by the batch."""
    import numpy as np

    from chainrule.engines import make_engine

    silu = cr.derive(cr.Network.parse("3-4-1", activation="silu"), "mean_squared_error")
    assert [str(s) for s in silu.replace("a1", "tanh(z1)").prediction_steps] == [
        "a1 = tanh(X @ W1 + b1)",
        "z2 = a1 @ W2 + b2",
    ]
    assert "sigmoid(z1) * 2" in str(silu.replace("a1", "z1 * (sigmoid1 * 2)").prediction_steps[-2])
    dropped = cr.derive(cr.Network.parse("3-4-1", dropout=0.5), "mean_squared_error").replace("z2", "2 * (h1 @ W2)")
    assert str(dropped.prediction_steps[-1]) == "z2 = 2 * (a1 @ W2)"
    normal = cr.derive(cr.Network.parse("3-4-1", batch_norm=True), "mean_squared_error").replace("n1", "z1 - mean1")
    assert any("running_mean1" in str(step) for step in normal.prediction_steps)
    assert make_engine(normal, "numpy").predict(np.ones((2, 3), "f4"), *_started(normal)).shape == (2, 1)
    weighted = cr.derive(cr.Network.parse("3-4-1"), "mean_squared_error", weighted=True)
    with pytest.raises(ProgramError, match="data_loss: prediction uses sample_weight"):
        weighted.replace("data_loss", "(sample_weight * abs(z2 - y)).sum()")


def _started(program):
    import numpy as np

    from chainrule.training.start import draw

    return draw(program, np.random.RandomState(0), np.dtype("float32"))


@pytest.mark.parametrize(
    ("name", "probability", "statistics"),
    [
        ("relu_softmax_adam", "row", {}),
        ("silu_binary_adagrad", "element", {}),
        ("linear", "", {}),
        ("deep_batch_norm", "", {f"running_{s}{i}": f"{s}{i}" for i in range(1, 5) for s in ("mean", "variance")}),
    ],
)
def test_what_the_output_is_and_what_prediction_remembers(name, probability, statistics):
    program = ZOO[name]()
    assert program.probability == probability
    assert {key: variable.of for key, variable in program.statistics.items()} == statistics
