"""Arrays handed to training: taken as they are, or refused with position and remedy."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data import (
    check_distributions,
    check_features,
    check_not_negative,
    check_row_weights,
    check_target,
    check_unit_interval,
    one_hot,
)

NAN, INF = float("nan"), float("inf")


def test_fitting_arrays_are_not_copied():
    X = np.zeros((3, 2))
    y = np.zeros((3, 1))
    assert check_features(X) is X
    assert check_target(y, 3, 1) is y or np.shares_memory(check_target(y, 3, 1), y)
    assert np.shares_memory(check_target(y[:, 0], 3, 1), y)
    X32 = X.astype(np.float32)
    assert check_features(X32, dtype="float32") is X32


@pytest.mark.parametrize(
    "X", [[[1, 2], [3, 4]], np.array([[1, 3], [2, 4]]).T, np.array([[1, 2], [3, 4]], dtype=np.uint8)]
)
def test_other_arrays_are_converted(X):
    checked = check_features(X, width=2, dtype=np.float32)
    assert checked.tolist() == [[1, 2], [3, 4]]
    assert checked.dtype == np.float32
    assert checked.flags.c_contiguous


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (
            [1.0, 2.0],
            "X has shape (2,): it must have two dimensions, a row a sample; X.reshape(-1, 1) makes it one column",
        ),
        (5, "X has shape (): it must have two dimensions"),
        (np.zeros((2, 2, 2)), "X has shape (2, 2, 2): it must have two dimensions, a row a sample"),
        (np.zeros((0, 3)), "X has shape (0, 3): it is empty"),
        (np.zeros((3, 0)), "X has shape (3, 0): it is empty"),
        (np.zeros((3, 2)), "X has 2 columns, but the network has 3 inputs"),
        ([[1, 2, 3], [1, 2]], "X is not a regular array: its rows must be equally long"),
        ([["a", "b", "c"]], "X holds text: it must hold real numbers"),
        ([[1j, 2, 3]], "X holds complex numbers"),
        ([[None, 1, 2]], "X holds type object"),
        (np.zeros((2, 3), dtype="datetime64[s]"), "X holds type datetime64[s]"),
        ([[1, 2, 3], [1, NAN, 3], [INF, 2, 3]], "X[1, 1] is NaN: fill it in, or remove the row"),
        ([[1, 2, INF]], "X[0, 2] is infinite"),
        ([[1, 2, -INF]], "X[0, 2] is minus infinity"),
        (np.ma.masked_equal([[1, 2, 3]], 2), "X has masked values"),
    ],
)
def test_features_refused(X, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check_features(X, width=3)


def test_too_large_for_float32():
    with pytest.raises(
        ValueError, match=re.escape("X[0, 1] is 1e+300: too large for float32; scale the data, or use float64")
    ):
        check_features([[1, 1e300]], dtype=np.float32)


@pytest.mark.parametrize(
    ("y", "outputs", "expected"),
    [
        ([1, 2, 3], 1, [[1], [2], [3]]),
        ([[1], [2], [3]], 1, [[1], [2], [3]]),
        ([True, False, True], 1, [[1], [0], [1]]),
        ([0, 2, 1], 3, [[1, 0, 0], [0, 0, 1], [0, 1, 0]]),
        ([True, False, True], 2, [[0, 1], [1, 0], [0, 1]]),
        ([[1, 2], [3, 4], [5, 6]], 2, [[1, 2], [3, 4], [5, 6]]),
        (np.array([0, 1, 255], dtype=np.uint8), 256, np.eye(256)[[0, 1, 255]].tolist()),
    ],
)
def test_target(y, outputs, expected):
    checked = check_target(y, 3, outputs, dtype=np.float32)
    assert checked.tolist() == expected
    assert checked.dtype == np.float32


@pytest.mark.parametrize(
    ("y", "outputs", "message"),
    [
        ([1, 2], 1, "y has 2 rows, but X has 3"),
        ([[1, 2, 3]], 1, "y has 1 row, but X has 3"),
        (5.0, 1, "y has shape (): it must be (3, 1) or (3,)"),
        (np.zeros((3, 1, 1)), 1, "y has shape (3, 1, 1): it must be (3, 1)"),
        ([], 1, "y has shape (0,): it is empty"),
        (
            [[1], [2], [0]],
            3,
            "y has shape (3, 1), but the network has 3 outputs: it must be (3, 3), or 3 integer labels 0 to 2",
        ),
        (np.zeros((3, 3)), 1, "y has shape (3, 3), but the network has 1 output: it must be (3, 1) or (3,)"),
        ([0.0, 1.0, 2.0], 3, "y is one-dimensional of type float64, but the network has 3 outputs: give labels 0 to 2"),
        ([0, 3, 1], 3, "y[1] is 3: labels must be 0 to 2"),
        ([0, 1, -1], 3, "y[2] is -1: labels must be 0 to 2"),
        (["a", "b", "c"], 3, "y holds text"),
        ([1, NAN, 2], 1, "y[1] is NaN"),
        ([[1, 2], [3, INF], [5, 6]], 2, "y[1, 1] is infinite"),
    ],
)
def test_target_refused(y, outputs, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check_target(y, 3, outputs)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=20))
def test_one_hot_rows_name_their_labels(labels):
    encoded = one_hot(np.array(labels), 5)
    assert encoded.argmax(axis=1).tolist() == labels
    check_distributions(encoded, "softmax_cross_entropy")


def test_unit_interval():
    check_unit_interval(np.array([[0.0, 1.0, 0.5]]), "binary_cross_entropy")
    message = "y[1, 0] is 1.5: for binary_cross_entropy it must lie in [0, 1]"
    with pytest.raises(ValueError, match=re.escape(message)):
        check_unit_interval(np.array([[0.0], [1.5], [-1]]), "binary_cross_entropy")


def test_distributions():
    check_distributions(np.array([[0.1, 0.2, 0.7]], dtype=np.float32), "softmax_cross_entropy")
    with pytest.raises(ValueError, match=re.escape("y[1] sums to 0: for softmax_cross_entropy each row must sum to 1")):
        check_distributions(np.array([[0.0, 1.0], [0.0, 0.0]]), "softmax_cross_entropy")
    with pytest.raises(ValueError, match=re.escape("y[0, 0] is -1: for softmax_cross_entropy it must lie in [0, 1]")):
        check_distributions(np.array([[-1.0, 2.0]]), "softmax_cross_entropy")


def test_not_negative():
    check_not_negative(np.array([[0.0, 7.0]]), "poisson")
    with pytest.raises(ValueError, match=re.escape("y[0, 1] is -0.5: for poisson it must not be negative")):
        check_not_negative(np.array([[0.0, -0.5]]), "poisson")


def test_row_weights():
    assert check_row_weights([1, 0, 2], 3).tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], "sample_weight has shape (2,): it must be (3,)"),
        ([[1], [2], [3]], "sample_weight has shape (3, 1): it must be (3,)"),
        ([1, -1, 1], "sample_weight[1] is -1: a weight must not be negative"),
        ([0, 0, 0], "sample_weight is 0 in every row"),
        ([1, NAN, 1], "sample_weight[1] is NaN"),
    ],
)
def test_row_weights_refused(weights, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check_row_weights(weights, 3)
