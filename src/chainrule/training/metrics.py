"""Metrics: one row each, a number from targets and outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engines.engine import Array


@dataclass(frozen=True)
class Metric:
    """A row of the table.

    of      y (N, K), output (N, K) -> number
    grows   whether the largest value is the best; None: nobody said so
    """

    name: str
    of: Callable[[Array, Array], float]
    grows: bool | None = None

    def __call__(self, y: Array, output: Array) -> float:
        with np.errstate(all="ignore"):
            value = self.of(y, output)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise ValueError(f"metric {self.name} must return a number, not {value!r:.60}") from None


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
    """1 - (squared error) / (squared error of the mean), averaged over the outputs; NaN where y is constant."""
    residual = ((output - y) ** 2).sum(axis=0, dtype=np.float64)
    spread = ((y - y.mean(axis=0, dtype=np.float64)) ** 2).sum(axis=0, dtype=np.float64)
    return float((1 - residual / np.where(spread == 0, np.nan, spread)).mean())


METRICS: dict[str, Metric] = {
    row.name: row
    for row in (
        Metric("accuracy", accuracy, grows=True),
        Metric("mean_absolute_error", mean_absolute_error, grows=False),
        Metric("mean_squared_error", mean_squared_error, grows=False),
        Metric("r2", r2, grows=True),
    )
}


def check_metrics(given: Iterable[Any], taken: Iterable[str]) -> dict[str, Metric]:
    """Metrics by name, from names and functions of y and output.

    Raises
        ValueError: an unknown name (the message lists the known ones), or the same name twice.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValueError(f"metrics must be a list, such as ['accuracy'], not {given!r}")
    found: dict[str, Metric] = {}
    for one in given:
        if not callable(one) and (not isinstance(one, str) or one not in METRICS):
            raise ValueError(f"unknown metric '{one}'; known: {', '.join(METRICS)}, or a function of y and output")
        row = Metric(getattr(one, "__name__", type(one).__name__), one) if callable(one) else METRICS[one]
        if row.name in found or row.name in taken:
            raise ValueError(f"two numbers of the history would be called '{row.name}'; give the function another name")
        found[row.name] = row
    return found
