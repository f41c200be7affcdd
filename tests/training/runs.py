"""Small trainings for the tests of this room."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import chainrule as cr
from chainrule.formulas.optimizers import Optimizer
from chainrule.program.steps import Program
from chainrule.training import Training

Array = NDArray[Any]


def data(rows: int = 23, features: int = 3, seed: int = 0) -> tuple[Array, Array]:
    """X (rows, features) and a target (rows,) that depends on it."""
    random = np.random.RandomState(seed)
    X = random.standard_normal((rows, features))
    return X, np.sin(X[:, 0]) + 0.5 * X[:, 1]


def labels(rows: int = 23, classes: int = 2, seed: int = 0) -> tuple[Array, Array]:
    """X (rows, 3) and labels (rows,)."""
    random = np.random.RandomState(seed)
    X = random.standard_normal((rows, 3))
    y = (3 * X[:, 0] + X[:, 1]).argsort().argsort() * classes // rows
    return X, y


@cache
def regression(
    notation: str = "3-5-1", optimizer: Optimizer | str = "adam", loss: str = "mean_squared_error", **more: Any
) -> Program:
    declared = {key: more.pop(key) for key in ("batch_norm", "dropout", "bias") if key in more}
    return cr.derive(cr.Network.parse(notation, "tanh", "linear", **declared), loss, optimizer, **more)


@cache
def classifier(outputs: int = 3, **more: Any) -> Program:
    output, loss = ("sigmoid", "binary_cross_entropy") if outputs == 1 else ("softmax", "softmax_cross_entropy")
    return cr.derive(cr.Network.parse(f"3-5-{outputs}", "tanh", output), loss, cr.Adam(0.05), **more)


def train(program: Program | None = None, xy: tuple[Any, Any] | None = None, **options: Any) -> Training:
    """A training on the NumPy engine in float64 of 10 epochs of 23 rows, unless told otherwise; not yet fitted."""
    X, y = data() if xy is None else xy
    defaults: dict[str, Any] = {"engine": "numpy", "dtype": "float64", "epochs": 10}
    return Training(regression() if program is None else program, X, y, **(defaults | options))


def digest(run: Training) -> bytes:
    """Parameters and state, to the last bit."""
    return b"".join(array.tobytes() for array in (*run.parameters.values(), *run.state.values()))
