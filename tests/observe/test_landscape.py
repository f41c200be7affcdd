"""A slice through the loss, and the real way of the training on it."""

import numpy as np
import pytest

import chainrule as cr

X = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]
Y = [0, 1, 1, 0]


@pytest.fixture(scope="module")
def run():
    net = cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False, initial="uniform")
    program = cr.derive(net, "half_squared_error", cr.GradientDescent(1.0))
    kept = [cr.WeightHistory()]
    return cr.Training(program, X, Y, epochs=500, seed=1, dtype="float64", callbacks=kept, progress=False).fit()


def test_the_path_is_that_of_the_training(run):
    found = cr.landscape(run, ["W1[0, 1]", "W2[3,0]"], points=5)
    assert found.names == ("W1[0, 1]", "W2[3, 0]")
    start = 2 * np.random.RandomState(1).random_sample((3, 4)) - 1
    assert found.path[0, 0] == start[0, 1]
    assert found.path[-1].tolist() == [run.parameters["W1"][0, 1], run.parameters["W2"][3, 0]]
    assert found.path_loss[0] == pytest.approx(run.losses[0])
    assert found.path_loss[-1] == pytest.approx(run.evaluate(X, Y)["loss"])
    assert found.epochs[0] == 0
    assert found.epochs[-1] == 500
    assert 100 <= len(found.epochs) <= 201
    assert found.weights == 16


def test_the_slice_is_the_loss_with_two_weights_moved(run):
    found = cr.landscape(run, points=5)
    moved = {name: array.copy() for name, array in run.parameters.items()}
    for name, axis, at in zip(found.names, found.axes, (3, 1), strict=True):
        kind, index = name.rstrip("]").split("[")
        moved[kind][tuple(map(int, index.split(",")))] = axis[at]
    again = cr.trace(run.program, X, Y, moved)["data_loss"]
    assert found.loss[1, 3] == pytest.approx(float(again))


def test_the_line_goes_from_the_first_weights_to_the_last(run):
    found = cr.landscape(run, "line", points=7)
    assert found.path[0, 0] == 0
    assert found.path[-1, 0] == pytest.approx(1)
    assert found.axes[0][0] <= -0.25
    nearest = float(np.interp(1.0, found.axes[0], found.loss))
    assert nearest == pytest.approx(found.path_loss[-1], abs=0.05)


def test_keeping_weights_changes_nothing(run):
    plain = cr.Training(run.program, X, Y, epochs=500, seed=1, dtype="float64", progress=False).fit()
    assert all(plain.parameters[name].tobytes() == run.parameters[name].tobytes() for name in plain.parameters)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (["W1[0, 0]"], "two different"),
        (["W1[0, 0]", "W1[0, 0]"], "two different"),
        (["W1[0, 0]", "W9[0, 0]"], "there are W1, W2"),
        (["W1[0, 9]", "W2[0, 0]"], "shape"),
        (["W1", "W2"], "write one as"),
        ("plane", "or 'line'"),
    ],
)
def test_a_weight_that_does_not_exist_is_refused(run, weights, message):
    with pytest.raises(ValueError, match=message):
        cr.landscape(run, weights)


def test_the_weights_must_have_been_kept(run):
    fresh = cr.Training(run.program, X, Y, epochs=1, dtype="float64", callbacks=[cr.WeightHistory()], progress=False)
    with pytest.raises(ValueError, match="fit it first"):
        cr.landscape(fresh)
    still = fresh.fit(0)
    with pytest.raises(ValueError, match="fit it first"):
        cr.landscape(still)
