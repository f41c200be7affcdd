"""20-64-64-2 relu, softmax; softmax cross entropy; Adam

Derived and written by chainrule; needs JAX.

parameters: W1 (20, 64) random, b1 (64,) zeros, W2 (64, 64) random, b2 (64,) zeros,
    W3 (64, 2) random, b3 (2,) zeros
state: mW1 to vb3 zeros in the shape of their parameters
"""

import jax
import jax.numpy as jnp
from jax.nn import log_softmax, relu, softmax


@jax.jit
def step(X, y, parameters, state, t, learning_rate=0.001, rho1=0.9, rho2=0.999, epsilon=1e-8):
    """One training step on X (N, 20) and y (N, 2).

    Returns the loss before it, the new parameters and state.
    t counts the steps, from 1.
    """
    W1, b1, W2, b2, W3, b3 = parameters
    mW1, vW1, mb1, vb1, mW2, vW2, mb2, vb2, mW3, vW3, mb3, vb3 = state
    N = len(X)

    # forward
    a1 = relu(X @ W1 + b1)
    a2 = relu(a1 @ W2 + b2)
    z3 = a2 @ W3 + b3
    p = softmax(z3)

    # loss
    data_loss = -(y * log_softmax(z3)).sum() / N

    # backward
    delta3 = (p - y) / N
    delta2 = (delta3 @ W3.T) * (a2 > 0)
    delta1 = (delta2 @ W2.T) * (a1 > 0)
    dW1, db1 = X.T @ delta1, delta1.sum(axis=0)
    dW2, db2 = a1.T @ delta2, delta2.sum(axis=0)
    dW3, db3 = a2.T @ delta3, delta3.sum(axis=0)

    # update
    correction1 = 1 - rho1**t
    correction2 = 1 - rho2**t

    def update(w, dw, m, v):
        m = rho1 * m + (1 - rho1) * dw
        v = rho2 * v + (1 - rho2) * dw**2
        w -= learning_rate * (m / correction1) / (jnp.sqrt(v / correction2) + epsilon)
        return w, m, v

    W1, mW1, vW1 = update(W1, dW1, mW1, vW1)
    b1, mb1, vb1 = update(b1, db1, mb1, vb1)
    W2, mW2, vW2 = update(W2, dW2, mW2, vW2)
    b2, mb2, vb2 = update(b2, db2, mb2, vb2)
    W3, mW3, vW3 = update(W3, dW3, mW3, vW3)
    b3, mb3, vb3 = update(b3, db3, mb3, vb3)

    return (
        data_loss,
        (W1, b1, W2, b2, W3, b3),
        (mW1, vW1, mb1, vb1, mW2, vW2, mb2, vb2, mW3, vW3, mb3, vb3),
    )


@jax.jit
def predict(X, parameters):
    """The output for the rows of X (N, 20)."""
    W1, b1, W2, b2, W3, b3 = parameters
    a1 = relu(X @ W1 + b1)
    a2 = relu(a1 @ W2 + b2)
    return softmax(a2 @ W3 + b3)
