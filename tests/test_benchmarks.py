"""The benchmarks run, and refuse to time what computes something else. Nothing here is timed."""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import run
from benchmarks.cases import CASES, sweep_case
from benchmarks.clock import Sampled
from benchmarks.contenders import HOMES, SHORT, contender
from benchmarks.contenders.by_hand import ByHand
from benchmarks.goals import GOALS
from benchmarks.report import Results, markdown
from benchmarks.verify import Unequal, check
from tests.tools import ALL

ROOT = Path(__file__).parent.parent
TINY = ("--rounds", "1", "--seconds", "0.0001", "--batches", "2")


@pytest.fixture(autouse=True)
def compiling_is_allowed(monkeypatch, quick_compiler):
    monkeypatch.delenv("CHAINRULE_ENGINE", raising=False)


def test_the_short_form_verifies_times_and_reports(tmp_path, monkeypatch, capsys):
    """`python -m benchmarks` in this process, where what it draws with and measures is loaded already."""
    cases = ["R1", "R2a", "R2c"] if ALL else ["R1"]  # the others as below
    short = ["--short", "--no-pin", *TINY, "--output", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["benchmarks", *short, "--cases", *cases, "--only", "steps", "one-row"])
    monkeypatch.setattr(os, "environ", {**os.environ})  # it sets some for itself
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("benchmarks", run_name="__main__")
    said = capsys.readouterr()
    assert ended.value.code == 0, said.err
    assert said.err.count("computes the same") == len(cases) * sum(not contender(key).missing() for key in SHORT)
    assert said.out.strip() == (tmp_path / "report.md").read_text().strip()
    assert "| NumPy by hand" in said.out
    numbers = json.loads((tmp_path / "numbers.json").read_text())
    assert numbers["steps"]["R1"]["hand"]["samples"][0] > 0


ANEW = {"jax": ("R1", "R2a", "R2c")}  # compiles each for seconds; R2b, R2a with a layer more, in `make test-all`
PAIRS = [(case, key) for key in HOMES if key != "compile" for case in ("R1", "R2a", "R2b", "R2c")]


@pytest.mark.parametrize(("case", "key"), [pair for pair in PAIRS if ALL or pair[0] in ANEW.get(pair[1], pair)])
def test_a_contender_computes_the_same(case, key):
    kind = contender(key)
    if kind.missing():
        pytest.skip(kind.missing())
    if not kind.fits(CASES[case]):
        pytest.skip(f"{kind.name} has no {case}")
    check(kind, CASES[case].small(2))


class Careless(ByHand):
    """Forgets one batch in eight."""

    name = "careless"

    def run(self, blocks):
        blocks = blocks.copy()
        blocks[:, 0] = blocks[:, 1]
        return super().run(blocks)


def test_a_contender_that_computes_something_else_is_refused():
    with pytest.raises(Unequal, match="careless on R2b in float64"):
        check(Careless, CASES["R2b"])


def test_a_block_holds_every_row_once():
    case = CASES["R2b"].small()
    blocks = case.take(2)
    assert blocks.shape == (2, case.block, case.batch)
    for block in blocks:
        assert sorted(block.ravel()) == list(range(case.rows))
    assert not np.array_equal(blocks[0], blocks[1])


def test_operations_and_parameters_are_counted():
    case = CASES["R2b"]
    assert case.parameters == 20 * 64 + 64 + 64 * 64 + 64 + 64 * 2 + 2
    assert case.flops == 2 * 32 * (2 * 20 * 64 + 3 * 64 * 64 + 3 * 64 * 2)
    assert sweep_case(2048).parameters == 4_243_458


def test_the_report_says_which_goals_are_met():
    results = Results(names={"c": "chainrule C", "jax": "JAX", "torch": "PyTorch"})
    results.steps["R1"] = {"c": Sampled((1e-7,)), "jax": Sampled((4e-7,)), "torch": Sampled((5e-5,))}
    results.floors["R1"] = 9e-8
    numbers = results.numbers()
    assert numbers["R1: jax / c"] == pytest.approx(4)
    said = {goal.number: goal.met(numbers) for goal in GOALS}
    assert said["R1: c / floor"]
    assert said["R1: jax / c"]
    assert said["R1: torch / c"] is False
    assert said["R4: jax / c"] is None
    text = markdown(results)
    assert "| R1: torch / c | >= 1000 x | 500 x | 556 x | **not met**, beyond the floor |" in text
    assert "| R1: c / floor | <= 1.3 x | 1.11 x | 1 x | met |" in text
    assert "| R4: jax / c | >= 1.15 x | - |  | not measured |" in text
    assert "| the machine's floor | 0.9 |" in text  # times as long as ours


def test_the_page_has_a_place_for_the_numbers():
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert [text.count(mark) for mark in run.MARKS] == [1, 1]


def test_the_tables_of_the_estimators_go_between_the_marks_of_a_page(tmp_path):
    pytest.importorskip("sklearn")
    from benchmarks import estimators

    found = {"chainrule": 0.01, "without a compiler": 0.04, "scikit-learn": 0.16}
    table = estimators.TABLES["iris"]
    fits = [estimators.Fit(table, dtype, found, 0.35, 0.002) for dtype in ("float32", "float64")]
    whole = estimators.full_table(fits, list(found))
    assert whole[2] == "| iris, 16, 100 epochs | float32 | 10 ms | 2 ms | 0.35 s | 4.0 | 16 | 80 |"
    short = estimators.readme_table(fits)
    assert short[2:] == ["| iris, 16, 100 epochs | 16 | 16 | 4.0 | 0.35 s |"]
    for name in ("README.md", "docs/benchmarks.md"):
        page = tmp_path / "page.md"
        page.write_text((ROOT / name).read_text())
        for _ in range(2):
            estimators.into(page, "\n".join(short))
        assert page.read_text().count("| iris, 16, 100 epochs |") == 1
