"""Permutation importance: how much worse the answers become when one column is shuffled.

Breiman, Random forests, Machine Learning 45 (2001), 5-32, section 10. The column keeps its values and loses its rows;
the network is not trained anew. Columns that say the same share their importance: shuffling one leaves the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
REPEATS = 5
MOST_ROWS = 2_000
MOST_COLUMNS = 200


class Importance(NamedTuple):
    """A column, the mean loss of score over the shuffles, and the smallest and the largest."""

    column: str
    loss: float
    low: float
    high: float


def importance(
    X: Array, blocks: list[tuple[str, int, int]], score: Callable[[Array, NDArray[np.int64]], float], seed: int = 0
) -> list[Importance]:
    """The most important column first.

    X           (N, D), of which 2,000 rows at most are used
    blocks      name, first and last column of X that a column of the table became
    score       of X and the rows it stems from; larger is better
    """
    random = np.random.RandomState(seed)
    rows = np.arange(len(X)) if len(X) <= MOST_ROWS else np.sort(random.permutation(len(X))[:MOST_ROWS])
    kept = X[rows]
    whole, found = score(kept, rows), []
    for name, begin, end in blocks[:MOST_COLUMNS]:
        losses = []
        for _ in range(REPEATS):
            shuffled = kept.copy()
            shuffled[:, begin:end] = kept[random.permutation(len(kept)), begin:end]
            losses.append(whole - score(shuffled, rows))
        found.append(Importance(name, float(np.mean(losses)), min(losses), max(losses)))
    return sorted(found, key=lambda row: -row.loss)
