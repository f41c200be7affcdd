"""The rules that the page evaluates find what `run.diagnose()` finds, on trainings with planted faults."""

import json
import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.lab.verdicts import rows
from chainrule.observe.evidence import Evidence
from chainrule.observe.rules import RULES
from tests.observe.planted import KINDS, healthy
from tests.writers.product import ALL

FEW = ("deep_sigmoid", "unscaled", "dead_by_bias", "alike", "rate_by_1000", "wrong_loss", "imbalanced")


def lowest(values):
    return np.min(values, where=values > 0, initial=np.inf)


def value(of, e):
    """One value of a row, as web/src/core/verdicts.ts reads it."""
    name, window, reduce = of["name"], of["window"], of.get("reduce", "")
    fold = np.max if reduce == "max" else lowest if reduce else lambda values: np.ravel(values)[0]
    if name == "diverged":
        return float(getattr(e.run, "diverged", None) is not None)
    if name == "classes":
        return float(e.targets_are_classes)
    if name == "far_off":
        return float((np.abs(e.now[e.run.program.prediction] - e.inputs["y"]) > 0.9).mean())
    if name in ("rare_share", "recall"):
        return e.recall()[1 if name == "rare_share" else 2]
    if name == "epochs":
        return float(len(e.losses))
    if name in ("test_rise", "test_risen", "test_gap", "test_best"):
        _, course = e.course("validation_loss")
        if len(course) < 5:
            return math.nan
        best, last = course.min(), course[-3:].mean()
        found = {"test_rise": last / best, "test_risen": (last - best) / e.first_loss,
                 "test_gap": e.training_loss / last, "test_best": course.argmin() / len(course)}  # fmt: skip
        return float(found[name])
    if name in ("loss_left", "loss_peak"):
        return float(e.last_loss if name == "loss_left" else e.losses.max()) / e.first_loss
    if name == "loss_fall":
        losses = e.losses
        return math.nan if len(losses) < 10 else float(1 - losses[-1] / losses[-max(2, len(losses) // 10)])
    if window == "history":
        course = e.losses if name == "data_loss" else [e.start[name], *(e.observer.values[name] if e.observer else [])]
        return float(fold(np.array([float(v) for v in course])))
    return float(fold((e.start if window == "start" else e.now)[name]))


def holds(condition, e):
    with np.errstate(all="ignore"):
        over = value(condition["over"], e) if "over" in condition else 1.0
        found = value(condition, e) / (over or 1e-300)
    return found > condition["above"] if "above" in condition else found < condition["below"]


def verdicts(run):
    e = Evidence(run)
    return {row["verdict"] for row in rows(e.program) if all(holds(condition, e) for condition in row["all"])}


@pytest.mark.parametrize("kind", KINDS if ALL else FEW)
def test_planted_faults_are_found_by_the_rows_as_by_the_diagnosis(kind):
    make, _ = KINDS[kind]
    run = make(41_000 + 100 * len(kind), 1)
    assert verdicts(run) == {verdict.name for verdict in run.diagnose().verdicts}


def test_a_healthy_run_is_left_in_peace():
    run = healthy(47_000, 1)
    assert verdicts(run) == {verdict.name for verdict in run.diagnose().verdicts}


def test_every_rule_is_sent_with_its_bound():
    made = cr.derive(cr.Network.parse("3-5-4-1", activation="relu", output="sigmoid"), "mean_squared_error")
    program = cr.observed(made)
    sent = rows(program)
    json.dumps(sent, allow_nan=False)
    assert {rule.verdict for rule in RULES} - {row["verdict"] for row in sent} <= {"saturated_units"}
    row = next(row for row in sent if row["verdict"] == "dead_relu" and row["layer"] == 2)
    rule = next(rule for rule in RULES if rule.verdict == "dead_relu")
    assert row["all"] == [{"name": "dead_share2", "window": "start", "above": rule.either[0][0].bound}]
    assert row["remedy"] == {"activation": "leaky_relu", "initial": True}
