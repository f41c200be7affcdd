"""Scores against scikit-learn's."""

import numpy as np
import pytest

from chainrule.data import Preparation, Table, find_roles
from chainrule.tables.goal import Goal
from chainrule.tables.scores import auc, r2, scores

metrics = pytest.importorskip("sklearn.metrics")


def of_table(labels):
    table = Table.from_columns({"x": np.arange(len(labels)), "label": labels})
    roles = find_roles(table, "label")
    return table, roles, Preparation.fit(table, roles)


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("rounded", [False, True])  # ties
def test_auc_and_log_loss(classes, rounded):
    random = np.random.RandomState(classes)
    labels = [f"c{i % classes}" for i in range(60)]
    table, roles, preparation = of_table(labels)
    goal = Goal.find(roles, None, None)
    target = goal.targets(preparation, table)
    output = random.random_sample(target.shape) * 0.9 + 0.05
    output = output.round(1) if rounded else output
    output = output if goal.single else output / output.sum(axis=1, keepdims=True)
    found = scores(goal, preparation, target, output)
    columns = np.c_[1 - output, output] if goal.single else output
    truth = goal.labels(target)
    given = {"multi_class": "ovr"} if classes > 2 else {}
    area = metrics.roc_auc_score(truth, output[:, 0] if goal.single else columns, **given)
    assert found["auc"] == pytest.approx(area)
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, columns))
    assert found["accuracy"] == pytest.approx((goal.labels(output) == truth).mean())


def test_what_cannot_be_said_is_left_out():
    assert auc(np.zeros(3, int), np.ones((3, 2))) is None


def test_a_number():
    random = np.random.RandomState(0)
    table = Table.from_columns({"x": np.arange(40.0), "y": random.normal(5, 3, 40)})
    roles = find_roles(table, "y")
    preparation = Preparation.fit(table, roles)
    goal = Goal.find(roles, None, None)
    target = goal.targets(preparation, table)
    output = target + random.normal(0, 0.3, target.shape)
    found = scores(goal, preparation, target, output)
    truth, answer = goal.numbers(preparation, target), goal.numbers(preparation, output)
    assert found["r2"] == pytest.approx(metrics.r2_score(truth, answer))
    assert [r2(truth * unit, answer * unit) for unit in (1e-200, 1e200)] == pytest.approx([found["r2"]] * 2)
    assert found["mean_absolute_error"] == pytest.approx(metrics.mean_absolute_error(truth, answer))
