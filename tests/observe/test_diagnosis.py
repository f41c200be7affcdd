"""Diagnosis: planted faults are named first, healthy runs are left in peace, remedies can be rerun."""

from functools import cache

import numpy as np
import pytest

import chainrule as cr
from chainrule.messages import LANGUAGES
from chainrule.observe.diagnosis import RULES, diagnose
from chainrule.observe.evidence import Recorded
from tests.observe.planted import KINDS, blobs, fitted, healthy
from tests.writers.product import ALL

FRESH = 31_000  # no bound was chosen on these seeds
EACH = range(4) if ALL else (1,)
HEALTHY = range(20) if ALL else range(1, 20, 3)


@cache
def planted(kind, k):
    """A run, made once for all tests that look at it; and the verdicts that name its fault."""
    make, expected = KINDS[kind]
    return make(FRESH + 100 * len(kind) + k, k), expected


@pytest.mark.parametrize("kind", KINDS)
def test_planted_faults_are_named_first(kind):
    for k in EACH:
        run, expected = planted(kind, k)
        found = run.diagnose()
        assert found.faults, f"{kind} {k}: nothing was found"
        assert found.faults[0].name in expected, found
        assert found.faults[0].finding.since is not None


def test_healthy_runs_are_left_in_peace():
    found = {k: healthy(FRESH + 7000 + k, k).diagnose() for k in HEALTHY}
    loud = {k: str(diagnosis) for k, diagnosis in found.items() if diagnosis.faults}
    assert len(loud) <= len(HEALTHY) // 20, loud


def test_what_the_data_say_needs_no_first_weights():
    run, _ = planted("unscaled", 1)
    (found,) = [v for v in diagnose(run, Recorded()).verdicts if v.name == "unscaled_input"]
    assert (found.finding.since, found.finding.detail) == (0, "X[:, 1]")


@pytest.mark.parametrize("kind", ["unscaled", "alike", "dead_by_bias", "rate_by_1000", "wrong_loss", "imbalanced"])
def test_the_remedy_helps(kind):
    run, _ = planted(kind, 1)
    first = run.diagnose().faults[0]
    again = first.rerun().fit()
    assert again.epochs == run.epochs
    assert first.name not in [verdict.name for verdict in again.diagnose().faults]


def test_the_founding_network_is_healthy_and_finished():
    net = cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False, initial="uniform")
    X, y = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], [0, 1, 1, 0]
    run = cr.Training(cr.derive(net), X, y, epochs=10_000, seed=1, dtype="float64").fit()
    found = run.diagnose()
    assert not found.faults, found
    assert set(found.readiness) == {1, 2}
    assert "Layer 1: " in str(found)
    slow = cr.Training(cr.derive(net, optimizer=cr.GradientDescent(1e-4)), X, y, epochs=200, seed=1).fit()
    assert [fault.name for fault in slow.diagnose().faults] == ["rate_too_small"]


def test_since_when_is_the_epoch_in_which_it_began():
    """Units that saturate on the way: the Observer knows since when, without one nobody does."""
    network = cr.Network.parse("5-8-1", "tanh", "sigmoid")
    X, y = blobs(5, classes=2)
    run = fitted(network, "mean_squared_error", cr.GradientDescent(0.01), (X, y), 3, 5)
    observer = run.callbacks[0]
    assert isinstance(observer, cr.Observer)
    run.parameters["W1"] *= 1000
    run.parameters["W2"][...] = 0
    run.fit(4)
    found = {verdict.name: verdict for verdict in run.diagnose().verdicts}
    assert found["saturated_units"].finding.since == 4
    assert "since epoch 4" in str(found["saturated_units"])
    assert observer.epochs == [0, 1, 2, 3, 4, 5, 6, 7]
    assert len(observer.values["saturated_share1"]) == 8


def test_divergence_says_where_it_began():
    network = cr.Network.parse("1-4-1", "linear")
    X = np.linspace(-1, 1, 32)[:, None] * 3
    run = cr.Training(cr.derive(network, "mean_squared_error", cr.GradientDescent(50.0)), X, X[:, 0], epochs=400)
    with pytest.raises(cr.Diverged):
        run.fit()
    found = run.diagnose()
    assert "diverging" in [verdict.name for verdict in found.faults]
    assert "step " in str(found)


def test_the_four_cases_of_readiness():
    """Question 8: one unit of each case, by the weights it is given."""
    net = cr.Network.parse("1-3-1", activation="sigmoid", output="sigmoid")
    program = cr.derive(net, "binary_cross_entropy", cr.GradientDescent(1e-9))
    X, y = np.linspace(-2, 2, 40)[:, None], (np.linspace(-2, 2, 40) > 0).astype(float)
    given = {"W1": [[0.1, 5.0, 0.0]], "b1": [0.0, 0.0, 30.0], "W2": [[0.0], [40.0], [0.0]], "b2": [-20.0]}
    run = cr.Training(program, X, y, epochs=1, dtype="float64", parameters=given).fit()
    assert run.diagnose().readiness == {1: ("undecided", "improvable", "finished"), 2: ("improvable",)}
    wrong = cr.Training(program, X, 1 - y, epochs=1, dtype="float64", parameters=given).fit()
    assert wrong.diagnose().readiness[1][2] == "stuck"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_verdict_speaks_every_language(language):
    run, _ = planted("unscaled", 1)
    text = run.diagnose().text(language)
    assert "input_size" in text
    assert {rule.verdict for rule in RULES} >= {
        "vanishing_gradient", "exploding_gradient", "saturated_units", "dead_relu", "rate_too_large", "rate_too_small",
        "diverging", "overfitting", "finished", "unscaled_input", "wrong_loss", "imbalance_ignored", "identical_units",
    }  # fmt: skip


def test_notebooks_speak_the_language_of_the_locale(monkeypatch):
    X, y = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], [0, 1, 1, 0]
    program = cr.derive(cr.Network.parse("3-4-1", "sigmoid", "sigmoid", bias=False))
    given = {"W1": [[0.5] * 4] * 3, "W2": [[0.5]] * 4}
    watched = [cr.WeightHistory()]
    run = cr.Training(program, X, y, epochs=3, dtype="float64", parameters=given, callbacks=watched).fit()
    over = cr.landscape(run, ["W1[0, 0]", "W2[1, 0]"], points=3)
    shown = (run.diagnose(), over, cr.compare({"a": program}, X, y, epochs=3, seeds=2), cr.explain(program, X, y),
             cr.trace(program, X, y), cr.descend("x^2", 1))  # fmt: skip
    for language, words in (
        ("en", ("Identical units", "The loss over", "mean error", "sees it", "<th>shape</th>", "It arrives")),
        ("de", ("Gleiche Einheiten", "Der Verlust über", "mittlerer Fehler", "Beispiel 0", "<th>Form</th>", "Minimum")),
        ("zh-Hans", ("单元完全相同", "损失", "平均误差", "样本 0", "<th>形状</th>", "极小值")),
    ):
        monkeypatch.setenv("CHAINRULE_LANG", language)
        for view, word in zip(shown, words, strict=True):
            assert word in view._repr_html_()


def test_before_the_first_step_there_is_nothing_to_diagnose():
    run = cr.Training(cr.derive(cr.Network.parse("2-3-1")), [[0, 1], [1, 0]], [0, 1])
    with pytest.raises(ValueError, match="call fit first"):
        run.diagnose()
