"""3-1 sigmoid; half squared error; gradient descent

Derived and written by chainrule; needs JAX.

parameters: W1 (3, 1) random
"""

import jax
from jax.nn import sigmoid


@jax.jit
def step(X, y, parameters, learning_rate=1.0):
    """One training step on X (N, 3) and y (N, 1).

    Returns the loss before it and the new parameters.
    """
    (W1,) = parameters

    # forward
    a1 = sigmoid(X @ W1)

    # loss
    data_loss = 0.5 * ((a1 - y)**2).sum()

    # backward
    delta1 = (a1 - y) * (a1 * (1 - a1))

    # update
    W1 -= learning_rate * (X.T @ delta1)

    return data_loss, (W1,)


@jax.jit
def predict(X, parameters):
    """The output for the rows of X (N, 3)."""
    (W1,) = parameters
    return sigmoid(X @ W1)
