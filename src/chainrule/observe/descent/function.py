"""Curve: a function of one or two variables with its derivatives, all by the op table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ...engines.engine import Array
from ...engines.reference import function_of
from ...program.expr import Call, Expr, Name, Number, OperandError, names, walk
from ...program.reverse import differentiate
from .notation import SHAPE, VARIABLES, check, read, write
from .tidy import tidy

Computed = Callable[[Mapping[str, Any]], Any]


class Curve:
    """`Curve("x^2 - 4x + 6")`: values, slopes and curvatures at points.

    expression      the function; `slopes`: its derivative by each variable; `curvatures`: the second derivatives
    variables       ("x",), ("y",) or ("x", "y")

    Shapes
        points (D,) or (D, K), K of them at once: D is the number of variables

    Raises
        FormulaError, ValueError: a text that is no function of x, or of x and y.
    """

    def __init__(self, function: str | Callable[..., Any]) -> None:
        self.expression = taken(function)
        used = names(self.expression)
        self.variables = tuple(name for name in VARIABLES if name in used)
        self.slopes = tuple(derivative(self.expression, name) for name in self.variables)
        self._value = function_of(self.expression)
        self._slopes = [function_of(slope) for slope in self.slopes]

    @cached_property
    def curvatures(self) -> tuple[tuple[Expr, ...], ...]:
        """OperandError: longer than anybody reads."""
        return tuple(tuple(derivative(slope, name) for name in self.variables) for slope in self.slopes)

    @cached_property
    def _curvatures(self) -> list[list[Computed]]:
        return [[function_of(entry) for entry in row] for row in self.curvatures]

    @property
    def is_curved(self) -> bool:
        """Whether there is a second derivative to compute with."""
        try:
            return bool(self.curvatures)
        except OperandError:
            return False

    @property
    def is_analytic(self) -> bool:
        """Whether the function takes complex numbers."""
        return all(node.row.analytic for node in walk(self.expression) if isinstance(node, Call))

    def __call__(self, point: Any) -> Any:
        return self._at(self._value, point)

    def slope(self, point: Any) -> Array:
        """The gradient, of the shape of `point`."""
        return np.array([self._at(slope, point) for slope in self._slopes])

    def curvature(self, point: Any) -> Array:
        """The Hessian (D, D) at one point."""
        return np.array([[self._at(entry, point) for entry in row] for row in self._curvatures], dtype=float)

    def of(self, expression: Expr, point: Any) -> Any:
        """The value of an expression at points (D, ...): a value for each; NaN or infinity where there is none."""
        return self._at(function_of(expression), point)

    def _at(self, compute: Computed, point: Any) -> Any:
        point = np.asarray(point)
        if point.dtype != float and point.dtype.kind != "c":
            point = point.astype(float)
        with np.errstate(all="ignore"):
            value = np.asarray(compute(dict(zip(self.variables, point, strict=True))))
        value = value.astype(complex if value.dtype.kind == "c" else float)  # a copy
        if value.shape != point.shape[1:]:  # a constant
            value = np.broadcast_to(value, point.shape[1:]).copy()
        return value[()]

    @property
    def texts(self) -> list[tuple[str, str]]:
        """`f(x)` and its derivatives, as written on paper."""
        arguments = ", ".join(self.variables)
        found = [(f"f({arguments})", write(self.expression))]
        if len(self.variables) == 1:
            found.append((f"f'({arguments})", write(self.slopes[0])))
            if self.is_curved:
                found.append((f"f''({arguments})", write(self.curvatures[0][0])))
            return found
        return found + [(f"df/d{v}", write(slope)) for v, slope in zip(self.variables, self.slopes, strict=True)]

    def solved(self) -> Array | None:
        """Where all slopes are 0, if they are linear and there is just one such point."""
        if not self.is_curved or not all(isinstance(entry, Number) for row in self.curvatures for entry in row):
            return None
        origin = np.zeros(len(self.variables))
        hessian, slope = self.curvature(origin), self.slope(origin)
        if not np.isfinite(slope).all() or abs(np.linalg.det(hessian)) < 1e-12 * max(1.0, abs(hessian).max()):
            return None
        return np.asarray(np.linalg.solve(hessian, -slope)) + 0.0

    def __str__(self) -> str:
        return write(self.expression)


def taken(function: str | Callable[..., Any]) -> Expr:
    """A text, or a Python function of x, or of x and y, as an expression."""
    if not callable(function):
        return read(function)
    parameters = list(inspect.signature(function).parameters)
    if not parameters or not set(parameters) <= set(VARIABLES):
        raise ValueError("a Python function to descend takes x, or x and y, as in lambda x: x**2 - 4 * x + 6")
    made = function(**{name: Name(name, SHAPE) for name in parameters})
    if not isinstance(made, Expr):
        raise ValueError(f"a Python function to descend returns an expression, not {type(made).__name__}")
    check(made)
    return made


def derivative(expression: Expr, variable: str) -> Expr:
    return tidy(differentiate(expression, Name(variable, SHAPE)))


def point_of(start: float | Sequence[float] | Mapping[str, float], curve: Curve) -> Array:
    """The start as a point (D,).

    Raises
        ValueError: another number of coordinates than the function has variables; the function has no value there.
    """
    if isinstance(start, Mapping):
        start = [start[name] for name in curve.variables if name in start]
    try:
        point = np.atleast_1d(np.asarray(start, dtype=float))
    except (TypeError, ValueError):
        raise ValueError(f"the start must be a number, or two, not {start!r:.40}") from None
    wanted = len(curve.variables)
    if point.shape != (wanted,):
        needed = "one number" if wanted == 1 else "two numbers, x and y"
        raise ValueError(f"f({', '.join(curve.variables)}) starts from {needed}, not from {point.size}")
    if not np.isfinite(point).all() or abs(point).max() > LARGEST:
        raise ValueError(f"the start must be finite, and at most {LARGEST:g} in size")
    where = named(curve, point)
    if not np.isfinite(curve(point)):
        raise ValueError(
            f"f has no finite real value at the start, {where}: a division by zero, a root or logarithm of a negative "
            "number, or too large; start elsewhere"
        )
    if not np.isfinite(curve.slope(point)).all():
        raise ValueError(f"f has no finite slope at the start, {where}; start elsewhere")
    return point


LARGEST = 1e12


def named(curve: Curve, point: Array, digits: int = 6) -> str:
    """`x = 2, y = 0`."""
    return ", ".join(f"{name} = {short(v, digits)}" for name, v in zip(curve.variables, point, strict=True))


def short(value: float, digits: int = 6) -> str:
    """A number with so many digits at most; what is nothing but rounding is 0."""
    return f"{0.0 if abs(value) < 1e-12 else float(value):.{digits}g}".replace("e-0", "e-").replace("e+0", "e+")
