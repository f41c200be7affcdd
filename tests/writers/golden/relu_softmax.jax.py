"""4-8-3 relu, softmax; softmax cross entropy; gradient descent

Derived and written by chainrule; needs JAX.

parameters: W1 (4, 8) random, b1 (8,) zeros, W2 (8, 3) random, b2 (3,) zeros
"""

import jax
from jax.nn import log_softmax, relu, softmax


@jax.jit
def step(X, y, parameters, learning_rate=0.1):
    """One training step on X (N, 4) and y (N, 3).

    Returns the loss before it and the new parameters.
    """
    W1, b1, W2, b2 = parameters
    N = len(X)

    # forward
    a1 = relu(X @ W1 + b1)
    z2 = a1 @ W2 + b2
    p = softmax(z2)

    # loss
    data_loss = -(y * log_softmax(z2)).sum() / N

    # backward
    delta2 = (p - y) / N
    delta1 = (delta2 @ W2.T) * (a1 > 0)

    # update
    W1 -= learning_rate * (X.T @ delta1)
    b1 -= learning_rate * delta1.sum(axis=0)
    W2 -= learning_rate * (a1.T @ delta2)
    b2 -= learning_rate * delta2.sum(axis=0)

    return data_loss, (W1, b1, W2, b2)


@jax.jit
def predict(X, parameters):
    """The output for the rows of X (N, 4)."""
    W1, b1, W2, b2 = parameters
    a1 = relu(X @ W1 + b1)
    return softmax(a1 @ W2 + b2)
