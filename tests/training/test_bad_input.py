"""What does not fit is refused before any training: what, where, and what to do."""

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from tests.training.runs import classifier, data, labels, regression, train

X, Y = data()


def with_value(value: float) -> np.ndarray:
    broken = X.copy()
    broken[4, 1] = value
    return broken


BAD_DATA = {
    "too few columns": ((X[:, :2], Y), "X has 2 columns, but the network has 3 inputs"),
    "one dimension": ((Y, Y), r"X has shape \(23,\): it must have two dimensions, a row a sample; X.reshape"),
    "no rows": ((X[:0], Y[:0]), r"X has shape \(0, 3\): it is empty"),
    "rows that differ": ((X, Y[:20]), "y has 20 rows, but X has 23: a row of each belongs together"),
    "y that would broadcast": ((X, Y.reshape(1, -1)), "y has 1 row, but X has 23"),
    "y of two columns": ((X, np.stack([Y, Y], axis=1)), r"y has shape \(23, 2\), but the network has 1 output"),
    "NaN in X": ((with_value(np.nan), Y), r"X\[4, 1\] is NaN: fill it in, or remove the row"),
    "infinity in X": ((with_value(-np.inf), Y), r"X\[4, 1\] is minus infinity"),
    "NaN in y": ((X, np.where(np.arange(23) == 7, np.nan, Y)), r"y\[7\] is NaN"),
    "text": (([["a", "b", "c"]], [1]), "X holds text: it must hold real numbers"),
    "ragged": (([[1, 2, 3], [1]], [1, 2]), "X is not a regular array: its rows must be equally long"),
    "nothing": ((None, Y), "X holds type object: it must hold real numbers"),
    "complex numbers": ((X * 1j, Y), "X holds complex numbers"),
}


@pytest.mark.parametrize("kind", BAD_DATA)
def test_bad_data(kind):
    xy, message = BAD_DATA[kind]
    with pytest.raises(ValueError, match=message):
        train(xy=xy)
    with pytest.raises(ValueError, match="validation " + message.split(":")[0]):
        train(validation=xy)
    if message.startswith("X"):
        with pytest.raises(ValueError, match=message):
            train().predict(xy[0])
    with pytest.raises(ValueError, match=message):
        train().evaluate(*xy)
    with pytest.raises(ValueError, match=message):
        cr.trace(regression(), *xy)
    with pytest.raises(ValueError, match=message):
        cr.check_gradients(regression(), *xy)


def test_a_number_too_large_for_the_dtype():
    with pytest.raises(ValueError, match=r"X\[4, 1\] is 1e\+300: too large for float32; scale the data, or use"):
        train(xy=(with_value(1e300), Y), dtype="float32")
    assert train(xy=(with_value(1e100), Y)).X.dtype == np.float64


def poisson(y: object) -> cr.Training:
    return train(cr.derive(cr.Network.parse("3-1", output="exp"), "poisson"), (X, y))


def test_targets_that_do_not_fit_the_loss():
    with pytest.raises(ValueError, match=r"y\[2, 0\] is 2: for binary_cross_entropy it must lie in \[0, 1\]"):
        train(classifier(1), (X, [0, 1, 2] + [0] * 20))
    with pytest.raises(ValueError, match=r"y\[0\] sums to 0: for softmax_cross_entropy each row must sum to 1"):
        train(classifier(3), (X, np.zeros((23, 3))))
    with pytest.raises(ValueError, match=r"y\[1\] is 3: labels must be 0 to 2, one for each output"):
        train(classifier(3), (X, [0, 3] + [1] * 21))
    with pytest.raises(ValueError, match="give labels 0 to 2 as integers"):
        train(classifier(3), (X, Y))
    with pytest.raises(ValueError, match=r"y\[0, 0\] is -1: for poisson it must not be negative"):
        poisson(-np.ones(23))
    with pytest.raises(ValueError, match=r"validation y\[2, 0\] is 2: for binary_cross_entropy"):
        train(classifier(1), labels(), validation=(X, [0, 1, 2] + [0] * 20))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs must be a whole number of at least 0, not -1"),
        ({"epochs": 1.5}, "epochs must be a whole number of at least 0, not 1.5"),
        ({"epochs": "ten"}, "epochs must be a whole number of at least 0, not 'ten'"),
        ({"epochs": True}, "epochs must be a whole number"),
        ({"seed": -1}, "seed must be a whole number from 0 to 4294967295, not -1"),
        ({"seed": 2**32}, "seed must be a whole number from 0 to 4294967295, not 4294967296"),
        ({"seed": None}, "seed must be a whole number"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, not 0"),
        ({"batch_size": 2.5}, "batch_size must be a whole number of at least 1, not 2.5"),
        ({"batch_size": 24}, "batch_size is 24, but there are only 23 rows; None takes all of them in one batch"),
        ({"engine": "fortran"}, "unknown engine 'fortran'; known: auto, .*numpy"),
        ({"dtype": "float16"}, "unknown dtype 'float16'; known: float32, float64"),
        ({"dtype": int}, "unknown dtype '<class 'int'>'; known: float32, float64"),
        ({"validation": 0.2}, r"validation must be a pair, \(X, y\), not 0.2"),
        ({"validation": (X, Y, Y)}, r"validation must be a pair, \(X, y\), not an object of type tuple"),
        ({"metrics": "accuracy"}, r"metrics must be a list, such as \['accuracy'\], not 'accuracy'"),
        ({"metrics": ["acuracy"]}, "unknown metric 'acuracy'; known: accuracy, mean_absolute_error, .*, or a function"),
        ({"metrics": [["r2"]]}, r"unknown metric '\['r2'\]'; known: accuracy"),
        ({"metrics": ["r2", "r2"]}, "two numbers of the history would be called 'r2'"),
        ({"metrics": [lambda y, p: 0, lambda y, p: 1]}, "two numbers of the history would be called '<lambda>'"),
        ({"callbacks": 5}, r"callbacks must be a list of Callback, such as EarlyStopping\(\), not 5"),
        ({"callbacks": [print]}, "callbacks must be a list of Callback, such as EarlyStopping"),
        ({"parameters": {"W3": 1}}, "parameters: there is no 'W3'; there is W1, b1, W2, b2"),
        ({"parameters": [1, 2]}, r"parameters must be a dict, name -> array, not \[1, 2\]"),
        ({"parameters": {"W1": np.ones((5, 3))}}, r"parameters\['W1'\] has shape \(5, 3\), it must have \(3, 5\)"),
        ({"parameters": {"b1": 1}}, r"parameters\['b1'\] has shape \(\), it must have \(5,\)"),
        ({"parameters": {"b2": [np.nan]}}, r"parameters\['b2'\] holds a value that is not finite in float64"),
        ({"parameters": {"b2": [1e300]}, "dtype": "float32"}, r"parameters\['b2'\] .* not finite in float32"),
        ({"parameters": {"b2": ["x"]}}, r"parameters\['b2'\] must hold real numbers"),
        ({"parameters": {"W1": [[1], [1, 2]]}}, r"parameters\['W1'\] is not a regular array"),
        ({"batches": []}, "batches is empty; give a list of row indices for each step"),
        ({"batches": 5}, "batches must be a list with a list of row indices for each step, not 5"),
        ({"batches": [0, 1, 2]}, r"batches\[0\] must be a list of row indices, at least one, not 0"),
        ({"batches": [[0], []]}, r"batches\[1\] must be a list of row indices, at least one, not \[\]"),
        ({"batches": [[0, 0.5]]}, r"batches\[0\] must be a list of row indices"),
        ({"batches": [[0], [1, 23]]}, r"batches\[1\] names row 23, but the rows are 0 to 22"),
        ({"batches": [[-1]]}, r"batches\[0\] names row -1, but the rows are 0 to 22"),
        ({"batches": [[0]], "batch_size": 2}, "batch_size and batches cannot both be given"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        train(**options)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_a_fit_of_no_number_of_epochs():
    run = train()
    with pytest.raises(ValueError, match="epochs must be a whole number of at least 0, not -3"):
        run.fit(-3)
    assert run.t == 0


def test_a_network_is_no_program():
    net: Any = cr.Network.parse("3-1")
    for use in (cr.Training, cr.trace, cr.check_gradients):
        with pytest.raises(ValueError, match=r"a Program is needed, as derive\(network, loss, optimizer\) gives one"):
            use(net, X, Y)
