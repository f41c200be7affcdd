"""Scores of validation data: what scikit-learn's `score` gives, from outputs and without asking what they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engines.engine import Array
from ..training.metrics import Metric


def accuracy(weights: Array | None) -> Metric:
    """The share of rows that are right; of several labels, in all of them. Rows may have weights (N,)."""

    def score(y: Array, output: Array) -> float:
        right = ((output > 0.5) == (y > 0.5)).all(axis=1)
        return float(np.average(right, weights=weights))

    return Metric("accuracy", score, grows=True)


def class_accuracy(weights: Array | None) -> Metric:
    """The share of rows whose most probable class is theirs."""

    def score(y: Array, output: Array) -> float:
        return float(np.average(output.argmax(axis=1) == y.argmax(axis=1), weights=weights))

    return Metric("accuracy", score, grows=True)


def r2(weights: Array | None) -> Metric:
    """R2, averaged over the outputs; NaN where the output is not finite."""

    def score(y: Array, output: Array) -> float:
        if not np.isfinite(output).all():
            return float("nan")
        w: Any = 1.0 if weights is None else weights[:, np.newaxis]
        residual = (w * (y - output) ** 2).sum(axis=0, dtype=np.float64)
        spread = (w * (y - np.average(y, axis=0, weights=weights)) ** 2).sum(axis=0, dtype=np.float64)
        of_constant = np.where(residual == 0, 1.0, 0.0)
        return float(np.where(spread == 0, of_constant, 1 - residual / np.where(spread == 0, 1, spread)).mean())

    return Metric("r2", score, grows=True)
