"""compare, and the figures of question 3 (FACTS.md)."""

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.messages import LANGUAGES
from chainrule.observe.experiments import FOUNDING_X, FOUNDING_Y, compare_depths, compare_losses, far_turns
from tests.writers.product import ALL


def test_the_figures_of_question_three():
    """Mean absolute error of 3-4-1 after 1,000 iterations, seed 1."""
    found = compare_losses(seeds=1, iterations=1000)
    errors = {name: case.errors[0] for name, case in found.cases.items()}
    assert errors["error * slope"] == pytest.approx(0.043, abs=5e-4)
    assert errors["error"] == pytest.approx(0.0013, abs=5e-5)
    assert errors["cross-entropy"] == pytest.approx(errors["error"], rel=1e-9)  # its delta is the error
    assert errors["error**3"] == pytest.approx(0.120, abs=5e-4)
    assert errors["error**3 * slope"] == pytest.approx(0.360, abs=5e-4)


@pytest.mark.skipif(not ALL, reason="CHAINRULE_TEST_ALL=1")
def test_cubed_is_stuck_for_most_seeds_after_ten_thousand_iterations():
    found = compare_losses(seeds=20, iterations=10_000)
    assert found["error**3 * slope"].stuck == 15  # of seeds 1 to 20; of 0 to 19 it is 16
    assert found["error * slope"].stuck == 0


def test_from_far_on_the_wrong_side():
    most = 300_000 if ALL else 2_000
    relu, leaky, squared, entropy = far_turns(most=most)
    assert (relu.steps, relu.slope) == (None, 0.0)
    assert leaky.steps == 1040
    assert entropy.steps == 110
    assert squared.steps == (220_594 if ALL else None)


def test_same_seeds_same_weights_same_batches():
    program = cr.derive(cr.Network.parse("2-3-1", activation="tanh"), "mean_squared_error", cr.Adam(0.01))
    X = np.random.RandomState(0).standard_normal((10, 2))
    found = cr.compare({"one": program, "other": program}, X, X[:, :1], seeds=2, epochs=3, batch_size=4)
    assert found["one"].losses.shape == (2, 9)
    np.testing.assert_array_equal(found["one"].losses, found["other"].losses)
    np.testing.assert_array_equal(found["one"].start["gradient_norm"], found["other"].start["gradient_norm"])
    assert found["one"].end["gradient_norm"].shape == (2, 2)
    assert np.isnan(found["one"].end["slope_mean"][:, 1]).all()  # a linear output has no slope
    assert not np.array_equal(found["one"].losses[0], found["one"].losses[1])


def test_a_run_that_diverges_is_counted():
    program = cr.derive(cr.Network.parse("1-4-1", "linear"), "mean_squared_error", cr.GradientDescent(50.0))
    X = np.linspace(-3, 3, 12)[:, None]
    found = cr.compare({"wild": program}, X, X, seeds=1, epochs=400)
    assert found["wild"].diverged == 1
    assert np.isnan(found["wild"].errors).all()
    assert "wild" in str(found)


def test_deep_sigmoid_stacks_pass_back_almost_nothing():
    found = compare_depths(seeds=1, iterations=1, activations=["sigmoid", "relu"])
    deep, flat = (found[f"{name}, 10"].start["gradient_norm"][0] for name in ("sigmoid", "relu"))
    assert deep[0] / deep[-1] < 1e-3
    assert flat[0] / flat[-1] > 1e-2


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_told_in_every_language(language):
    found = cr.compare({"slope": cr.derive(cr.Network.parse("3-4-1"))}, FOUNDING_X, FOUNDING_Y, seeds=1, epochs=2)
    assert found.text(language).count("\n") >= 3
    assert "<table>" in found._repr_html_()


def test_what_is_refused():
    with pytest.raises(ValueError, match="compare takes programs by name"):
        cr.compare({}, FOUNDING_X, FOUNDING_Y)


def test_the_count_of_updates_from_afar_is_that_of_a_plain_loop():
    """One neuron, input 1, weight -10, rate 0.1, target 1, squared error: the updates after which z > 0."""
    w, updates = -10.0, 0
    while w <= 0:
        a = 1 / (1 + math.exp(-w))
        w -= 0.1 * ((a - 1) * (a * (1 - a)))
        updates += 1
    assert updates == 220_594
