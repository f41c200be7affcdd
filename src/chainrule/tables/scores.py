"""How good answers are: accuracy, AUC, log loss; R2, mean absolute error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Preparation
from .goal import Goal

Array = NDArray[np.float64]
LEAST_PROBABILITY = 1e-15  # in the log loss: a right answer held impossible does not make it infinite


def scores(goal: Goal, preparation: Preparation, target: Any, output: Any) -> dict[str, float]:
    """Of outputs (N, K) for targets (N, K), by name; what cannot be said of these rows is left out.

    accuracy                the share of rows whose class is right
    auc                     see `auc`; of several classes the mean of each against all others
    log_loss                the mean of -log of the probability of the true class, where outputs are probabilities
    r2                      1 - squared error / squared error of the mean of these rows
    mean_absolute_error     in the units of the table
    """
    if goal.roles.task == "classification":
        truth = goal.labels(target)
        found = {"accuracy": float((truth == goal.labels(output)).mean())}
        columns = np.asarray(output, np.float64)
        columns = np.concatenate([1 - columns, columns], axis=1) if goal.single else columns
        ranked = auc(truth, columns)
        found |= {} if ranked is None else {"auc": ranked}
        return found | ({"log_loss": log_loss(truth, columns)} if goal.gives_probabilities else {})
    exact, answer = (goal.numbers(preparation, values) for values in (target, output))
    found, explained = {"mean_absolute_error": float(abs(answer - exact).mean())}, r2(exact, answer)
    return found | ({} if explained is None else {"r2": explained})


def r2(exact: Array, answer: Array) -> float | None:
    """1 - squared error / squared error of the mean (N,); None where all are equal. Squared in units of the largest
    deviation: squares of very large or small numbers are no numbers of float64."""
    deviation = exact - exact.mean()
    unit = abs(deviation).max()
    if not unit > 0:
        return None
    return 1 - float((((answer - exact) / unit) ** 2).sum() / ((deviation / unit) ** 2).sum())


def auc(truth: NDArray[np.int64], columns: Array) -> float | None:
    """The area under the ROC curve: how often a row of a class is given more of it than a row of another class.

    A tie counts one half. Mann & Whitney, Annals of Mathematical Statistics 18 (1947), 50-60. Of two classes that of
    the second, of more the mean over the classes that these rows have; None where they have only one.
    """
    K = columns.shape[1]
    classes = [k for k in range(K == 2, K) if 0 < (truth == k).sum() < len(truth)]
    areas = [area(truth == k, columns[:, k]) for k in classes]
    return float(np.mean(areas)) if areas else None


def area(positive: NDArray[np.bool_], value: Array) -> float:
    _, place, counts = np.unique(value, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]  # equal values share the mean of their ranks
    here = int(positive.sum())
    return float((rank[positive].sum() - here * (here + 1) / 2) / (here * (len(value) - here)))


def log_loss(truth: NDArray[np.int64], columns: Array) -> float:
    return float(-np.log(np.clip(columns[np.arange(len(truth)), truth], LEAST_PROBABILITY, 1)).mean())
