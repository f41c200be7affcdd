"""Why a value is wrong, from the numbers alone: its shape, the slip that makes just these numbers, a factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..engines.engine import Array
from ..program.expr import Expr
from .exercise import Quantity
from .slips import Slip
from .verdict import Reason

TOLERANCE = 1e-6
NEARLY = 0.02
Values = Sequence[Array]
Make = Callable[[Expr], list[Array]]


def why(
    quantity: Quantity,
    value: Values,
    wanted: Values,
    slips: Sequence[Slip],
    make: Make,
    others: Mapping[str, Values],
    starts: Values | None,
    rates: Sequence[float],
    sizes: Sequence[tuple[int, int]] | None,
) -> Reason:
    """The reason, `unknown` where the numbers do not tell.

    value, wanted   the learner's and the right one, one a case
    make            the values of an expression
    others          the values of everything else in the program
    starts          what a parameter was before its update
    rates           the learning rate, one a case
    sizes           rows and outputs, one a case; None where nothing is averaged
    """
    if not all(np.isfinite(v).all() for v in value):
        return Reason("not_finite")
    if not any(map(np.any, value)):
        slips = ()  # nothing but zeros: too many slips make them, y - y among them
    for test in (of_sign, of_shape):
        found = test(value, wanted)
        if found is not None and not (quantity.changed and found.key == "sign"):
            return found
    if starts is not None and same(value, [2 * s - w for s, w in zip(starts, wanted, strict=True)]):
        return Reason("uphill", {"name": quantity.name})
    for slip in slips:
        made = attempt(make, slip.expression)
        if made is not None and same(value, made) and not same(made, wanted):
            return slip.reason
    if quantity.changed and starts is not None:
        value = [v - s for v, s in zip(value, starts, strict=True)]
        wanted = [w - s for w, s in zip(wanted, starts, strict=True)]
        if all(not np.any(v) for v in value):
            return Reason("not_updated", {"name": quantity.name})
    found = of_factor(value, wanted, rates if quantity.changed else None, sizes)
    if found is not None:
        return Reason("change_factor", found.values) if quantity.changed and found.key == "factor" else found
    for name, values in others.items():
        if name != quantity.name and np.size(values[0]) > 1 and same(value, values):
            return Reason("is_other", {"name": name})
    for slip in slips:  # a slip, and beside it a sign or a factor
        made = attempt(make, slip.expression)
        if (
            made is not None
            and starts is None
            and all(np.shape(m) == np.shape(v) for m, v in zip(made, value, strict=True))
        ):
            factor = of_factor(value, made, None, sizes)
            if factor is not None and factor.key != "nearly":
                return slip.reason
    if value[0].shape != wanted[0].shape:
        return Reason("shape")
    relative = max(deviation(v, w) for v, w in zip(value, wanted, strict=True))
    return Reason("nearly", {"share": f"{relative:.1g}"}) if relative < NEARLY else Reason("unknown")


def attempt(make: Make, expression: Expr) -> list[Array] | None:
    with np.errstate(all="ignore"):
        try:
            return make(expression)
        except (ValueError, TypeError, IndexError, KeyError):
            return None


def deviation(value: Array, wanted: Array) -> float:
    """The largest, over the largest element."""
    return float(np.abs(value - wanted).max(initial=0.0)) / (float(np.abs(wanted).max(initial=0.0)) or 1.0)


def same(value: Sequence[Any], wanted: Sequence[Any]) -> bool:
    return all(
        np.shape(v) == np.shape(w) and deviation(np.asarray(v), np.asarray(w, dtype=float)) <= TOLERANCE
        for v, w in zip(value, wanted, strict=True)
    )


def of_sign(value: Values, wanted: Values) -> Reason | None:
    return Reason("sign") if same(value, [-w for w in wanted]) else None


def of_shape(value: Values, wanted: Values) -> Reason | None:
    """What another shape tells; a square matrix may be transposed without one."""
    if same(value, [w.T for w in wanted]):
        return Reason("transposed_whole")
    if all(v.shape == w.shape for v, w in zip(value, wanted, strict=True)):
        return None
    if same([np.squeeze(v) for v in value], [np.squeeze(w) for w in wanted]):
        return Reason("axes")
    for scale in (lambda w: 1.0, len):
        if any(
            same(value, [np.asarray(w.sum(axis=axis, keepdims=keep)) / scale(w) for w in wanted])
            for axis in (0, None) for keep in (False, True) if wanted[0].ndim
        ):  # fmt: skip
            return Reason("summed_twice")
        if all(v.ndim == w.ndim + 1 for v, w in zip(value, wanted, strict=True)) and any(
            same([np.asarray(v.sum(axis=axis)) / scale(v) for v in value], wanted) for axis in (0, 1)
        ):
            return Reason("sum_missing")
    if all(v.ndim == 2 and v.shape[0] == v.shape[1] and w.shape[0] == v.shape[0] != w.shape[1]
           for v, w in zip(value, wanted, strict=True) if w.ndim == 2) and wanted[0].ndim == 2:  # fmt: skip
        return Reason("broadcast")
    if all(v.size == 1 < w.size for v, w in zip(value, wanted, strict=True)):
        return Reason("summed_twice")
    return None


def of_factor(
    value: Values, wanted: Values, rates: Sequence[float] | None, sizes: Sequence[tuple[int, int]] | None
) -> Reason | None:
    """One number between all elements: N, 1/N, the learning rate, 2, or any other."""
    factors = []
    for v, w in zip(value, wanted, strict=True):
        if v.shape != w.shape or not np.any(w):
            return None
        factor = float((v * w).sum() / (w * w).sum())
        if not factor or deviation(v, factor * w) > TOLERANCE * abs(factor):
            return None
        factors.append(factor)

    def is_factor(numbers: Sequence[float]) -> bool:
        return bool(np.allclose(factors, numbers, rtol=1e-6))

    n = [float(rows) for rows, _ in sizes or ()]
    k = [float(outputs) for _, outputs in sizes or ()]
    nk = [a * b for a, b in zip(n, k, strict=True)]
    named: tuple[tuple[str, Sequence[float]], ...] = (
        ("mean_missing", n), ("mean_extra", [1 / a for a in n]),
        ("mean_missing", nk), ("mean_extra", [1 / a for a in nk]),
        ("rows_elements", k), ("rows_elements", [1 / a for a in k]),
        ("unbiased", [a / (a - 1) for a in n]),
        ("rate_missing", [1 / r for r in rates or ()]), ("rate_twice", rates or ()),
    )  # fmt: skip
    for key, numbers in named:
        if len(numbers) == len(factors) and is_factor(numbers) and not np.allclose(numbers, 1):
            return Reason(key, {"name": "N"} if key == "mean_missing" else {})
    if np.allclose(factors, factors[0], rtol=1e-6):
        if abs(factors[0] - 1) < TOLERANCE:
            return None
        if abs(factors[0] + 1) < TOLERANCE:
            return Reason("sign")
        return Reason("factor", {"factor": f"{factors[0]:.4g}"})
    return None
