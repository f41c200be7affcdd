"""4-8-3 relu, softmax; softmax cross entropy; gradient descent

Derived and written by chainrule; needs NumPy.

parameters: W1 (4, 8) random, b1 (8,) zeros, W2 (8, 3) random, b2 (3,) zeros
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


def step(X, y, parameters, learning_rate=0.1):
    """One training step on X (N, 4) and y (N, 3), in place; returns the loss before it."""
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

    return data_loss


def predict(X, parameters):
    """The output for the rows of X (N, 4)."""
    W1, b1, W2, b2 = parameters
    a1 = relu(X @ W1 + b1)
    return softmax(a1 @ W2 + b2)
