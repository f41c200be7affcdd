"""The seven optimizers, two steps by hand each; adding RAdam is one small class."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.reference import run_steps
from chainrule.formulas.optimizers import OPTIMIZERS, Optimizer, optimizer
from tests.complex_step import deviation
from tests.zoo import sample


def two_steps(chosen: Optimizer, steps: int = 2, **more) -> list[float]:
    """The weight after each step of z = w x on x = 1, y = 0 from w = 1: the loss is w**2 / 2, its gradient g = w."""
    program = cr.derive(cr.Network(1, [cr.Dense(1, bias=False)]), "half_squared_error", chosen, **more)
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    values: dict[str, Any] = {"X": one, "y": zero, "W1": one, "N": 1, **program.hyperparameters}
    values |= dict.fromkeys(program.state, zero)
    weights = []
    for t in range(1, steps + 1):
        values["t"] = t
        run_steps(program.steps, values)
        weights.append(float(values["W1"].item()))
    return weights


def test_the_names():
    assert list(OPTIMIZERS) == ["gradient_descent", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw"]
    assert optimizer("AdamW") is cr.AdamW
    assert optimizer("gradient-descent") is cr.GradientDescent
    with pytest.raises(ValueError, match="unknown optimizer 'sgd'; known: gradient_descent, momentum"):
        optimizer("sgd")
    assert isinstance(cr.derive(cr.Network.parse("2-1"), optimizer="adam").declaration.optimizer, cr.Adam)


@pytest.mark.parametrize(
    ("chosen", "defaults"),
    [
        (cr.GradientDescent(), dict(learning_rate=0.01)),
        (cr.Momentum(), dict(learning_rate=0.01, mu=0.9)),
        (cr.Nesterov(), dict(learning_rate=0.01, mu=0.9)),
        (cr.RMSprop(), dict(learning_rate=0.01, rho=0.99, epsilon=1e-8)),
        (cr.Adagrad(), dict(learning_rate=0.01, epsilon=1e-10)),
        (cr.Adam(), dict(learning_rate=0.001, rho1=0.9, rho2=0.999, epsilon=1e-8)),
        (cr.AdamW(), dict(learning_rate=0.001, rho1=0.9, rho2=0.999, epsilon=1e-8, decay=0.01)),
    ],
)
def test_defaults_are_those_of_pytorch(chosen, defaults):
    assert chosen.hyperparameters == defaults
    assert next(iter(chosen.hyperparameters)) == "learning_rate"


def test_gradient_descent():
    assert two_steps(cr.GradientDescent(0.1)) == pytest.approx([0.9, 0.81])


def test_momentum():
    # v = 1, w = 1 - 0.1; v = 0.5 + 0.9 = 1.4, w = 0.9 - 0.14
    assert two_steps(cr.Momentum(0.1, 0.5)) == pytest.approx([0.9, 0.76])


def test_nesterov():
    # v = 1, w = 1 - 0.1 (1 + 0.5); v = 0.5 + 0.85 = 1.35, w = 0.85 - 0.1 (0.85 + 0.675)
    assert two_steps(cr.Nesterov(0.1, 0.5)) == pytest.approx([0.85, 0.6975])


def test_rmsprop():
    # s = 0.25 (1 - rho = 0.25), w = 1 - 0.1 / (0.5 + 0.5) = 0.9; s = 0.1875 + 0.2025 = 0.39
    assert two_steps(cr.RMSprop(0.1, 0.75, 0.5)) == pytest.approx([0.9, 0.9 - 0.09 / (math.sqrt(0.39) + 0.5)])


def test_adagrad():
    # s = 1, w = 1 - 0.1 / (1 + 1) = 0.95; s = 1 + 0.9025
    assert two_steps(cr.Adagrad(0.1, 1.0)) == pytest.approx([0.95, 0.95 - 0.095 / (math.sqrt(1.9025) + 1)])


def test_adam():
    # m = 0.5, v = 0.25, both corrected to 1: w = 1 - 0.1 / (1 + 1) = 0.95, epsilon outside the root
    # m = 0.25 + 0.475, over 1 - 0.25; v = 0.1875 + 0.25 * 0.9025, over 1 - 0.5625
    m, v = 0.725 / 0.75, (0.1875 + 0.225625) / 0.4375
    assert two_steps(cr.Adam(0.1, 0.5, 0.75, 1.0)) == pytest.approx([0.95, 0.95 - 0.1 * m / (math.sqrt(v) + 1)])


def test_adamw_decays_first():
    # w = 1 (1 - 0.1 * 0.5) = 0.95, then the step of Adam, 0.1 * 1 / (1 + 1), from the gradient of before
    assert two_steps(cr.AdamW(0.1, 0.5, 0.75, 1.0, decay=0.5), 1) == pytest.approx([0.9])


def test_adamw_decays_every_parameter():
    program = cr.derive(cr.Network.parse("2-3-1", batch_norm=True), optimizer=cr.AdamW())
    for name in program.trainable:
        assert str(program[name]).startswith(f"{name} = {name} * (1 - learning_rate * decay); ")


def test_clip_norm_is_that_of_pytorch():
    """Two weights, gradients 3 and 4: the norm is 5; with the bound 1 both are scaled by 1 / (5 + 1e-6)."""
    network = cr.Network(2, [cr.Dense(1, bias=False)])
    program = cr.derive(network, "half_squared_error", cr.GradientDescent(1.0), clip_norm=1.0)
    values: dict[str, Any] = {"X": np.array([[3.0, 4.0]]), "y": -np.ones((1, 1)), "W1": np.zeros((2, 1)), "N": 1}
    values |= program.hyperparameters
    run_steps(program.steps, values)
    assert values["gradient_norm"] == 5.0
    assert values["W1"].ravel() == pytest.approx([-3 / (5 + 1e-6), -4 / (5 + 1e-6)], rel=1e-15)
    values |= {"W1": np.zeros((2, 1)), "clip_norm": 100.0}  # a run-time input; within the bound nothing changes
    run_steps(program.steps, values)
    assert values["W1"].ravel().tolist() == [-3.0, -4.0]


def test_clip_norm_is_over_all_trainable_parameters():
    program = cr.derive(cr.Network(2, [cr.Dense(2, trainable=False), cr.Dense(1)]), clip_norm=1.0)
    assert str(program["gradient_norm"]) == "gradient_norm = sqrt((dW2**2).sum() + (db2**2).sum())"


@pytest.mark.parametrize("bound", ["clip_norm", "clip_delta"])
@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "1"])
def test_bounds_are_above_zero(bound, value):
    with pytest.raises(ValueError, match=f"{bound} must be a number above 0, not"):
        cr.derive(cr.Network.parse("2-1"), **{bound: value})


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "0.1", True])
def test_numbers_of_an_optimizer(value):
    with pytest.raises(ValueError, match="GradientDescent: rate must be a number of at least 0, not"):
        cr.GradientDescent(value)
    with pytest.raises(ValueError, match="Momentum: mu must be a number of at least 0, not"):
        cr.Momentum(0.1, value)


def test_what_is_no_optimizer():
    with pytest.raises(ValueError, match="derive takes an optimizer such as Adam"):
        cr.derive(cr.Network.parse("2-1"), optimizer=0.1)  # type: ignore[arg-type]


# --- one more --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RAdam(Optimizer):
    """Adam without its unruly beginning: Liu et al., ICLR (2020), algorithm 2."""

    slots = ("m", "v")
    scalars: ClassVar[tuple[str, ...]] = (
        "correction1 = 1 - rho1**t",
        "correction2 = 1 - rho2**t",
        "length = 2 / (1 - rho2) - 1",
        "certain = length - 2 * t * rho2**t / correction2",
        "rectified = where(certain > 5, sqrt(maximum(certain - 4, 0) * maximum(certain - 2, 0) * length"
        " / ((length - 4) * (length - 2) * maximum(certain, 1))), 0)",
    )
    update: ClassVar[tuple[str, ...]] = (
        "m = rho1 * m + (1 - rho1) * g",
        "v = rho2 * v + (1 - rho2) * g**2",
        "w -= learning_rate * (m / correction1) * where(certain > 5, rectified / (sqrt(v / correction2) + epsilon), 1)",
    )

    rate: float | cr.Schedule = 0.001
    rho1: float = 0.9
    rho2: float = 0.999
    epsilon: float = 1e-8


def radam(steps, rate=0.01, rho1=0.9, rho2=0.999, epsilon=1e-8):
    """The algorithm as the paper has it, on the gradient g = w from w = 1."""
    w, m, v, weights = 1.0, 0.0, 0.0, []
    longest = 2 / (1 - rho2) - 1
    for t in range(1, steps + 1):
        m, v = rho1 * m + (1 - rho1) * w, rho2 * v + (1 - rho2) * w**2
        length = longest - 2 * t * rho2**t / (1 - rho2**t)
        if length > 5:
            r = math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
            w -= rate * m / (1 - rho1**t) * r / (math.sqrt(v / (1 - rho2**t)) + epsilon)
        else:
            w -= rate * m / (1 - rho1**t)
        weights.append(w)
    return weights


def test_adding_radam_is_one_small_class():
    assert two_steps(RAdam(0.01), 30) == pytest.approx(radam(30), rel=1e-12)


def test_radam_trains():
    network = cr.Network.parse("3-5-2", "tanh")
    program = cr.derive(network, "mean_squared_error", RAdam(0.02), cr.L2(0.001), clip_norm=5.0)
    given = sample(program)
    assert deviation(program, given) < 1e-13
    values, losses = given.values | {n: np.zeros_like(v) for n, v in given.state.items()}, []
    for t in range(1, 301):
        values["t"] = t
        run_steps(program.steps, values)
        losses.append(float(values["loss"]))
    assert losses[-1] < 0.2 * losses[0]
    assert program.hyperparameters["rho2"] == 0.999
    assert list(program.state)[:2] == ["mW1", "vW1"]
