"""A 6-8-4-1 tanh network with dropout, trained by Nesterov on half the mean squared error."""

import jax
import jax.numpy as jnp


@jax.jit
def step(X, y, mask1, mask2, parameters, state, learning_rate=0.01, mu=0.9, l2=1e-4):
    """One training step; returns the loss before it, the new parameters and state.

    Masks hold 0 or 1 / (1 - 0.2).
    """
    W1, b1, W2, b2, W3, b3 = parameters
    vW1, vb1, vW2, vb2, vW3, vb3 = state
    N = len(X)

    # forward
    a1 = jnp.tanh(X @ W1 + b1)
    h1 = a1 * mask1
    a2 = jnp.tanh(h1 @ W2 + b2)
    h2 = a2 * mask2
    z3 = h2 @ W3 + b3

    # loss
    data_loss = 0.5 * ((z3 - y)**2).mean()
    loss = data_loss + 0.5 * l2 * ((W1**2).sum() + (W2**2).sum() + (W3**2).sum())

    # backward
    delta3 = (z3 - y) / N
    dW3, db3 = h2.T @ delta3 + l2 * W3, delta3.sum(axis=0)
    delta2 = (delta3 @ W3.T) * mask2 * (1 - a2**2)
    dW2, db2 = h1.T @ delta2 + l2 * W2, delta2.sum(axis=0)
    delta1 = (delta2 @ W2.T) * mask1 * (1 - a1**2)
    dW1, db1 = X.T @ delta1 + l2 * W1, delta1.sum(axis=0)

    # update
    def update(w, dw, v):
        v = mu * v + dw
        return w - learning_rate * (dw + mu * v), v

    W1, vW1 = update(W1, dW1, vW1)
    b1, vb1 = update(b1, db1, vb1)
    W2, vW2 = update(W2, dW2, vW2)
    b2, vb2 = update(b2, db2, vb2)
    W3, vW3 = update(W3, dW3, vW3)
    b3, vb3 = update(b3, db3, vb3)

    return loss, (W1, b1, W2, b2, W3, b3), (vW1, vb1, vW2, vb2, vW3, vb3)


@jax.jit
def predict(X, parameters):
    """The network's output for the rows of X."""
    W1, b1, W2, b2, W3, b3 = parameters
    a1 = jnp.tanh(X @ W1 + b1)
    a2 = jnp.tanh(a1 @ W2 + b2)
    return a2 @ W3 + b3
