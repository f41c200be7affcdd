"""exp_, log_ and tanh_ of tiled C: how many units in the last place they are off, and what extremes give."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from chainrule.engines.compiler import library
from chainrule.writers.polynomials import code
from chainrule.writers.tiles import INLINE

Array = NDArray[Any]

ULPS = 2.0
POINTS = 400_000
TYPES: dict[str, type[np.floating[Any]]] = {"float": np.float32, "double": np.float64}
BETTER: dict[str, type[np.floating[Any]]] = {"float": np.float64, "double": np.longdouble}


@cache
def compiled(real: str) -> ctypes.CDLL:
    """Each of them over an array."""
    loops = "\n".join(
        f"void many_{name}(int n, const real *x, real *y) {{ for (int i = 0; i < n; i++) y[i] = {name}(x[i]); }}"
        for name in ("exp_", "log_", "tanh_")
    )
    functions = code(real, ("exp_", "log_", "tanh_"))
    return library(f"#include <math.h>\ntypedef {real} real;\n{INLINE}\n{functions}\n{loops}\n")


def values(real: str, name: str, x: Array) -> Array:
    x = np.ascontiguousarray(x, TYPES[real])
    found = np.empty_like(x)
    call = getattr(compiled(real), f"many_{name}")
    call(ctypes.c_int(len(x)), ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(found.ctypes.data))
    return found


def worst(real: str, name: str, exact: Callable[[Array], Array], x: Array) -> float:
    """The largest error in units in the last place of the right value."""
    if np.finfo(BETTER[real]).eps == np.finfo(TYPES[real]).eps:
        pytest.skip("long double is no better than double here: nothing to measure with")
    x = x.astype(TYPES[real])
    right = exact(x.astype(BETTER[real]))
    unit = np.abs(np.spacing(right.astype(TYPES[real])))
    return float((np.abs(values(real, name, x) - right) / unit).max())


def spread(real: str, low: float, high: float) -> Array:
    """Points between two bounds, evenly and at random, and many near 0 of either sign."""
    random = np.random.RandomState(1)
    least = np.log10(float(np.finfo(TYPES[real]).tiny)) + 1
    small = 10 ** random.uniform(least, 0, POINTS)
    near = np.concatenate([small, -small])
    return np.concatenate([np.linspace(low, high, POINTS), near[(near > low) & (near < high)]])


@pytest.mark.parametrize("real", TYPES)
def test_exp(real: str) -> None:
    low, high = {"float": (-87.0, 88.7), "double": (-708.0, 709.7)}[real]
    assert worst(real, "exp_", np.exp, spread(real, low, high)) <= ULPS


@pytest.mark.parametrize("real", TYPES)
def test_tanh(real: str) -> None:
    assert worst(real, "tanh_", np.tanh, spread(real, -25, 25)) <= ULPS
    assert worst(real, "tanh_", np.tanh, spread(real, -1, 1)) <= ULPS


@pytest.mark.parametrize("real", TYPES)
def test_log(real: str) -> None:
    random, limits = np.random.RandomState(1), np.finfo(TYPES[real])
    exponents = random.uniform(np.log10(float(limits.tiny)), np.log10(float(limits.max)), POINTS)
    near = np.concatenate([random.uniform(0.5, 2, POINTS), 1 + np.linspace(-1e-3, 1e-3, POINTS)])
    x = np.concatenate([np.maximum(10**exponents, float(limits.tiny)), near])
    assert worst(real, "log_", np.log, x) <= ULPS


@pytest.mark.parametrize("real", TYPES)
def test_extremes(real: str) -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e5, -1e5, 1.0])
    with np.errstate(all="ignore"):
        for name, exact in (("exp_", np.exp), ("tanh_", np.tanh), ("log_", np.log)):
            right = exact(x.astype(TYPES[real]))
            np.testing.assert_array_max_ulp(values(real, name, x)[~np.isnan(right)], right[~np.isnan(right)], 2)
            assert np.isnan(values(real, name, x)[np.isnan(right)]).all(), name
