"""How far a score may be off, for it was measured on these rows and not on all that there could be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NORMAL = 1.959963984540054  # 95 % of a normal distribution lie within so many deviations
RESAMPLES = 1_000
MOST_DRAWN = 20_000_000  # rows drawn in all


class Interval(NamedTuple):
    """A value with its 95 % confidence interval."""

    value: float
    low: float
    high: float


def share(hits: int, of: int) -> Interval:
    """A share of rows, with Wilson's interval, which holds for few rows and near 0 and 1 too.

    Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    if not of:
        return Interval(math.nan, 0.0, 1.0)
    p, z2 = hits / of, NORMAL**2
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = NORMAL / (1 + z2 / of) * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    return Interval(p, min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half)))


def bootstrap(score: Callable[[NDArray[np.int64]], float | None], rows: int, seed: int = 0) -> Interval | None:
    """A score of some rows, with the middle 95 % of what it is on rows drawn again, with replacement.

    Efron, Annals of Statistics 7 (1979), 1-26. None where the score cannot be said.
    """
    value = score(np.arange(rows))
    if value is None or not math.isfinite(value):
        return None
    random = np.random.RandomState(seed)
    times = max(100, min(RESAMPLES, MOST_DRAWN // max(rows, 1)))
    drawn = [score(random.randint(0, rows, rows)) for _ in range(times)]
    finite = [other for other in drawn if other is not None and math.isfinite(other)]
    low, high = np.quantile(finite, [0.025, 0.975]) if finite else (value, value)
    return Interval(value, float(low), float(high))
