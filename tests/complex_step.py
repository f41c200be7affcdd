"""Derivatives to the last digit by a way that shares nothing with the derivation: the complex step.

f'(x) = Im f(x + ih) / h has no cancellation (Squire & Trapp, SIAM Review 40 (1998), 110-112). Where an op is analytic
piece by piece, the real part chooses the piece. Conditions count as numbers, 1 and 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.engines.reference import ERF, FUNCTIONS, run_steps
from chainrule.program.expr import Call, Expr, Name, Number
from chainrule.program.steps import Program, Step
from tests.zoo import Arrays, Sample

STEP = 1e-100
real = np.real


def erf(x: Any) -> Any:
    return ERF(real(x)) + 1j * np.imag(x) * 2 / math.sqrt(math.pi) * np.exp(-(real(x) ** 2))


def choose(condition: Any, x: Any, y: Any) -> Any:
    return np.where(condition, x, y)


PIECEWISE: dict[str, Any] = {
    "less": lambda x, y: 1.0 * (real(x) < real(y)),
    "less_equal": lambda x, y: 1.0 * (real(x) <= real(y)),
    "greater": lambda x, y: 1.0 * (real(x) > real(y)),
    "greater_equal": lambda x, y: 1.0 * (real(x) >= real(y)),
    "equal": lambda x, y: 1.0 * (real(x) == real(y)),
    "where": lambda condition, x, y: choose(real(condition) != 0, x, y),
    "minimum": lambda x, y: choose(real(x) <= real(y), x, y),
    "maximum": lambda x, y: choose(real(x) >= real(y), x, y),
    "clip": lambda x, low, high: choose(real(x) <= real(low), low, choose(real(x) >= real(high), high, x)),
    "abs": lambda x: choose(real(x) < 0, -x, x),
    "sign": lambda x: np.sign(real(x)),
    "floor": lambda x: np.floor(real(x)),
    "erf": erf,
    "normal_cdf": lambda x: 0.5 * (1 + erf(x / math.sqrt(2))),
    "relu": lambda z: choose(real(z) > 0, z, 0),
    "leaky_relu": lambda z: choose(real(z) > 0, z, 0.01 * z),
    "elu": lambda z: choose(real(z) > 0, z, np.exp(z) - 1),
    "huber": lambda x: choose(np.abs(real(x)) <= 1, 0.5 * x * x, choose(real(x) < 0, -x, x) - 0.5),
}


def value(expr: Expr, values: Mapping[str, Any]) -> Any:
    """The value of an expression, of complex numbers too, conditions as numbers."""
    if isinstance(expr, Name):
        return values[expr.name]
    if isinstance(expr, Number):
        return expr.value
    assert isinstance(expr, Call)
    function = PIECEWISE.get(expr.op) or FUNCTIONS[expr.op]
    return function(*(value(arg, values) for arg in expr.args), **dict(expr.options))


def slope(program: Program, given: Sample, direction: Arrays) -> float:
    """The derivative of the loss along a direction in parameter space."""
    values = given.values
    for name, along in direction.items():
        values[name] = values[name] + 1j * STEP * along
    with np.errstate(all="ignore"):
        for step in program.full.steps:
            if isinstance(step, Step) and step.phase in ("forward", "loss"):
                values[step.name] = value(step.expression, values)
    return float(np.imag(values[program.loss]) / STEP)


def gradients(program: Program, given: Sample) -> Arrays:
    """The derived gradient of every trainable parameter, by the reference evaluator."""
    values = given.values
    with np.errstate(all="ignore"):
        run_steps([step for step in program.full.steps if isinstance(step, Step)], values)
    names = {s.of: s.name for s in program.full.steps if isinstance(s, Step) and s.of}
    return {name: np.asarray(values[names[name]], float) for name in program.trainable}


def untrimmed(program: Program) -> Program:
    """The program without delta trimming, which changes the gradient on purpose."""
    declared = program.declaration
    result: Program = program if declared.clip_delta is None else declared.changed(clip_delta=None).derive()
    return result


def deviation(program: Program, given: Sample, seed: int = 1) -> float:
    """How far the derived gradients are off along a random direction, relative to what is summed there."""
    program = untrimmed(program)
    found = gradients(program, given)
    random = np.random.RandomState(seed)
    direction = {name: random.standard_normal(np.shape(g)) for name, g in found.items()}
    products = [g * direction[name] for name, g in found.items()]
    derived, size = sum(p.sum() for p in products), sum(np.abs(p).sum() for p in products)
    return float(abs(derived - slope(program, given, direction)) / max(size, 1e-12))
