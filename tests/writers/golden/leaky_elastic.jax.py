"""3-5-2 leaky_relu, linear; huber; RMSprop; elastic net penalty

Derived and written by chainrule; needs JAX.

parameters: W1 (3, 5) random, b1 (5,) zeros, W2 (5, 2) random, b2 (2,) zeros
state: sW1 to sb2 zeros in the shape of their parameters
"""

import jax
import jax.numpy as jnp
from jax.nn import leaky_relu


def huber(x):
    return jnp.where(jnp.abs(x) <= 1, 0.5 * x**2, jnp.abs(x) - 0.5)


@jax.jit
def step(X, y, parameters, state, learning_rate=0.01, rho=0.9, epsilon=1e-8, l1=1e-4, l2=0.001):
    """One training step on X (N, 3) and y (N, 2).

    Returns the loss before it, the new parameters and state.
    """
    W1, b1, W2, b2 = parameters
    sW1, sb1, sW2, sb2 = state
    N = len(X)

    # forward
    a1 = leaky_relu(X @ W1 + b1)
    z2 = a1 @ W2 + b2

    # loss
    data_loss = huber(z2 - y).mean()
    loss = (
        data_loss
        + l1 * (jnp.abs(W1).sum() + jnp.abs(W2).sum())
        + 0.5 * l2 * ((W1**2).sum() + (W2**2).sum())
    )

    # backward
    delta2 = jnp.clip(z2 - y, -1, 1) / (N * 2)
    delta1 = (delta2 @ W2.T) * jnp.where(a1 > 0, 1, 0.01)
    dW1, db1 = X.T @ delta1 + l2 * W1 + l1 * jnp.sign(W1), delta1.sum(axis=0)
    dW2, db2 = a1.T @ delta2 + l2 * W2 + l1 * jnp.sign(W2), delta2.sum(axis=0)

    # update
    def update(w, dw, s):
        s = rho * s + (1 - rho) * dw**2
        w -= learning_rate * dw / (jnp.sqrt(s) + epsilon)
        return w, s

    W1, sW1 = update(W1, dW1, sW1)
    b1, sb1 = update(b1, db1, sb1)
    W2, sW2 = update(W2, dW2, sW2)
    b2, sb2 = update(b2, db2, sb2)

    return loss, (W1, b1, W2, b2), (sW1, sb1, sW2, sb2)


@jax.jit
def predict(X, parameters):
    """The output for the rows of X (N, 3)."""
    W1, b1, W2, b2 = parameters
    a1 = leaky_relu(X @ W1 + b1)
    return a1 @ W2 + b2
