"""Rows set aside for testing or validation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import DataError


def split(
    n: int, share: float, seed: int, strata: ArrayLike | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(training rows, held-out rows) of `n` rows, both in random order; the same seed gives the same split.

    `n * share` rows, rounded, are held out, at least 1 and at most n - 1. With `strata` (n,), the class of each row,
    every class gives its share of them, rounded by largest remainder; a class of one row stays in training, and each
    larger class has at least one row on both sides where the number of held-out rows allows it.

    Raises
        ValueError: n < 2, a share outside (0, 1), strata of another length.
        DataError: every class has a single row.
    """
    if n < 2:
        raise ValueError(f"split(n={n}): at least 2 rows are needed")
    if not 0.0 < share < 1.0:
        raise ValueError(f"split(share={share}): must lie between 0 and 1")
    held = min(max(int(n * share + 0.5), 1), n - 1)
    order = np.random.RandomState(seed).permutation(n).astype(np.int64)
    if strata is None:
        return order[held:], order[:held]
    labels = np.asarray(strata)
    if labels.shape != (n,):
        raise ValueError(f"split(strata of shape {labels.shape}): must be one label for each of the {n} rows")
    _, classes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    grouped = order[np.argsort(classes[order], kind="stable")]  # class after class, each in random order
    is_held = np.zeros(n, dtype=np.bool_)
    for begin, count in zip(np.cumsum(sizes) - sizes, _apportioned(sizes, held), strict=True):
        is_held[grouped[begin : begin + count]] = True
    return order[~is_held[order]], order[is_held[order]]


def folds(
    n: int, count: int, seed: int, strata: ArrayLike | None = None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """(other rows, rows of the fold) for each of `count` folds of `n` rows; every row is in one fold.

    The rows are dealt out in random order, with `strata` (n,) class after class, so that each class is spread as
    evenly as can be. The same seed gives the same folds.

    Raises
        DataError: fewer rows than folds.  ValueError: fewer than 2 folds.
    """
    if count < 2:
        raise ValueError(f"folds(count={count}): at least 2 are needed")
    if n < count:
        raise DataError(f"{n} rows cannot be dealt out to {count} folds: there must be a row for each")
    order = np.random.RandomState(seed).permutation(n).astype(np.int64)
    if strata is not None:
        order = order[np.argsort(np.asarray(strata)[order], kind="stable")]
    fold = np.empty(n, dtype=np.int64)
    fold[order] = np.arange(n) % count
    for number in range(count):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _apportioned(sizes: NDArray[np.intp], held: int) -> NDArray[np.intp]:
    """How many rows of each class are held out: quotas rounded by largest remainder, between 1 and size - 1."""
    most = sizes - 1
    least = np.minimum(most, 1)
    if not most.any():
        raise DataError(
            "every class has a single row: no row can be held out for testing; more rows a class are needed"
        )
    held = min(held, int(most.sum()))
    quotas = held * sizes / sizes.sum()
    counts: NDArray[np.intp] = np.clip(np.floor(quotas).astype(np.intp), least, most)
    while counts.sum() < held:
        counts[np.argmax(np.where(counts < most, quotas - counts, -np.inf))] += 1
    while counts.sum() > held:
        floor = least if (counts > least).any() else np.zeros_like(least)
        counts[np.argmax(np.where(counts > floor, counts - quotas, -np.inf))] -= 1
    return counts
