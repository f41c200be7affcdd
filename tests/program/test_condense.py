"""condense: fewer lines, the same numbers to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.engines.reference import evaluate, run_steps
from chainrule.program.condense import LINE, condense
from chainrule.program.expr import contractions, names
from chainrule.program.steps import Step, Update
from tests.zoo import ZOO, programs, sample


def assert_bit_identical(program, rows=5, seed=0):
    given = sample(program, rows, seed)
    with np.errstate(all="ignore"):
        full, short = run_steps(program.full.steps, given.values), run_steps(program.steps, given.values)
        assert all(np.array_equal(short[name], full[name], equal_nan=True) for name in short)
        forward = run_steps([s for s in program.full.steps if isinstance(s, Step)], given.values)
        for name, expression in program.folded.items():
            assert np.array_equal(evaluate(expression, forward), forward[name], equal_nan=True)
        for listed in ("prediction_steps", "evaluation_steps"):
            full = run_steps(getattr(program.full, listed), given.values)
            short = run_steps(getattr(program, listed), given.values)
            assert all(np.array_equal(short[name], full[name], equal_nan=True) for name in short)


@pytest.mark.parametrize("name", ZOO)
def test_the_zoo_is_bit_identical(name):
    assert_bit_identical(ZOO[name]())


@settings(max_examples=20)
@given(programs(), st.integers(2, 5), st.integers(0, 1000))
def test_drawn_networks_are_bit_identical(program, rows, seed):
    assert_bit_identical(program, rows, seed)


@pytest.mark.parametrize("name", ZOO)
def test_what_stays_and_what_is_folded(name):
    program = ZOO[name]()
    kept, full = {s.name for s in program.steps}, {s.name for s in program.full.steps}
    assert kept | set(program.folded) == full
    assert kept.isdisjoint(program.folded)
    assert {program.prediction, program.loss, "data_loss"} <= kept
    assert not [name for name in program.folded if name.startswith(("delta", "a1", "mean", "std", "n1", "h"))]
    for step in program.steps:
        original = next(s for s in program.full.steps if s.name == step.name)
        assert contractions(step.expression) <= 1
        if step != original and isinstance(step, Step):
            assert len(str(step)) <= LINE
    for folded in program.folded:
        users = [s for s in program.full.steps if any(folded in names(e) for _, e in s.assignments)]
        assert len(users) == 1


def test_the_order_of_the_rest_stays():
    program = ZOO["relu_softmax_adam"]()
    order = [s.name for s in program.full.steps]
    assert [s.name for s in program.steps] == [name for name in order if name not in program.folded]


def test_once_is_enough():
    program = ZOO["founding_3_4_1"]()
    assert condense(program) is program
    assert program.full.full is program.full
    assert program.full.folded == {}


def test_folded_expressions_are_those_of_the_full_program():
    program = ZOO["founding_3_4_1"]()
    assert {name: str(expression) for name, expression in program.folded.items()} == {
        "z1": "X @ W1",
        "z2": "a1 @ W2",
        "error2": "a2 - y",
        "slope2": "a2 * (1 - a2)",
        "error1": "delta2 @ W2.T",
        "slope1": "a1 * (1 - a1)",
        "dW1": "X.T @ delta1",
        "dW2": "a1.T @ delta2",
    }
    assert all(str(program[name]) == f"{name} = {expression}" for name, expression in program.folded.items())


def test_a_gradient_is_folded_into_an_update_of_one_line_only():
    gradient_descent = ZOO["linear"]()
    assert {"dW1", "db1"} <= set(gradient_descent.folded)
    momentum = ZOO["tanh_momentum"]()
    assert not [name for name in momentum.folded if name.startswith(("dW", "db"))]


def test_the_folded_gradient_of_an_update_is_folded_too():
    program = ZOO["linear"]()
    update = program["W1"]
    assert isinstance(update, Update)
    assert str(update.gradient) == "X.T @ delta1"


def test_a_running_statistic_keeps_the_statistic():
    program = cr.derive(cr.Network.parse("3-4-1", batch_norm=True), "mean_squared_error")
    assert {"mean1", "variance1", "std1", "n1"} <= {s.name for s in program.steps}


def test_two_contractions_are_never_folded_together():
    program = cr.derive(cr.Network.parse("3-4-2-1", "linear", bias=False), "mean_squared_error")
    assert [str(s) for s in program.phase("forward")] == ["z1 = X @ W1", "z2 = z1 @ W2", "z3 = z2 @ W3"]


def test_what_outgrows_a_line_stays():
    long = "z * sigmoid(z) + 0.25 * tanh(z) * exp(-z**2) + 0.125 * sin(z) * cos(z)"
    program = cr.derive(cr.Network(3, [cr.Dense(4, long), cr.Dense(1)]), "mean_squared_error")
    assert "slope1" in {s.name for s in program.steps}
