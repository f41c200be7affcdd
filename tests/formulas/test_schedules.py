"""Schedules: the rate at step t = 1, 2, 3, ..., by hand."""

import pytest

import chainrule as cr
from chainrule.engines.reference import run_steps
from chainrule.formulas.schedules import SCHEDULES
from tests.zoo import sample


def rates(schedule, steps):
    program = cr.derive(cr.Network.parse("2-1"), optimizer=cr.GradientDescent(schedule))
    given = sample(program)
    return [float(run_steps(program.steps, given.values | {"t": t})["learning_rate"]) for t in range(1, steps + 1)]


def test_the_names():
    assert list(SCHEDULES) == ["constant", "step", "exponential", "cosine"]


def test_constant():
    assert rates(cr.ConstantRate(0.5), 3) == [0.5, 0.5, 0.5]


def test_step():
    assert rates(cr.StepDecay(0.8, every=2, factor=0.5), 5) == [0.8, 0.8, 0.4, 0.4, 0.2]


def test_exponential():
    assert rates(cr.ExponentialDecay(0.8, factor=0.5), 4) == [0.8, 0.4, 0.2, 0.1]


def test_cosine():
    # half a cosine from 1 to 0.1 over 4 steps, then 0.1: 0.1 + 0.45 (1 + cos(pi k / 4))
    half = 0.45 * 2**0.5 / 2
    assert rates(cr.CosineDecay(1.0, 4, 0.1), 7) == pytest.approx([1, 0.55 + half, 0.55, 0.55 - half, 0.1, 0.1, 0.1])


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (cr.ConstantRate(1.0, warm_up=4), [0.25, 0.5, 0.75, 1, 1]),
        (cr.StepDecay(1.0, 3, 0.5, warm_up=2), [0.5, 1, 1, 0.5, 0.5]),
        (cr.ExponentialDecay(1.0, 0.5, warm_up=2), [0.5, 0.5, 0.25, 0.125, 0.0625]),
        (cr.CosineDecay(1.0, 2, warm_up=2), [0.5, 0.5, 0, 0, 0]),
    ],
)
def test_warm_up_rises_in_a_line(schedule, expected):
    assert rates(schedule, 5) == pytest.approx(expected, abs=1e-15)


def test_the_base_rate_is_given_at_run_time_and_the_rate_is_a_step():
    program = cr.derive(cr.Network.parse("2-1"), optimizer=cr.Momentum(cr.StepDecay(0.1, every=100)))
    assert list(program.hyperparameters) == ["rate", "mu"]
    assert str(program["learning_rate"]) == "learning_rate = rate * 0.5**floor((t - 1) / 100)"
    assert program["learning_rate"].phase == "update"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cr.ConstantRate(-1.0), "ConstantRate: rate must be a number of at least 0, not -1.0"),
        (lambda: cr.ConstantRate(0.1, warm_up=-1), "ConstantRate: warm_up must be a number of at least 0, not -1"),
        (lambda: cr.StepDecay(0.1, every=0), "StepDecay: every must be a number of at least 1, not 0"),
        (lambda: cr.CosineDecay(0.1, steps=0), "CosineDecay: steps must be a number of at least 1, not 0"),
        (lambda: cr.ExponentialDecay(0.1, factor=float("nan")), "ExponentialDecay: factor must be .* not nan"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
