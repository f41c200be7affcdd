"""Numerical differentiation against the derivative itself: three formulas, steps from 1e-1 to 1e-16.

    forward     (f(x + h) - f(x)) / h               truncation h/2 |f''|,    rounding about e |f| / h
    central     (f(x + h) - f(x - h)) / (2 h)       truncation h^2/6 |f'''|, rounding about e |f| / h
    complex     Im f(x + i h) / h                   truncation h^2/6 |f'''|, no subtraction: no rounding to speak of

Source: Squire & Trapp, Using complex variables to estimate derivatives of real functions, SIAM Review 40 (1998).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engines.engine import Array
from ...messages import choose_language
from .function import Curve

STEPS = tuple(float(f"1e-{k}") for k in range(1, 17))
POINTS = 2_001


@dataclass(frozen=True)
class Differences:
    """The largest error of each formula for the derivative, for each step.

    steps       1e-1 ... 1e-16
    errors      forward, central and, where the function takes complex numbers, complex: (16,), the largest over x
    x           the points (K,); slope: the largest slope there, to compare the errors with
    """

    curve: Curve
    x: Array
    slope: float
    errors: dict[str, Array]
    steps: tuple[float, ...] = STEPS

    def best(self, formula: str) -> tuple[float, float]:
        """The step with the smallest error, and that error."""
        i = int(self.errors[formula].argmin())
        return self.steps[i], float(self.errors[formula][i])

    def story(self, language: str = "en") -> str:
        """All there is to say, as text."""
        from .story import story_of_differences

        return story_of_differences(self, language)

    def __str__(self) -> str:
        return self.story(choose_language())

    def _repr_html_(self) -> str:
        from .story import preformatted

        return preformatted(str(self))


def differences(
    function: str | Callable[..., Any],
    low: float = -10.0,
    high: float = 10.0,
    *,
    at: float | Sequence[float] | None = None,
) -> Differences:
    """How far forward, central and complex differences are off the derivative, between two points or `at` some.

    Raises
        FormulaError, ValueError: no function of one variable; no point at which it has value and slope.
    """
    curve = Curve(function)
    if len(curve.variables) != 1:
        raise ValueError("the differences are compared for a function of one variable")
    if at is None and not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"low must be below high, not {low:g} and {high:g}")
    x = np.linspace(low, high, POINTS) if at is None else np.atleast_1d(np.asarray(at, dtype=float))
    slope = curve.slope(x[None])[0]
    there = np.isfinite(slope) & np.isfinite(curve(x[None]))
    if not there.any():
        raise ValueError("the function has no finite value and slope there")
    x, slope = x[there], slope[there]
    errors: dict[str, list[float]] = {name: [] for name in FORMULAS if name != "complex" or curve.is_analytic}
    for h in STEPS:
        for name, column in errors.items():
            with np.errstate(all="ignore"):
                off = abs(FORMULAS[name](curve, x, h) - slope)
            finite = off[np.isfinite(off)]
            column.append(float(finite.max()) if len(finite) else np.inf)
    return Differences(curve, x, float(abs(slope).max()), {name: np.array(column) for name, column in errors.items()})


def forward(curve: Curve, x: Array, h: float) -> Array:
    return np.asarray((curve((x + h)[None]) - curve(x[None])) / h)


def central(curve: Curve, x: Array, h: float) -> Array:
    return np.asarray((curve((x + h)[None]) - curve((x - h)[None])) / (2 * h))


def complex_step(curve: Curve, x: Array, h: float) -> Array:
    return np.asarray(np.imag(curve((x + 1j * h)[None])) / h)


FORMULAS: dict[str, Callable[[Curve, Array, float], Array]] = {
    "forward": forward,
    "central": central,
    "complex": complex_step,
}
