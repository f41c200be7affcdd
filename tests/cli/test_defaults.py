"""The rules of `train` where nothing is said; the ten splits of the promise are run by tests/cli/ten_splits.py."""

import numpy as np
import pytest

from chainrule.formulas.optimizers import OPTIMIZERS
from chainrule.tables.defaults import STEPS, Defaults, rate_for, steps_per_epoch
from tests.cli.ten_splits import PROMISED, least_squares, scores, write_csv

SPLITS = {"digits": 1, "breast_cancer": 2, "diabetes": 5}
SLACK = 0.015  # of the mean of so few splits


@pytest.mark.parametrize("name", PROMISED)
def test_a_few_splits_are_near_the_promise(name, tmp_path, monkeypatch):
    """On the engine that people get: with a compiler a split takes a quarter of the time."""
    pytest.importorskip("sklearn")
    monkeypatch.setenv("CHAINRULE_ENGINE", "auto")
    path = write_csv(name, tmp_path)
    got = scores(path, SPLITS[name])
    wanted = PROMISED[name] if PROMISED[name] > 0 else np.mean(least_squares(path, SPLITS[name])) + PROMISED[name]
    assert np.mean(got) >= wanted - SLACK


@pytest.mark.parametrize("rows", [1, 2, 31, 120, 5_000, 10_000, 10_000_000])
def test_the_rules_hold_for_any_number_of_rows(rows):
    rules = Defaults(rows, inputs=4)
    size = rules.batch_size
    assert 1 <= size <= rows
    assert rules.epochs(size) >= 20
    assert rules.epochs(size) * steps_per_epoch(rows, size) >= STEPS
    assert 0 < rules.l2(size, summed=False) <= 6 / rows
    assert rules.l2(size, summed=True) == pytest.approx(size * rules.l2(size, summed=False), rel=1e-2)


def test_every_optimizer_has_a_rate():
    assert all(rate_for(name) for name in OPTIMIZERS)
    assert rate_for("momentum:mu=0.5") == rate_for("momentum")
    assert rate_for("mine") is None
