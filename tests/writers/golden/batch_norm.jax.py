"""5-6-1 relu, sigmoid, batch norm; binary cross entropy; momentum

Derived and written by chainrule; needs JAX.

parameters: W1 (5, 6) random, gamma1 (6,) ones, beta1 (6,) zeros, W2 (6, 1) random, b2 (1,) zeros
state: vW1 to vb2 zeros in the shape of their parameters, running_mean1 (6,) zeros,
    running_variance1 (6,) ones
"""

import jax
import jax.numpy as jnp
from jax.nn import relu, sigmoid, softplus


@jax.jit
def step(X, y, parameters, state, learning_rate=0.1, mu=0.9):
    """One training step on X (N, 5) and y (N, 1).

    Returns the loss before it, the new parameters and state.
    """
    W1, gamma1, beta1, W2, b2 = parameters
    vW1, vgamma1, vbeta1, vW2, vb2, running_mean1, running_variance1 = state
    N = len(X)

    # forward
    z1 = X @ W1
    mean1 = z1.mean(axis=0)
    variance1 = z1.var(axis=0)
    std1 = jnp.sqrt(variance1 + 1e-5)
    n1 = (z1 - mean1) / std1
    a1 = relu(gamma1 * n1 + beta1)
    z2 = a1 @ W2 + b2
    p = sigmoid(z2)

    # loss
    data_loss = (softplus(z2) - y * z2).mean()

    # backward
    delta2 = (p - y) / N
    ds1 = (delta2 @ W2.T) * (a1 > 0)
    dn1 = ds1 * gamma1
    delta1 = (dn1 - dn1.mean(axis=0) - n1 * (dn1 * n1).mean(axis=0)) / std1
    dW1 = X.T @ delta1
    dgamma1, dbeta1 = (ds1 * n1).sum(axis=0), ds1.sum(axis=0)
    dW2, db2 = a1.T @ delta2, delta2.sum(axis=0)

    # update
    def update(w, dw, v):
        v = mu * v + dw
        w -= learning_rate * v
        return w, v

    W1, vW1 = update(W1, dW1, vW1)
    gamma1, vgamma1 = update(gamma1, dgamma1, vgamma1)
    beta1, vbeta1 = update(beta1, dbeta1, vbeta1)
    W2, vW2 = update(W2, dW2, vW2)
    b2, vb2 = update(b2, db2, vb2)
    running_mean1 = 0.9 * running_mean1 + 0.1 * mean1
    running_variance1 = 0.9 * running_variance1 + 0.1 * variance1 * N / (N - 1)

    return (
        data_loss,
        (W1, gamma1, beta1, W2, b2),
        (vW1, vgamma1, vbeta1, vW2, vb2, running_mean1, running_variance1),
    )


@jax.jit
def predict(X, parameters, state):
    """The output for the rows of X (N, 5)."""
    W1, gamma1, beta1, W2, b2 = parameters
    *_, running_mean1, running_variance1 = state
    std1 = jnp.sqrt(running_variance1 + 1e-5)
    n1 = (X @ W1 - running_mean1) / std1
    a1 = relu(gamma1 * n1 + beta1)
    return sigmoid(a1 @ W2 + b2)
