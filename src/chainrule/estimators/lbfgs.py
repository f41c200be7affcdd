"""The solver lbfgs: SciPy's L-BFGS on the derived loss and gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.optimize
from sklearn.utils.optimize import _check_optimize_result

from ..engines.engine import Array, Arrays, Batches, Engine, packed


def fit_lbfgs(
    estimator: Any, engine: Engine, inputs: Arrays, parameters: Arrays, hyperparameters: dict[str, float]
) -> tuple[float, int]:
    """Minimise the loss of all rows over the parameters, in place and in float64; the loss and the iterations made.

    The program keeps its gradient in the state and changes no weight (`rules.KeepGradient`).
    """
    program, everything = engine.program, Batches.whole(len(inputs["X"]), 1)
    mine = packed({name: np.asarray(array, np.float64) for name, array in parameters.items()})
    state = packed({name: np.zeros_like(mine[name.removeprefix("grad")]) for name in program.state})
    weights, gradient = memory_of(mine), memory_of(state)

    def loss_and_gradient(given: Array) -> tuple[float, Array]:
        weights[...] = given
        (loss,) = engine.run(inputs, everything, {}, mine, state, 1, hyperparameters)
        return float(loss), gradient.copy()

    result = scipy.optimize.minimize(
        loss_and_gradient, weights.copy(), method="L-BFGS-B", jac=True,
        options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol},
    )  # fmt: skip
    weights[...] = result.x
    with np.errstate(over="ignore"):
        for name, array in parameters.items():
            array[...] = mine[name]
    return float(result.fun), _check_optimize_result("lbfgs", result, estimator.max_iter)


def memory_of(arrays: Arrays) -> Array:
    """The piece of memory in which packed arrays lie one after another."""
    first = next(iter(arrays.values()))
    memory = first.base
    assert isinstance(memory, np.ndarray)
    apart = first.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    begin = apart // memory.itemsize
    return memory[begin : begin + sum(array.size for array in arrays.values())]
