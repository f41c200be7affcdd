"""The wrong solutions are told what is wrong, the unusual ones pass."""

import os
from functools import cache
from typing import Any

import pytest

import chainrule as cr
from chainrule.messages import LANGUAGES
from chainrule.practice.checking import check_function
from chainrule.practice.exercise import Exercise
from chainrule.practice.hints import STEPS, hint_lines, statement_of
from chainrule.practice.verdict import Verdict
from chainrule.practice.words import lines_of
from tests.practice.corpus import UNUSUAL, WRONG, Unusual, Wrong, networks
from tests.practice.own_names import OWN, SLIPS, TEXTS
from tests.practice.rewritten import FOUND, MORE, NETWORKS

LEAST_REASONS = 45
ALL = bool(os.environ.get("CHAINRULE_TEST_ALL"))


def load(text: str) -> Any:
    """The function `step` of a file."""
    module: dict[str, Any] = {"__name__": "practice"}
    exec(compile(text, "mine.py", "exec"), module)
    return module["step"]


def verdict_of(attempt: Wrong | Unusual) -> Verdict:
    return check_function(networks()[attempt.network], load(attempt.text))


def test_there_are_enough():
    assert len(WRONG) >= 60
    assert len(UNUSUAL) >= 20
    assert sum(bool(attempt.reasons) for attempt in WRONG) >= LEAST_REASONS


@pytest.mark.parametrize("network", networks())
def test_the_emitted_program_passes(network):
    exercise = networks()[network]
    verdict = check_function(exercise, load(exercise.program.source("numpy")))
    assert verdict.passed
    assert verdict.right == len(exercise.asked)
    assert verdict.agreement is not None
    assert verdict.agreement < 1e-6


@pytest.mark.parametrize(
    "attempt", WRONG if ALL else WRONG[::2], ids=lambda a: f"{a.network}: {a.changes[-1][1].strip()}"[:60]
)
def test_the_first_wrong_quantity_and_why(attempt):
    verdict = verdict_of(attempt)
    assert not verdict.passed
    assert verdict.first is not None
    assert verdict.reason is not None
    assert verdict.first.name == attempt.quantity
    assert not attempt.reasons or verdict.reason.key in attempt.reasons
    assert verdict.score < 1
    solution = statement_of(verdict.exercise, verdict.first).split(" = ", 1)[1]
    for language in LANGUAGES:  # never the solution unless it is asked for
        assert len(solution) < 4 or solution not in "\n".join(lines_of(verdict, language))


@pytest.mark.parametrize("attempt", UNUSUAL, ids=lambda a: a.name)
def test_other_ways_are_right(attempt):
    verdict = verdict_of(attempt)
    assert verdict.passed, (verdict.first, verdict.reason, verdict.error)


@cache
def own(network: str) -> Exercise:
    return OWN[network]()


@pytest.mark.parametrize("number", range(len(SLIPS)) if ALL else range(0, len(SLIPS), 16))
def test_the_first_wrong_quantity_under_other_names(number):
    network, old, new, quantities = SLIPS[number]
    assert TEXTS[network].count(old) >= 1
    verdict = check_function(own(network), load(TEXTS[network].replace(old, new, 1)))
    assert verdict.first is not None
    assert verdict.first.name in quantities.split("/"), (verdict.called, verdict.reason)


@cache
def rewritten(network: str) -> Exercise:
    return NETWORKS[network]()


@pytest.mark.parametrize(
    "slip", (*FOUND, *MORE) if ALL else FOUND[::2], ids=lambda s: f"{s.step} {s.changes[-1][1]}"[:60]
)
def test_the_first_wrong_quantity_and_why_in_a_step_written_anew(slip):
    verdict = check_function(rewritten(slip.step), load(slip.text))
    assert (verdict.first.name if verdict.first else "-") == slip.quantity
    assert (verdict.problem or (verdict.reason.key if verdict.reason else "")) == slip.reason


@pytest.mark.parametrize("network", TEXTS)
def test_the_same_without_a_slip_passes(network):
    assert check_function(own(network), load(TEXTS[network])).passed


def test_what_follows_from_a_wrong_value_is_right_for_the_score():
    attempt = next(a for a in WRONG if a.reasons == ("missing_slope",) and a.quantity == "delta2")
    verdict = verdict_of(attempt)
    wrong = [judged.name for judged in verdict.judged if judged.status == "wrong"]
    assert wrong == ["delta2"]
    assert verdict.right == len(verdict.exercise.asked) - 1


def test_a_wrong_gradient_is_shown_beside_a_measured_one():
    attempt = next(a for a in WRONG if a.reasons == ("missing_slope",) and a.quantity == "delta1")
    verdict = verdict_of(attempt)
    measured = verdict.measured
    assert measured is not None
    true = verdict.exercise
    from chainrule.practice.cases import cases_of
    from chainrule.practice.checking import Judge
    from chainrule.practice.running import Report

    reference = Judge(true, cases_of(true), Report()).truth[0]["delta1"]
    assert measured.measured == pytest.approx(reference[measured.index], abs=1e-8)
    assert f"delta1[{measured.index[0]}, {measured.index[1]}]" in "\n".join(lines_of(verdict))


def test_three_hints_each_say_more():
    exercise = networks()["founding"]
    quantity = next(q for q in exercise.quantities if q.name == "delta1")
    hints = [hint_lines(exercise, quantity, step)[1] for step in range(1, STEPS + 1)]
    assert hints == [
        "It is made of delta2, W2, a1.",
        "delta (dL/dz) = error * slope",
        "delta1 = (____ @ ____.T) * (____ * (1 - ____))",
    ]


def test_zeros_are_not_explained_by_a_slip_that_happens_to_make_them(monkeypatch):
    monkeypatch.setenv("CHAINRULE_LANG", "en")

    def step(X, y, parameters, learning_rate=0.01):
        return 0.0

    said = str(cr.practice("3-4-1").check(step))
    assert "not right yet" in said
    assert "stands where" not in said
