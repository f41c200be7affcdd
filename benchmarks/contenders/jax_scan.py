"""JAX: one jitted `lax.scan` over the batches of a block, gradients by `value_and_grad`, buffers donated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..cases import Array, Case, Orders
from .contender import Contender, Predictor


def make_model(case: Case) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`predict(parameters, X)` and `block(carry, X, y, order)`; parameters are W1, b1, W2, ..."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    activation = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}[case.activation]
    each = 2 if case.bias else 1

    def scores(parameters: list[Any], X: Any) -> Any:
        layers = [parameters[i : i + each] for i in range(0, len(parameters), each)]
        for layer in layers[:-1]:
            X = activation(X @ layer[0] + layer[1] if case.bias else X @ layer[0])
        return X @ layers[-1][0] + layers[-1][1] if case.bias else X @ layers[-1][0]

    def predict(parameters: list[Any], X: Any) -> Any:
        z = scores(parameters, X)
        return {"softmax": jax.nn.softmax, "sigmoid": jax.nn.sigmoid, "linear": lambda z: z}[case.head](z)

    def loss_of(parameters: list[Any], X: Any, y: Any) -> Any:
        if case.head == "softmax":
            return -(y * jax.nn.log_softmax(scores(parameters, X))).sum() / len(X)
        errors = (predict(parameters, X) - y) ** 2
        return 0.5 * (errors.sum() if case.head == "sigmoid" else errors.mean())

    def step(carry: Any, rows: Any, X: Any, y: Any) -> Any:
        parameters, m, v, t = carry
        if case.shuffled:
            X, y = (array.at[rows].get(mode="promise_in_bounds") for array in (X, y))
        loss, gradients = jax.value_and_grad(loss_of)(parameters, X, y)
        t = t + 1
        if case.optimizer == "gradient_descent":
            return ([w - case.rate * g for w, g in zip(parameters, gradients, strict=True)], m, v, t), loss
        m = [0.9 * a + 0.1 * g for a, g in zip(m, gradients, strict=True)]
        v = [0.999 * a + 0.001 * g * g for a, g in zip(v, gradients, strict=True)]
        rate, correction2 = case.rate / (1 - 0.9**t), 1 - 0.999**t
        moved = zip(parameters, m, v, strict=True)
        return ([w - rate * a / (jnp.sqrt(b / correction2) + case.epsilon) for w, a, b in moved], m, v, t), loss

    @partial(jax.jit, donate_argnums=0)
    def block(carry: Any, X: Any, y: Any, order: Any) -> Any:
        steps = None if case.shuffled else case.block
        return lax.scan(lambda carry, rows: step(carry, rows, X, y), carry, order, length=steps)

    return jax.jit(predict), block


class JaxScan(Contender):
    """A call a block; order, weights and moments stay where JAX keeps them."""

    name, key, modules, package = "JAX jit + scan", "jax", ("jax",), "jax"

    def __init__(self, case: Case) -> None:
        import jax

        jax.config.update("jax_enable_x64", True)  # R1 and the check of equality are in float64; others stay float32
        super().__init__(case)
        self.device_put: Callable[[Any], Any] = jax.device_put
        self.predict, self.block = make_model(case)
        self.X, self.y = self.device_put(self.data.X), self.device_put(self.data.y)
        self.reset()

    def reset(self) -> None:
        moments = [[np.zeros_like(w) for w in self.case.weights()] for _ in range(2)]
        if self.case.optimizer == "gradient_descent":
            moments = [[], []]
        self.carry: Any = self.device_put((self.case.weights(), *moments, np.zeros((), self.case.dtype)))

    def run(self, blocks: Orders) -> Array:
        losses = []
        for order in blocks:
            rows = order.astype(np.int32) if self.case.shuffled else None
            self.carry, loss = self.block(self.carry, self.X, self.y, rows)
            losses.append(loss)
        return np.concatenate([np.asarray(loss) for loss in losses])

    def weights(self) -> list[Array]:
        return [np.asarray(w).copy() for w in self.carry[0]]

    def predictor(self) -> Predictor:
        predict, parameters = self.predict, self.carry[0]
        return lambda row: np.asarray(predict(parameters, row))
