"""Trace: every named step with its value, the folded ones too."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import make_engine
from chainrule.engines.reference import evaluate, run_steps
from chainrule.observe import Trace, trace
from chainrule.program.steps import Program, Step
from tests.zoo import ZOO, Sample, sample


def traced(program: Program, given: Sample, engine: str = "numpy", dtype: str = "float64") -> Trace:
    inputs = given.inputs
    return trace(
        program, inputs["X"], inputs["y"], given.parameters, state=given.state, t=given.t, engine=engine, dtype=dtype,
        masks={mask.name: inputs[mask.name] for mask in program.masks},
        sample_weight=inputs["sample_weight"][:, 0] if "sample_weight" in inputs else None,
    )  # fmt: skip


@pytest.mark.parametrize("name", ZOO)
def test_every_named_step_has_the_value_of_the_reference(name):
    program = ZOO[name]()
    given = sample(program)
    found = traced(program, given)
    assert list(found) == [step.name for step in program.full.steps if isinstance(step, Step)]
    values = given.values
    with np.errstate(all="ignore"):
        run_steps([step for step in program.full.steps if isinstance(step, Step)], values)
    gradients = [abs(values[s.name]).max() for s in program.full.steps if s.phase == "backward"]
    for step in program.full.steps:
        if isinstance(step, Step):
            value, expected = found[step.name], np.asarray(values[step.name])
            largest = max(gradients) if step.phase == "backward" else abs(expected).max()
            assert value.shape == expected.shape
            np.testing.assert_allclose(value, expected, rtol=0, atol=1e-10 * float(largest), err_msg=step.name)


@pytest.mark.parametrize("name", ZOO)
def test_folding_a_step_changes_no_bit(name):
    """The steps that are left are the same, and what was folded is what the trace shows."""
    program = ZOO[name]()
    given = sample(program)
    found = traced(program, given)
    condensed = make_engine(program, "numpy", "float64")
    values = condensed.trace(given.inputs, given.parameters, given.state, given.t, given.hyperparameters)
    assert set(values) | set(program.folded) == set(found)
    for key, value in values.items():
        assert value.tobytes() == found[key].tobytes(), key

    reference = traced(program, given, "reference")
    for key, expression in program.folded.items():
        with np.errstate(all="ignore"):
            again = np.asarray(evaluate(expression, {**given.values, **reference}))
        assert again.tobytes() == reference[key].tobytes(), key


def test_nothing_is_changed():
    program = ZOO["deep_batch_norm"]()
    given, kept = sample(program), sample(program)
    traced(program, given)
    for name, value in given.values.items():
        assert np.array_equal(value, kept.values[name]), name


def test_the_same_seed_starts_as_a_training_does():
    program = ZOO["tanh_momentum"]()
    given = sample(program).inputs
    run = cr.Training(program, given["X"], given["y"], seed=4, epochs=1, engine="numpy", dtype="float64")
    assert run.fit().losses[0] == cr.trace(program, given["X"], given["y"], seed=4)["data_loss"]
    single = cr.trace(program, given["X"], given["y"], seed=4, dtype="float32")
    assert {value.dtype for value in single.values()} <= {np.dtype("float32"), np.dtype(bool)}


def test_a_trained_run_is_traced_with_its_weights_and_state():
    program = ZOO["relu_softmax_adam"]()
    given = sample(program).inputs
    run = cr.Training(program, given["X"], given["y"], epochs=5, engine="numpy", dtype="float64").fit()
    values = cr.trace(program, given["X"], given["y"], run.parameters, state=run.state, t=run.t + 1)
    assert run.fit(1).losses[-1] == values["data_loss"]


def test_without_masks_every_unit_is_kept():
    program = cr.derive(cr.Network.parse("3-4-1", "tanh", dropout=0.5), "mean_squared_error")
    given = sample(program).inputs
    values = cr.trace(program, given["X"], given["y"])
    np.testing.assert_array_equal(values["h1"], 2 * values["a1"])
    assert not cr.trace(program, given["X"], given["y"], masks={"mask1": np.zeros((6, 4))})["h1"].any()


def broad():
    given = sample(ZOO["tanh_momentum"](), rows=40).inputs
    return given["X"], given["y"]


def test_it_reads_as_a_table():
    program = ZOO["founding_3_4_1"]()
    given = sample(program, rows=4).inputs
    values = cr.trace(program, given["X"], given["y"])
    lines = repr(values).splitlines()
    assert lines[0].split()[:6] == ["forward", "z1", "=", "X", "@", "W1"]
    assert [row[:2] for row in values.rows()][:4] == [
        ("forward", "z1 = X @ W1"), ("forward", "a1 = sigmoid(z1)"), ("forward", "z2 = a1 @ W2"),
        ("forward", "a2 = sigmoid(z2)"),
    ]  # fmt: skip
    assert values.rows()[0][2] == "(4x3) @ (3x4) = (4x4)"
    assert len(lines) == len(values)
    assert max(map(len, lines)) < 180
    assert values._repr_html_().count("<tr>") == len(values) + 1
    wide = [cell for line in repr(cr.trace(ZOO["tanh_momentum"](), *broad())).splitlines() for cell in line.split("  ")]
    assert any(cell.endswith(" …") for cell in wide)
    assert all(len(cell) <= 61 for cell in wide)
    with pytest.raises(KeyError, match="no step is named 'z9'; the steps are z1, a1"):
        values["z9"]


X, Y = np.ones((4, 3)), np.ones(4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"masks": {"mask2": np.ones((4, 4))}}, "masks: there is no 'mask2'; there is mask1"),
        ({"masks": {"mask1": np.ones((4, 3))}}, r"mask1 has shape \(4, 3\), it must have \(4, 4\)"),
        ({"masks": {"mask1": [[1, 2], [3]]}}, "mask1 is not a regular array"),
        ({"masks": [1]}, r"masks must be a dict, name -> array, not \[1\]"),
        ({"sample_weight": Y}, "this program knows no sample weights; derive it with weighted=True"),
        ({"parameters": {"W9": 1}}, "parameters: there is no 'W9'; there is W1, b1, W2, b2"),
        ({"state": {"vW9": 1}}, "state: there is no 'vW9'; there is vW1, vb1, vW2, vb2"),
        ({"dtype": "int8"}, "unknown dtype 'int8'; known: float32, float64"),
        ({"engine": "abacus"}, "unknown engine 'abacus'; known: auto, .*numpy"),
    ],
)
def test_bad_input(options, message):
    program = cr.derive(cr.Network.parse("3-4-1", "tanh", dropout=0.5), "mean_squared_error", cr.Momentum(0.1))
    with pytest.raises(ValueError, match=message):
        cr.trace(program, X, Y, **options)
