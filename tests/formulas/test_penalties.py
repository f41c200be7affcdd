"""Penalties: on W only, part of the loss, by hand."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.reference import run_steps
from chainrule.formulas.penalties import Penalty
from tests.complex_step import deviation
from tests.zoo import sample


def penalised(penalty):
    """Two weights, 2 and -3, an input of zero: the data loss is 0, its gradient too; the penalty is all there is."""
    program = cr.derive(cr.Network(2, [cr.Dense(1, bias=False)]), "half_squared_error", penalty=penalty)
    zero = np.zeros((1, 1))
    values: dict[str, Any] = {"X": np.zeros((1, 2)), "y": zero, "W1": np.array([[2.0], [-3.0]]), "N": 1}
    values |= program.hyperparameters
    run_steps([s for s in program.full.steps if s.phase != "update"], values)
    return float(values["loss"]), values["dW1"].ravel().tolist()


@pytest.mark.parametrize(
    ("penalty", "value", "gradient"),
    [
        (cr.L1(0.5), 0.5 * 5, [0.5, -0.5]),  # |2| + |-3| = 5
        (cr.L2(0.5), 0.5 * 0.5 * 13, [1.0, -1.5]),  # 4 + 9 = 13
        (cr.ElasticNet(0.5, 0.25), 0.5 * 5 + 0.5 * 0.25 * 13, [0.5 + 0.5, -0.5 - 0.75]),
    ],
)
def test_by_hand(penalty, value, gradient):
    assert penalised(penalty) == (value, gradient)


def test_never_on_b_nor_on_batch_norm():
    program = cr.derive(cr.Network(2, [cr.Dense(3, batch_norm=True), cr.Dense(1)]), penalty=cr.L2(0.1))
    assert str(program["loss"]) == "loss = data_loss + 0.5 * l2 * ((W1**2).sum() + (W2**2).sum())"
    assert "l2" not in str(program.full["db2"]) + str(program.full["dgamma1"]) + str(program.full["dbeta1"])
    assert str(program.full["dW2"]).endswith("+ l2 * W2")


def test_a_frozen_weight_counts_in_the_loss_but_has_no_gradient():
    network = cr.Network(2, [cr.Dense(3, trainable=False), cr.Dense(1)])
    program = cr.derive(network, penalty=cr.L1(0.1))
    assert "W1" in str(program["loss"])
    assert "dW1" not in [s.name for s in program.full.steps]


def test_the_strength_is_given_at_run_time():
    program = cr.derive(cr.Network.parse("2-1"), penalty=cr.ElasticNet(0.1, 0.2))
    assert dict(program.hyperparameters) == dict(learning_rate=1.0, l1=0.1, l2=0.2)


def test_the_loss_is_penalised_and_the_data_loss_is_not():
    program = cr.derive(cr.Network.parse("2-1"), penalty=cr.L1(0.1))
    assert program.loss == "loss"
    assert program.evaluation_steps[-1].name == "data_loss"
    assert cr.derive(cr.Network.parse("2-1")).loss == "data_loss"


def test_sign_of_zero_is_zero():
    program = cr.derive(cr.Network.parse("2-1", bias=False), penalty=cr.L1(1.0))
    given = sample(program)
    given.inputs["X"][...], given.parameters["W1"][...] = 0.0, 0.0
    assert np.array_equal(run_steps(program.full.steps, given.values)["dW1"], np.zeros((2, 1)))


def test_one_more_may_use_n():
    @dataclass(frozen=True)
    class Quartic(Penalty):
        terms: ClassVar[tuple[tuple[str, str], ...]] = (("l4 / N", "(W**4).sum()"),)
        l4: float

    program = cr.derive(cr.Network.parse("3-4-1", "tanh"), "mean_squared_error", penalty=Quartic(0.3))
    assert str(program["loss"]) == "loss = data_loss + l4 / N * ((W1**4).sum() + (W2**4).sum())"
    assert deviation(program, sample(program)) < 1e-13


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "1", None, True])
def test_refused(value):
    with pytest.raises(ValueError, match="L2: l2 must be a number of at least 0, not"):
        cr.L2(value)
    with pytest.raises(ValueError, match="ElasticNet: l1 must be a number of at least 0, not"):
        cr.ElasticNet(value, 0.1)
    with pytest.raises(ValueError, match="derive takes a penalty such as L2"):
        cr.derive(cr.Network.parse("2-1"), penalty=0.1)  # type: ignore[arg-type]
