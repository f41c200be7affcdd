"""4-5-3 gelu, softmax; softmax cross entropy; AdamW; clipped gradient

Derived and written by chainrule; needs JAX.

parameters: W1 (4, 5) random, b1 (5,) zeros, W2 (5, 3) random, b2 (3,) zeros
state: mW1 to vb2 zeros in the shape of their parameters
"""

import jax
import jax.numpy as jnp
from jax.nn import log_softmax, softmax
from jax.scipy.stats import norm


@jax.jit
def step(X, y, parameters, state, t, learning_rate=0.001, rho1=0.9, rho2=0.999, epsilon=1e-8,
         decay=0.01, clip_norm=1.0):
    """One training step on X (N, 4) and y (N, 3).

    Returns the loss before it, the new parameters and state.
    t counts the steps, from 1.
    """
    W1, b1, W2, b2 = parameters
    mW1, vW1, mb1, vb1, mW2, vW2, mb2, vb2 = state
    N = len(X)

    # forward
    z1 = X @ W1 + b1
    normal_cdf1 = norm.cdf(z1)
    a1 = z1 * normal_cdf1
    z2 = a1 @ W2 + b2
    p = softmax(z2)

    # loss
    data_loss = -(y * log_softmax(z2)).sum() / N

    # backward
    delta2 = (p - y) / N
    delta1 = (delta2 @ W2.T) * (normal_cdf1 + z1 * norm.pdf(z1))
    dW1, db1 = X.T @ delta1, delta1.sum(axis=0)
    dW2, db2 = a1.T @ delta2, delta2.sum(axis=0)

    # update
    correction1 = 1 - rho1**t
    correction2 = 1 - rho2**t
    gradient_norm = jnp.sqrt((dW1**2).sum() + (db1**2).sum() + (dW2**2).sum() + (db2**2).sum())
    clip_scale = jnp.minimum(1, clip_norm / (gradient_norm + 1e-6))

    def update(w, dw, m, v):
        dw = clip_scale * dw
        w *= 1 - learning_rate * decay
        m = rho1 * m + (1 - rho1) * dw
        v = rho2 * v + (1 - rho2) * dw**2
        w -= learning_rate * (m / correction1) / (jnp.sqrt(v / correction2) + epsilon)
        return w, m, v

    W1, mW1, vW1 = update(W1, dW1, mW1, vW1)
    b1, mb1, vb1 = update(b1, db1, mb1, vb1)
    W2, mW2, vW2 = update(W2, dW2, mW2, vW2)
    b2, mb2, vb2 = update(b2, db2, mb2, vb2)

    return data_loss, (W1, b1, W2, b2), (mW1, vW1, mb1, vb1, mW2, vW2, mb2, vb2)


@jax.jit
def predict(X, parameters):
    """The output for the rows of X (N, 4)."""
    W1, b1, W2, b2 = parameters
    z1 = X @ W1 + b1
    a1 = z1 * norm.cdf(z1)
    return softmax(a1 @ W2 + b2)
