"""The founding numbers, as the command prints them."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from chainrule.cli.demo import printed, tell
from chainrule.cli.founding import THREE_FOUR_ONE, THREE_ONE
from chainrule.cli.screen import Screen


@pytest.fixture(scope="module")
def story():
    from typer.testing import CliRunner

    from chainrule.cli import app

    result = CliRunner().invoke(app, ["--lang", "en", "demo"])
    assert result.exit_code == 0
    return result.stdout


def test_it_prints_both_programs(story):
    assert "    delta1 = (a1 - y) * (a1 * (1 - a1))" in story
    assert "    delta1 = (delta2 @ W2.T) * (a1 * (1 - a1))" in story


def test_every_number_is_computed_and_stands_beside_the_expected_one(story):
    for expected in (*THREE_ONE.expected, *THREE_FOUR_ONE.expected):
        assert re.search(rf"{re.escape(expected)} +{re.escape(expected)}", story), expected


def test_the_verdict_is_that_of_a_comparison(story, monkeypatch, capsys):
    assert story.count("final weights bit-identical") == 2
    monkeypatch.setattr("chainrule.cli.founding.Founding.by_hand", lambda founding: iter([[np.full((3, 1), 0.5)]]))
    tell(Screen(SimpleNamespace(obj=None)), THREE_ONE)  # type: ignore[arg-type]  # all that it looks at
    changed = capsys.readouterr().out
    assert "bit-identical" not in changed
    assert "final weights differ" in changed


def test_it_says_what_to_try_next_and_fits_on_a_terminal(story):
    assert "chainrule train examples/iris.csv --target species" in story
    assert max(map(len, story.splitlines())) <= 80


def test_what_is_printed_is_rounded_not_copied():
    assert printed(THREE_ONE, [np.full((4, 1), 0.123456789)]) == ["0.12345679"] * 4
