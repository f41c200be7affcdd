"""Readiness: how ready is a unit to learn, over all samples? Question 8 has four answers; `CASES` is the table of them.

Both of its numbers are observations: how flat a unit is, and how wrong the network. Whatever says how ready a unit is
(diagnosis, report, lab) reads them from a program and compares them with this table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

FLAT = ("saturated", "off")  # stems of the share of rows on which a unit is flat; a layer has one of them, or neither
WRONG = "relative_error"
RIGHT = 0.1  # of the error of a constant answer: below, the network is right
FAR = 0.9  # from its target: an output that is certain, and wrong


@dataclass(frozen=True)
class Case:
    """A unit is in the first case of the table that it fits.

    flat    the unit is flat on more than this share of the rows
    right   and the network is right
    """

    name: str
    flat: float
    right: bool = False


CASES = (
    Case("finished", 0.95, right=True),
    Case("stuck", 0.95),
    Case("improvable", 0.05),
    Case("undecided", -1.0),
)


def readiness(values: Mapping[str, Any], layers: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Layer -> the case of each of its units, from the observations of groups `slopes` and `output`."""
    right = float(values[WRONG]) < RIGHT
    flats = {i: values[f"{stem}{i}"] for i in layers for stem in FLAT if f"{stem}{i}" in values}
    return {i: tuple(case_of(float(share), right) for share in np.ravel(flat)) for i, flat in flats.items()}


def case_of(flat: float, right: bool) -> str:
    """The case of one unit."""
    return next(case.name for case in CASES if flat > case.flat and (right or not case.right))


def table() -> dict[str, Any]:
    """The rule as plain data, for who applies it elsewhere.

    flat    stems of the observation to compare with `flat` of each case, the layer's number behind it
    wrong   the observation below whose bound the network is right
    far     from its target: an output beyond it is certain, and wrong
    cases   in order: the first that fits holds
    """
    return {
        "flat": list(FLAT),
        "wrong": WRONG,
        "right_below": RIGHT,
        "far": FAR,
        "cases": [asdict(case) for case in CASES],
    }


__all__ = ["CASES", "FAR", "RIGHT", "Case", "readiness", "table"]
