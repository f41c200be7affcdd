"""3-4-1 sigmoid; half squared error; gradient descent

Derived and written by chainrule; needs JAX.

parameters: W1 (3, 4) random, W2 (4, 1) random
"""

import jax
from jax.nn import sigmoid


@jax.jit
def step(X, y, parameters, learning_rate=1.0):
    """One training step on X (N, 3) and y (N, 1).

    Returns the loss before it and the new parameters.
    """
    W1, W2 = parameters

    # forward
    a1 = sigmoid(X @ W1)
    a2 = sigmoid(a1 @ W2)

    # loss
    data_loss = 0.5 * ((a2 - y)**2).sum()

    # backward
    delta2 = (a2 - y) * (a2 * (1 - a2))
    delta1 = (delta2 @ W2.T) * (a1 * (1 - a1))

    # update
    W1 -= learning_rate * (X.T @ delta1)
    W2 -= learning_rate * (a1.T @ delta2)

    return data_loss, (W1, W2)


@jax.jit
def predict(X, parameters):
    """The output for the rows of X (N, 3)."""
    W1, W2 = parameters
    a1 = sigmoid(X @ W1)
    return sigmoid(a1 @ W2)
