"""Metrics: one row each, a number from targets and outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engines.engine import Array

Metric = Callable[[Array, Array], float]


def accuracy(y: Array, output: Array) -> float:
    """The share of rows whose most probable class is right; with one output, on the right side of a half."""
    if output.shape[1] == 1:
        return float(((output > 0.5) == (y > 0.5)).mean())
    return float((output.argmax(axis=1) == y.argmax(axis=1)).mean())


def mean_absolute_error(y: Array, output: Array) -> float:
    return float(np.abs(output - y).mean(dtype=np.float64))


def mean_squared_error(y: Array, output: Array) -> float:
    return float(((output - y) ** 2).mean(dtype=np.float64))


def r2(y: Array, output: Array) -> float:
    """1 - (squared error) / (squared error of the mean), averaged over the outputs."""
    residual = ((output - y) ** 2).sum(axis=0, dtype=np.float64)
    spread = ((y - y.mean(axis=0)) ** 2).sum(axis=0, dtype=np.float64)
    return float((1 - residual / np.where(spread == 0, np.nan, spread)).mean())


METRICS: dict[str, Metric] = {
    "accuracy": accuracy,
    "mean_absolute_error": mean_absolute_error,
    "mean_squared_error": mean_squared_error,
    "r2": r2,
}


def metric(given: Any) -> tuple[str, Metric]:
    """Name and function.  ValueError: an unknown name (the message lists the known ones)."""
    if callable(given):
        return getattr(given, "__name__", "metric"), given
    if given not in METRICS:
        raise ValueError(f"unknown metric '{given}'; known: {', '.join(METRICS)}, or a function of y and output")
    return given, METRICS[given]
