"""2-4-1 silu, exp; poisson; Adagrad, cosine decay after warm-up; clipped deltas

Derived and written by chainrule; needs JAX.

parameters: W1 (2, 4) random, b1 (4,) zeros, W2 (4, 1) random, b2 (1,) zeros
state: sW1 to sb2 zeros in the shape of their parameters
"""

import jax
import jax.numpy as jnp
from jax.nn import sigmoid


@jax.jit
def step(X, y, parameters, state, t, rate=0.1, epsilon=1e-10, clip_delta=1.0):
    """One training step on X (N, 2) and y (N, 1).

    Returns the loss before it, the new parameters and state.
    t counts the steps, from 1.
    """
    W1, b1, W2, b2 = parameters
    sW1, sb1, sW2, sb2 = state
    N = len(X)

    # forward
    z1 = X @ W1 + b1
    sigmoid1 = sigmoid(z1)
    a1 = z1 * sigmoid1
    z2 = a1 @ W2 + b2
    a2 = jnp.exp(z2)

    # loss
    data_loss = (a2 - y * z2).mean()

    # backward
    delta2 = jnp.clip((a2 - y) / N, -clip_delta, clip_delta)
    slope1 = sigmoid1 + z1 * (sigmoid1 * (1 - sigmoid1))
    delta1 = jnp.clip((delta2 @ W2.T) * slope1, -clip_delta, clip_delta)
    dW1, db1 = X.T @ delta1, delta1.sum(axis=0)
    dW2, db2 = a1.T @ delta2, delta2.sum(axis=0)

    # update
    learning_rate = (
        0.5 * rate * (1 + jnp.cos(jnp.pi * jnp.minimum(t - 1, 1000) / 1000))
        * jnp.minimum(1, t / 100)
    )

    def update(w, dw, s):
        s += dw**2
        w -= learning_rate * dw / (jnp.sqrt(s) + epsilon)
        return w, s

    W1, sW1 = update(W1, dW1, sW1)
    b1, sb1 = update(b1, db1, sb1)
    W2, sW2 = update(W2, dW2, sW2)
    b2, sb2 = update(b2, db2, sb2)

    return data_loss, (W1, b1, W2, b2), (sW1, sb1, sW2, sb2)


@jax.jit
def predict(X, parameters):
    """The output for the rows of X (N, 2)."""
    W1, b1, W2, b2 = parameters
    z1 = X @ W1 + b1
    a1 = z1 * sigmoid(z1)
    return jnp.exp(a1 @ W2 + b2)
