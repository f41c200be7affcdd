"""20-64-64-2 relu, softmax; softmax cross entropy; Adam

Derived and written by chainrule; needs NumPy.

parameters: W1 (20, 64) random, b1 (64,) zeros, W2 (64, 64) random, b2 (64,) zeros,
    W3 (64, 2) random, b3 (2,) zeros
state: mW1 to vb3 zeros in the shape of their parameters
"""

import numpy as np


def relu(z):
    return np.maximum(z, 0)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def log_softmax(z):
    u = z - z.max(axis=1, keepdims=True)
    return u - np.log(np.exp(u).sum(axis=1, keepdims=True))


def step(X, y, parameters, state, t, learning_rate=0.001, rho1=0.9, rho2=0.999, epsilon=1e-8):
    """One training step on X (N, 20) and y (N, 2), in place; returns the loss before it.

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
    for w, dw, m, v in (
        (W1, dW1, mW1, vW1),
        (b1, db1, mb1, vb1),
        (W2, dW2, mW2, vW2),
        (b2, db2, mb2, vb2),
        (W3, dW3, mW3, vW3),
        (b3, db3, mb3, vb3),
    ):
        m[...] = rho1 * m + (1 - rho1) * dw
        v[...] = rho2 * v + (1 - rho2) * dw**2
        w -= learning_rate * (m / correction1) / (np.sqrt(v / correction2) + epsilon)

    return data_loss


def predict(X, parameters):
    """The output for the rows of X (N, 20)."""
    W1, b1, W2, b2, W3, b3 = parameters
    a1 = relu(X @ W1 + b1)
    a2 = relu(a1 @ W2 + b2)
    return softmax(a2 @ W3 + b3)
