"""check_gradients: the derived gradient against a numerical one, and an edit found out."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import chainrule as cr
from chainrule.observe import GradientCheck, check_gradients
from chainrule.observe.gradients import Row
from chainrule.program.steps import Program
from tests.writers.product import ALL
from tests.zoo import ZOO, programs, sample


def check(program: Program, **options) -> GradientCheck:
    drawn = sample(program)
    weights = drawn.inputs["sample_weight"][:, 0] if "sample_weight" in drawn.inputs else None
    masks = {mask.name: drawn.inputs[mask.name] for mask in program.masks}
    options = {"masks": masks, "sample_weight": weights, "parameters": drawn.parameters} | options
    return check_gradients(program, drawn.inputs["X"], drawn.inputs["y"], **options)


@pytest.mark.parametrize("name", ZOO)
def test_the_zoo_passes(name):
    program = ZOO[name]()
    for tried in (program, program.full):
        found = check(tried)
        assert found.passed, str(found)
        assert [row.name for row in found.rows] == list(program.trainable)
        assert found.verdict.startswith("the gradient of the declared loss, to ")


@given(programs(depth=3, width=7))
@settings(max_examples=15 if ALL else 6, suppress_health_check=[HealthCheck.too_slow])
def test_networks_drawn_by_chance_pass(program):
    found = check(program, most=20)
    assert found.passed, str(found)


@pytest.mark.parametrize(
    ("name", "method"),
    [("founding_3_4_1", "complex step"), ("relu_softmax_adam", "central difference"), ("l1", "central difference")],
)
def test_the_method_is_the_sharpest_that_the_ops_allow(name, method):
    assert check(ZOO[name]()).method == method


def test_the_founding_network_to_the_last_digits():
    found = check(ZOO["founding_3_4_1"]())
    assert found.relative < 1e-15
    assert [(row.name, row.compared) for row in found.rows] == [("W1", 12), ("W2", 4)]


EDITS = {
    "cubed": ("founding_3_4_1", "delta2", "(a2 - y)**3 * (a2 * (1 - a2))"),
    "without slope": ("founding_3_4_1", "delta2", "a2 - y"),
    "hidden slope left out": ("founding_3_4_1", "delta1", "delta2 @ W2.T"),
    "another activation": ("founding_3_4_1", "a1", "tanh(z1)"),
    "a forward step": ("tanh_momentum", "z2", "a1 @ W2 - b2"),
    "where delta is trimmed": ("clip_delta", "error1", "2 * (delta2 @ W2.T)"),
}


@pytest.mark.parametrize("kind", EDITS)
def test_an_edited_program_is_told_apart(kind):
    name, step, text = EDITS[kind]
    edited = ZOO[name]().replace(step, text)
    found = check(edited)
    assert not found.passed
    assert found.verdict.startswith(f"no longer the gradient of the declared loss ({step} was edited); off by ")
    assert found.relative > 0.01


@pytest.mark.parametrize(
    ("step", "text"), [("delta2", "(a2 - y) * a2 * (1 - a2)"), ("data_loss", "abs(a2 - y).mean()")]
)
def test_an_edit_that_leaves_the_gradient_alone_passes(step, text):
    """Written otherwise it is the same delta; and a loss that is shown is not the one that was derived from."""
    found = check(ZOO["founding_3_4_1"]().replace(step, text))
    assert found.passed
    assert found.edited == (step,)


def test_delta_trimming_is_off():
    """The deltas of this network are trimmed hard, which the check leaves out, and only the check."""
    net = cr.Network.parse("3-4-1", "tanh")
    program = cr.derive(net, "half_squared_error", cr.GradientDescent(0.1), clip_delta=1e-3)
    assert check(program).passed
    drawn = sample(program)
    trimmed = cr.trace(program, drawn.inputs["X"], drawn.inputs["y"], drawn.parameters)
    plain = cr.trace(cr.derive(net, "half_squared_error"), drawn.inputs["X"], drawn.inputs["y"], drawn.parameters)
    assert abs(trimmed["delta2"]).max() == 1e-3
    assert abs(plain["delta2"]).max() > 0.1
    edited = program.replace("delta2", "clip((z2 - y)**3, -clip_delta, clip_delta)")
    assert not check(edited).passed


def test_of_large_parameters_a_sample_is_compared():
    program = cr.derive(cr.Network.parse("20-30-1", "tanh"), "mean_squared_error")
    found = check(program, most=25)
    assert [row.compared for row in found.rows] == [25, 25, 25, 1]
    assert found.passed


def test_it_prints_as_a_table():
    found = check(ZOO["tanh_momentum"]())
    lines = str(found).splitlines()
    assert lines[0].split() == ["parameter", "elements", "largest", "deviation"]
    assert lines[1].split()[:2] == ["W1", "15"]
    assert lines[-1] == found.verdict
    assert str(found) in found._repr_html_().replace("&gt;", ">")


@pytest.mark.parametrize("rows", [[0.1, np.nan], [np.nan, 0.1]])
def test_what_is_not_a_number_does_not_pass(rows):
    found = GradientCheck("complex step", tuple(Row("W1", 1, 1.0, value * 1e-20) for value in rows))
    assert not found.passed


def test_a_gradient_of_zeros_passes():
    found = GradientCheck("complex step", (Row("W1", 1, 0.0, 0.0),))
    assert found.relative == 0
    assert found.passed


def test_masks_weights_and_most_are_checked():
    program = ZOO["linear"]()
    X, y = np.ones((3, 4)), np.ones(3)
    with pytest.raises(ValueError, match="masks: there is no 'mask1'; there is none at all"):
        cr.check_gradients(program, X, y, masks={"mask1": np.ones((3, 4))})
    with pytest.raises(ValueError, match="most must be a whole number of at least 1, not 0"):
        cr.check_gradients(program, X, y, most=0)
