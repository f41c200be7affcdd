"""Values of the wrong type are refused in words, and the caller's data stays the caller's."""

import numpy as np
import pytest

import chainrule as cr

X = np.random.RandomState(0).randn(6, 3)
Y = np.array([0.0, 1, 0, 1, 1, 0]).reshape(-1, 1)
PROGRAM = cr.derive(cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid"))


def training(**options):
    return cr.Training(PROGRAM, X, Y, epochs=2, engine="numpy", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_weight": {1.0: 2}}, "class_weight names class 1.0"),
        ({"class_weight": {0: 0, 1: 0}}, "class_weight is 0 for every class"),
        ({"class_weight": {0: "a"}}, "class_weight of class 0 must be a number"),
        ({"batch_size": np.array([4])}, "batch_size must be a whole number"),
        ({"batches": [[0, [1]]]}, r"batches\[0\] must be a list of row indices"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        training(**options)


def test_wrong_thresholds_of_callbacks():
    with pytest.raises(ValueError, match="EarlyStopping: min_delta must be a number"):
        cr.EarlyStopping(min_delta="a")  # type: ignore[arg-type]
    for factor in ("a", 0, 1, float("nan")):
        with pytest.raises(ValueError, match="ReduceOnPlateau: factor must be between 0 and 1"):
            cr.ReduceOnPlateau(factor=factor)  # type: ignore[arg-type]


def test_a_metric_that_is_no_number():
    def wrong(y, output):
        return "x"

    with pytest.raises(ValueError, match="metric wrong must return a number, not 'x'"):
        training(metrics=[wrong]).fit()


@pytest.mark.parametrize("weights", [None, np.array([1.0, 1, 0, 1, 1, 1])])
def test_a_metric_cannot_change_the_data(weights):
    def wiping(y, output):
        y.fill(0)
        return 0.0

    features, target = X.copy(), Y.copy()
    run = cr.Training(
        PROGRAM, features, target, epochs=1, engine="numpy", dtype="float64", metrics=[wiping], sample_weight=weights
    )
    with pytest.raises(ValueError, match="read-only"):
        run.fit()
    assert (target == Y).all()
    assert features.flags.writeable
    assert target.flags.writeable
    assert not run.X.flags.writeable
    assert weights is not None or np.shares_memory(run.X, features)


def test_steps_are_counted_from_one():
    with pytest.raises(ValueError, match="t must be a whole number of at least 1"):
        cr.trace(PROGRAM, X, Y, t=0)
