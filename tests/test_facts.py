"""The founding facts: both networks give the numbers of the texts, and the bits of the programs written by hand.

They are asked of the run of `chainrule demo`, and so is what it says.
"""

import contextlib
import io
import re
import runpy
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import chainrule as cr
from chainrule.cli import app
from chainrule.cli.founding import THREE_FOUR_ONE, THREE_ONE
from chainrule.cli.screen import Screen

demo = import_module("chainrule.cli.demo")  # in chainrule.cli that is the command
FOUNDING = Path(__file__).parent.parent / "examples" / "founding"
X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])


def founding(notation: str, y: list[int]) -> cr.Training:
    """The network of the texts, their weights and data, one step an epoch."""
    net = cr.Network.parse(notation, activation="sigmoid", output="sigmoid", bias=False)
    program = cr.derive(net, loss="half_squared_error", optimizer=cr.GradientDescent(1.0))
    random = np.random.RandomState(1)
    shapes = {name: tuple(map(int, variable.shape)) for name, variable in program.parameters.items()}
    weights = {name: 2 * random.random_sample(shape) - 1 for name, shape in shapes.items()}
    return cr.Training(program, X, y, engine="numpy", dtype="float64", parameters=weights)


def by_hand(name: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """What the program leaves behind, and the lines it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        left = runpy.run_path(str(FOUNDING / name))
    return {key: value for key, value in left.items() if isinstance(value, np.ndarray)}, printed.getvalue().splitlines()


class Demo:
    """`chainrule demo` as it is run, and what it trained: all 70,000 updates, and as many by hand."""

    def __init__(self) -> None:
        self.runs: dict[tuple[int, ...], tuple[cr.Training, list[np.ndarray]]] = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(demo, "trained", self.trained)
            result = CliRunner().invoke(app, ["--lang", "en", "demo"])
        assert result.exit_code == 0
        self.story = result.stdout

    def trained(self, founding: Any, advance: Any, train: Any = demo.trained) -> tuple[cr.Training, list[np.ndarray]]:
        self.runs[founding.widths] = run, looks = train(founding, advance)
        return run, looks


@pytest.fixture(scope="module")
def told():
    return Demo()


def test_three_one(told):
    run, (output,) = told.runs[3, 1]
    np.testing.assert_allclose(output[:, 0], [0.00966449, 0.00786506, 0.99358898, 0.99211957], rtol=0, atol=5e-9)

    theirs, printed = by_hand("three_one.py")
    assert "[0.00966449]" in "".join(printed)
    assert output.tobytes() == theirs["l1"].tobytes()
    assert run.parameters["W1"].tobytes() == theirs["syn0"].tobytes()


def test_three_four_one(told):
    expected = [
        0.496410031903, 0.00858452565325, 0.00578945986251, 0.00462917677677, 0.00395876528027, 0.00351012256786,
    ]  # fmt: skip
    run, looks = told.runs[3, 4, 1]
    errors = [np.abs(output - run.y).mean() for output in looks]
    np.testing.assert_allclose(errors, expected, rtol=1e-11)

    theirs, printed = by_hand("three_four_one.py")
    assert printed == [f"Error:{error:.12g}" for error in errors]
    assert run.parameters["W1"].tobytes() == theirs["syn0"].tobytes()
    assert run.parameters["W2"].tobytes() == theirs["syn1"].tobytes()


def test_the_founding_weights_are_also_those_of_a_declared_start():
    """`uniform` draws them: uniform on [-1, 1) from the same seed, W1 first."""
    layers = [cr.Dense(units, "sigmoid", bias=False, initial="uniform") for units in (4, 1)]
    program = cr.derive(cr.Network(3, layers))
    drawn = cr.Training(program, X, [0, 1, 1, 0], seed=1, dtype="float64", engine="numpy")
    given = founding("3-4-1", [0, 1, 1, 0])
    for name, values in given.parameters.items():
        np.testing.assert_allclose(drawn.parameters[name], values, rtol=0, atol=3e-16)


@pytest.mark.parametrize(
    ("tried", "expected"),
    [(None, 0.043), ("a2 - y", 0.0013), ("(a2 - y)**3", 0.120), ("(a2 - y)**3 * (a2 * (1 - a2))", 0.360)],
)
def test_what_if_the_error_were_emphasised(tried, expected):
    """Question 3: mean absolute error after 1,000 iterations with slope, without it, cubed, and cubed times slope."""
    run = founding("3-4-1", [0, 1, 1, 0])
    if tried is not None:
        program = run.program.replace("delta2", tried)
        run = cr.Training(program, X, run.y, engine="numpy", dtype="float64", parameters=run.given)
    run.fit(1_000)
    assert np.abs(run.predict(X) - run.y).mean() == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("rows", "rate", "expected"), [(4, 1.0, 0.024), (1_000, 1.0, 0.5), (1_000, 1 / 250, 0.024)])
def test_more_rows_with_a_summed_loss(rows, rate, expected):
    """Question 10: with a summed loss the rate must shrink as the rows grow."""
    run = founding("3-4-1", [0, 1, 1, 0])
    repeated = np.tile(X, (rows // 4, 1)), np.tile(run.y, (rows // 4, 1))
    more = cr.Training(run.program, *repeated, engine="numpy", dtype="float64", parameters=run.given)
    more.hyperparameters["learning_rate"] = rate
    more.fit(2_000)
    assert np.abs(more.predict(X) - run.y).mean() == pytest.approx(expected, abs=5e-4)


def test_the_numbers_in_the_program_are_those_of_the_texts():
    """The step is the six lines, and the loss half the sum of the squared errors."""
    run = founding("3-4-1", [0, 1, 1, 0])
    steps = cr.trace(run.program, X, run.y, run.parameters)
    assert float(steps["data_loss"]) == 0.5 * ((steps["a2"] - run.y) ** 2).sum()
    assert [len(run.program.phase(phase)) for phase in ("forward", "loss", "backward", "update")] == [2, 1, 2, 2]


def test_the_demo_prints_both_programs(told):
    assert "    delta1 = (a1 - y) * (a1 * (1 - a1))" in told.story
    assert "    delta1 = (delta2 @ W2.T) * (a1 * (1 - a1))" in told.story


def test_in_the_demo_every_number_is_computed_and_stands_beside_the_expected_one(told):
    for expected in (*THREE_ONE.expected, *THREE_FOUR_ONE.expected):
        assert re.search(rf"{re.escape(expected)} +{re.escape(expected)}", told.story), expected


def test_the_verdict_of_the_demo_is_that_of_a_comparison(told, monkeypatch, capsys):
    assert told.story.count("final weights bit-identical") == 2
    monkeypatch.setattr("chainrule.cli.founding.Founding.by_hand", lambda founding: iter([[np.full((3, 1), 0.5)]]))
    demo.tell(Screen(SimpleNamespace(obj=None)), THREE_ONE)  # type: ignore[arg-type]  # all that it looks at
    changed = capsys.readouterr().out
    assert "bit-identical" not in changed
    assert "final weights differ" in changed


def test_the_demo_says_what_to_try_next_and_fits_on_a_terminal(told):
    assert "chainrule train examples/iris.csv --target species" in told.story
    assert max(map(len, told.story.splitlines())) <= 80


def test_what_the_demo_prints_is_rounded_not_copied():
    assert demo.printed(THREE_ONE, [np.full((4, 1), 0.123456789)]) == ["0.12345679"] * 4
