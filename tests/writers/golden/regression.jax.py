"""8-32-32-1 tanh, linear; mean squared error; Adam

Derived and written by chainrule; needs JAX.

parameters: W1 (8, 32) random, b1 (32,) zeros, W2 (32, 32) random, b2 (32,) zeros,
    W3 (32, 1) random, b3 (1,) zeros
state: mW1 to vb3 zeros in the shape of their parameters
"""

import jax
import jax.numpy as jnp


@jax.jit
def step(X, y, parameters, state, t, learning_rate=0.001, rho1=0.9, rho2=0.999, epsilon=1e-8):
    """One training step on X (N, 8) and y (N, 1).

    Returns the loss before it, the new parameters and state.
    t counts the steps, from 1.
    """
    W1, b1, W2, b2, W3, b3 = parameters
    mW1, vW1, mb1, vb1, mW2, vW2, mb2, vb2, mW3, vW3, mb3, vb3 = state
    N = len(X)

    # forward
    a1 = jnp.tanh(X @ W1 + b1)
    a2 = jnp.tanh(a1 @ W2 + b2)
    z3 = a2 @ W3 + b3

    # loss
    data_loss = ((z3 - y)**2).mean()

    # backward
    delta3 = 2 * (z3 - y) / N
    delta2 = (delta3 @ W3.T) * (1 - a2**2)
    delta1 = (delta2 @ W2.T) * (1 - a1**2)
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
    """The output for the rows of X (N, 8)."""
    W1, b1, W2, b2, W3, b3 = parameters
    a1 = jnp.tanh(X @ W1 + b1)
    a2 = jnp.tanh(a1 @ W2 + b2)
    return a2 @ W3 + b3
