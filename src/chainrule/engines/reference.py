"""The reference evaluator: walks the expressions of a Program with NumPy. Slow, short, and right.

One function an op. The functions of analytic ops take complex numbers, so that a derivative can be had to the last
digit from a complex step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

import numpy as np

from ..program.expr import Call, Expr, Name, Number
from ..program.ops import OPS
from ..program.steps import Statement, Step
from ..program.text import parse
from .engine import Array, Arrays, Batches, Engine

ERF = np.vectorize(math.erf, otypes=[float])


def sigmoid(z: Array) -> Array:
    result: Array = 1 / (1 + np.exp(-z))
    return result


def softplus(z: Array) -> Array:
    if np.iscomplexobj(z):
        return np.asarray(np.log(1 + np.exp(z)))
    return np.asarray(np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0))


def log_softmax(z: Array) -> Array:
    z = z - np.real(z).max(axis=1, keepdims=True)
    result: Array = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return result


def variance(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    d = x - x.mean(axis=axis, keepdims=True)
    result: Array = (d * d).mean(axis=axis, keepdims=keepdims)
    return result


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "negative": lambda x: -x,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: x**y,
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "greater": lambda x, y: x > y,
    "greater_equal": lambda x, y: x >= y,
    "equal": lambda x, y: x == y,
    "where": np.where,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "clip": np.clip,
    "full_like": lambda x, value: np.full_like(x, value),
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "abs": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "erf": lambda x: ERF(x),
    "normal_cdf": lambda x: 0.5 * (1 + ERF(x / math.sqrt(2))),
    "normal_pdf": lambda x: np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
    "softplus": softplus,
    "matmul": lambda x, y: x @ y,
    "transpose": lambda x: x.T,
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "variance": variance,
    "softmax": lambda z: np.exp(log_softmax(z)),
    "log_softmax": log_softmax,
    "normalize": lambda z, mean, std: (z - mean) / std,
    "softmax_cross_entropy": lambda z, y: -(y * log_softmax(z)),
    "binary_cross_entropy": lambda z, y: softplus(z) - y * z,
    "poisson_deviance": lambda z, y: np.exp(z) - y * z,
    "huber": lambda x: np.where(np.abs(x) <= 1, 0.5 * x**2, np.abs(x) - 0.5),
}


def evaluate(expr: Expr, values: Mapping[str, Any]) -> Any:
    """The value of an expression; `values` binds its names."""
    if isinstance(expr, Call):  # first: most are, and this is where the time goes
        args = [evaluate(arg, values) for arg in expr.args]
        return FUNCTIONS[expr.op](*args, **dict(expr.options)) if expr.options else FUNCTIONS[expr.op](*args)
    if isinstance(expr, Name):
        return values[expr.name]
    assert isinstance(expr, Number)
    return expr.value


def function_of(expr: Expr) -> Callable[[Mapping[str, Any]], Any]:
    """`evaluate` of one expression, made ready: the same in half the time where it is asked for again and again."""
    if isinstance(expr, Call):
        function, options = FUNCTIONS[expr.op], dict(expr.options)
        parts = [function_of(arg) for arg in expr.args]
        if options:
            return lambda values: function(*[part(values) for part in parts], **options)
        if len(parts) == 2:
            first, second = parts
            return lambda values: function(first(values), second(values))
        return lambda values: function(*[part(values) for part in parts])
    if isinstance(expr, Name):
        return itemgetter(expr.name)
    assert isinstance(expr, Number)
    number = expr.value
    return lambda values: number


def evaluate_definition(op: str, *args: Any) -> Any:
    """The value of an op by its definition in smaller ops."""
    row = OPS[op]
    values = dict(zip(row.arguments, args, strict=True))
    bound: dict[str, Expr] = {name: Name(name, ("N", "K")) for name in row.arguments}
    assigned, result = row.definition_steps
    for name, formula in assigned:
        expression = parse(formula, bound)
        values[name] = evaluate(expression, values)
        bound[name] = Name(name, expression.shape)
    return evaluate(parse(result, bound), values)


def run_steps(steps: Iterable[Statement], values: dict[str, Any]) -> dict[str, Any]:
    """Carry out steps and updates in order; `values` holds everything by name and is added to."""
    for step in steps:
        for target, expression in step.assignments:
            values[target] = evaluate(expression, values)
    return values


class ReferenceEngine(Engine):
    """Runs a program by walking its expressions; what all other engines are compared with."""

    name = "reference"

    def bound(self, inputs: Mapping[str, Array], *more: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {"N": len(inputs["X"]), **inputs}
        for mapping in more:
            values |= mapping
        return values

    def run(
        self,
        inputs: Mapping[str, Array],
        batches: Batches,
        masks: Arrays,
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> Array:
        losses = np.empty(len(batches))
        with np.errstate(all="ignore"):
            for i in range(len(batches)):
                step = slice(batches.offsets[i], batches.offsets[i + 1])
                rows = slice(None) if batches.rows is None else batches.rows[step]
                batch = {name: array[rows] for name, array in inputs.items()}
                drawn = {name: array[step] for name, array in masks.items()}
                values = self.bound({**batch, **drawn}, parameters, state, {"t": t + i, **hyperparameters})
                run_steps(self.program.training_steps, values)
                losses[i] = values[self.program.loss]
                for kept in (parameters, state):
                    for name, array in kept.items():
                        array[...] = values[name]
        return losses

    def predict(self, X: Array, parameters: Arrays, state: Arrays) -> Array:
        with np.errstate(all="ignore"):
            values = run_steps(self.program.prediction_steps, self.bound({"X": X}, parameters, state))
        output: Array = values[self.program.prediction]
        return output

    def evaluate_block(self, X: Array, y: Array, parameters: Arrays, state: Arrays) -> tuple[Array, float]:
        with np.errstate(all="ignore"):
            values = run_steps(self.program.evaluation_steps, self.bound({"X": X, "y": y}, parameters, state))
        return values[self.program.prediction], float(values["data_loss"])

    def trace(
        self,
        inputs: Mapping[str, Array],
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> Arrays:
        steps = [step for step in self.program.steps if isinstance(step, Step)]
        with np.errstate(all="ignore"):
            values = run_steps(steps, self.bound(inputs, parameters, state, {"t": t, **hyperparameters}))
        return {step.name: np.asarray(values[step.name]) for step in steps}
