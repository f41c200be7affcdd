"""6-8-4-1 tanh, linear, dropout 0.2; half mean squared error; Nesterov momentum; L2 penalty

Derived and written by chainrule; needs JAX.

parameters: W1 (6, 8) random, b1 (8,) zeros, W2 (8, 4) random, b2 (4,) zeros, W3 (4, 1) random,
    b3 (1,) zeros
state: vW1 to vb3 zeros in the shape of their parameters
"""

import jax
import jax.numpy as jnp


@jax.jit
def step(X, y, mask1, mask2, parameters, state, learning_rate=0.01, mu=0.9, l2=1e-4):
    """One training step on X (N, 6) and y (N, 1).

    Returns the loss before it, the new parameters and state.
    mask1, mask2: 1 for a unit that is kept (probability 0.8), else 0.
    """
    W1, b1, W2, b2, W3, b3 = parameters
    vW1, vb1, vW2, vb2, vW3, vb3 = state
    N = len(X)

    # forward
    a1 = jnp.tanh(X @ W1 + b1)
    h1 = a1 * (mask1 / 0.8)
    a2 = jnp.tanh(h1 @ W2 + b2)
    h2 = a2 * (mask2 / 0.8)
    z3 = h2 @ W3 + b3

    # loss
    data_loss = 0.5 * ((z3 - y)**2).mean()
    loss = data_loss + 0.5 * l2 * ((W1**2).sum() + (W2**2).sum() + (W3**2).sum())

    # backward
    delta3 = (z3 - y) / N
    delta2 = (delta3 @ W3.T) * (mask2 / 0.8) * (1 - a2**2)
    delta1 = (delta2 @ W2.T) * (mask1 / 0.8) * (1 - a1**2)
    dW1, db1 = X.T @ delta1 + l2 * W1, delta1.sum(axis=0)
    dW2, db2 = h1.T @ delta2 + l2 * W2, delta2.sum(axis=0)
    dW3, db3 = h2.T @ delta3 + l2 * W3, delta3.sum(axis=0)

    # update
    def update(w, dw, v):
        v = mu * v + dw
        w -= learning_rate * (dw + mu * v)
        return w, v

    W1, vW1 = update(W1, dW1, vW1)
    b1, vb1 = update(b1, db1, vb1)
    W2, vW2 = update(W2, dW2, vW2)
    b2, vb2 = update(b2, db2, vb2)
    W3, vW3 = update(W3, dW3, vW3)
    b3, vb3 = update(b3, db3, vb3)

    return loss, (W1, b1, W2, b2, W3, b3), (vW1, vb1, vW2, vb2, vW3, vb3)


@jax.jit
def predict(X, parameters):
    """The output for the rows of X (N, 6)."""
    W1, b1, W2, b2, W3, b3 = parameters
    a1 = jnp.tanh(X @ W1 + b1)
    a2 = jnp.tanh(a1 @ W2 + b2)
    return a2 @ W3 + b3
