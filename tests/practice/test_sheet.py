"""The file a learner gets: nothing is given away, nothing is hidden, and the right lines make it pass."""

import ast
import os
import re
from typing import Any

import pytest

import chainrule as cr
from chainrule.messages import LANGUAGES
from chainrule.practice.cases import cases_of
from chainrule.practice.checking import check_file
from chainrule.practice.exercise import Exercise, PracticeError, exercise_in
from chainrule.practice.hints import statement_of
from chainrule.practice.ladder import LADDER
from chainrule.practice.sheet import sheet
from tests.practice.test_verdicts import load
from tests.zoo import ZOO

ALL = bool(os.environ.get("CHAINRULE_TEST_ALL"))


@pytest.mark.parametrize("language", LANGUAGES if ALL else ("es", "zh-Hant"))
def test_every_rung_is_python_and_asks_for_its_quantities(language):
    for rung in LADDER:
        text = sheet(rung.exercise(), "mine.py", language)
        tree = ast.parse(text)
        for name in rung.missing:
            assert re.search(rf"^    {name} ", ast.get_docstring(tree, clean=False) or "", re.MULTILINE), name
        assert "..." in text
        assert exercise_in(text, "mine.py") == rung.exercise()
        assert not re.search(r"[ \t]$", text, re.MULTILINE)


def test_the_ladder_has_fifteen_rungs_from_the_slope_to_adam_with_batch_norm():
    assert len(LADDER) == 15
    assert LADDER[0].missing == ("slope1",)
    assert "Adam" in LADDER[-1].exercise().program.title
    assert "batch norm" in LADDER[-1].exercise().program.title


def test_the_blanks_hold_no_solution():
    for rung in LADDER:
        exercise = rung.exercise()
        text = sheet(exercise, "mine.py")
        for quantity in exercise.asked if exercise.missing else ():
            solution = statement_of(exercise, quantity)
            assert solution not in text


@pytest.mark.parametrize("number", range(1, 15) if ALL else [3, 12])
def test_a_sheet_with_its_blanks_filled_passes(number, tmp_path):
    """By hand as a learner does it: the dots replaced, nothing else touched."""
    exercise = LADDER[number - 1].exercise(seed=3)
    whole = exercise.program.source("numpy", functions=("step",))
    text = sheet(exercise, "mine.py")
    head, found, rest = text.partition("def step")
    _, main, end = rest.partition("\n\n\nif __name__")
    path = tmp_path / "mine.py"
    path.write_text(head + found + whole.partition("def step")[2].rstrip("\n") + main + end)
    assert exercise_in(path.read_text(), "mine.py") == exercise
    verdict = check_file(exercise, path)
    assert verdict.passed


@pytest.mark.parametrize("name", ZOO if ALL else list(ZOO)[::3])
def test_any_network_can_be_practised(name):
    program = ZOO[name]()
    for level in ("one", "backward", "all") if ALL else ("all",):
        exercise = Exercise.of_level(program.declaration, level, seed=5)
        text = sheet(exercise, "mine.py")
        ast.parse(text)
        assert exercise_in(text, "mine.py") == exercise
    module: dict[str, Any] = {"__name__": "sheet"}
    exec(compile(text, "mine.py", "exec"), module)  # its data are Python, too
    for key, value in {**cases_of(exercise)[0].inputs, **cases_of(exercise)[0].parameters}.items():
        assert (module[key] == value).all()


def test_a_large_network_draws_its_data():
    program = cr.derive(cr.Network.parse("100-60-3", output="softmax"), "softmax_cross_entropy", "adam")
    exercise = Exercise.of_level(program.declaration, "backward")
    text = sheet(exercise, "mine.py")
    assert len(text) < 8000
    module: dict[str, Any] = {"__name__": "sheet"}
    exec(compile(text.replace("...", "0"), "mine.py", "exec"), module)
    assert (module["W1"] == cases_of(exercise)[0].parameters["W1"]).all()


def test_every_student_has_data_of_their_own():
    one, other = (cases_of(LADDER[8].exercise(seed))[0].inputs["X"] for seed in (0, 1))
    assert one.shape == other.shape
    assert (one != other).any()


def test_the_founding_exercises_have_the_founding_data():
    case = cases_of(LADDER[7].exercise())[0]
    assert case.inputs["X"].tolist() == [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]
    assert case.parameters["W1"][0, 0] == -0.165955990594852


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "does not say which exercise"),
        ('# chainrule practice {"exercise": 16, "seed": 0}', "exercise must be a whole number from 1 to 15"),
        ('# chainrule practice {"exercise": 1}', "'seed' is missing"),
        ('# chainrule practice {"exercise": 1, "seed": -1}', "seed must be"),
        ('# chainrule practice {"exercise": 1, "seed": 0, "more": 1}', "no entry 'more'"),
        ("# chainrule practice {x}", "no JSON"),
        ('# chainrule practice {"network": {}, "missing": "all", "seed": 0}', "no network file"),
        ('# chainrule practice {"network": {"format": "chainrule network 1", "inputs": 2, '
         '"layers": [{"layer": "dense", "units": 1}]}, "missing": "all", "seed": 0}', "has no loss"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_exercise_is_refused(text, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        exercise_in(text, "mine.py")


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(PracticeError, match="no 'delta9'; it has z1, a1"):
        Exercise(LADDER[7].declare(), ("delta9",))


class TestNotebook:
    def test_a_function_is_checked_and_helped(self):
        given = cr.practice("3-4-1")
        assert "def step" in str(given)
        solution = cr.derive(cr.Network.parse("3-4-1")).source("numpy")
        assert given.check(load(solution)).passed
        outcome = given.check(load(solution.replace("(delta2 @ W2.T) * (a1 > 0)", "delta2 @ W2.T")))
        assert not outcome
        assert "slope" in str(outcome)
        assert str(given.hint()).startswith("Hint 1 of 3, for delta1")
        assert str(given.hint()).startswith("Hint 2 of 3")
        assert "delta1 = (delta2 @ W2.T) * (a1 > 0)" in str(given.solution())

    def test_numbers_levels_and_names(self):
        assert cr.practice(1).exercise.number == 1
        assert cr.practice("2-1", missing="dW1").exercise.missing == ("dW1",)
        assert cr.practice("3-4-1", "one").exercise.missing == ("delta1",)
        for wrong in (16, 3.5, "x"):
            with pytest.raises(ValueError, match=r"ladder|takes|network"):
                cr.practice(wrong)  # type: ignore[arg-type]  # that is the point
        with pytest.raises(PracticeError, match="not dict"):
            cr.practice(1).check({})  # type: ignore[arg-type]  # that is the point
