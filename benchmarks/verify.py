"""Every contender computes the same thing: from the same weights on the same batches the same losses and weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .cases import Array, Case
from .contenders import Contender
from .contenders.by_hand import ByHand

BLOCKS = 2
DOUBLE = 1e-9  # how far losses and weights may be from NumPy by hand in float64, relative to the largest of each
SINGLE = 1e-3  # tolerance of losses in float32, for all: rounding, carried on by some dozens of steps of Adam
EPSILON = 1e-30  # of Adam: so small that it does not matter where in the formula a contender has it


class Unequal(Exception):  # noqa: N818  it says what it is
    """A contender that computes something else: no time of it would mean anything."""


def check(kind: type[Contender], case: Case) -> float:
    """Two short blocks, losses and weights in float64 and, where the case is in float32, losses again in float32.

    Returns the distance in float64.

    Raises
        Unequal: further away than DOUBLE or SINGLE allow.
    """
    double: Case = replace(case.small(), dtype="float64", epsilon=EPSILON)
    weights, losses = results(kind, double)
    right, wanted = results(ByHand, double)
    far = max([distance(losses, wanted), *map(distance, weights, right)])
    if not far <= DOUBLE:
        raise Unequal(f"{kind.name} on {case.name} in float64: {far:.1e} from NumPy by hand, {DOUBLE:g} allowed")
    if case.dtype == "float32":
        single = distance(results(kind, case.small())[1], results(ByHand, replace(double, epsilon=case.epsilon))[1])
        if not single <= SINGLE:
            raise Unequal(f"{kind.name} on {case.name} in float32: {single:.1e} from NumPy by hand, {SINGLE:g} allowed")
    return far


def distance(mine: Array, wanted: Array) -> float:
    """The largest difference, relative to the largest wanted; of means a block where mine are such."""
    if mine.ndim == 1 and len(mine) != len(wanted):
        wanted = wanted.reshape(len(mine), -1).mean(axis=1)
    return float(np.abs(mine - wanted).max() / max(np.abs(wanted).max(), 1e-300))


def results(kind: type[Contender], case: Case) -> tuple[list[Array], Array]:
    runner = kind(case)
    runner.reset()
    losses = np.asarray(runner.run(case.take(BLOCKS)), dtype=np.float64)
    return runner.weights(), losses
