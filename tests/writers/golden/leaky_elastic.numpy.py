"""3-5-2 leaky_relu, linear; huber; RMSprop; elastic net penalty

Derived and written by chainrule; needs NumPy.

parameters: W1 (3, 5) random, b1 (5,) zeros, W2 (5, 2) random, b2 (2,) zeros
state: sW1 to sb2 zeros in the shape of their parameters
"""

import numpy as np


def leaky_relu(z):
    return np.where(z > 0, z, 0.01 * z)


def huber(x):
    return np.where(np.abs(x) <= 1, 0.5 * x**2, np.abs(x) - 0.5)


def step(X, y, parameters, state, learning_rate=0.01, rho=0.9, epsilon=1e-8, l1=1e-4, l2=0.001):
    """One training step on X (N, 3) and y (N, 2), in place; returns the loss before it."""
    W1, b1, W2, b2 = parameters
    sW1, sb1, sW2, sb2 = state
    N = len(X)

    # forward
    a1 = leaky_relu(X @ W1 + b1)
    z2 = a1 @ W2 + b2

    # loss
    data_loss = huber(z2 - y).mean()
    loss = (
        data_loss
        + l1 * (np.abs(W1).sum() + np.abs(W2).sum())
        + 0.5 * l2 * ((W1**2).sum() + (W2**2).sum())
    )

    # backward
    delta2 = np.clip(z2 - y, -1, 1) / (N * 2)
    delta1 = (delta2 @ W2.T) * np.where(a1 > 0, 1, 0.01).astype(a1.dtype)
    dW1, db1 = X.T @ delta1 + l2 * W1 + l1 * np.sign(W1), delta1.sum(axis=0)
    dW2, db2 = a1.T @ delta2 + l2 * W2 + l1 * np.sign(W2), delta2.sum(axis=0)

    # update
    for w, dw, s in ((W1, dW1, sW1), (b1, db1, sb1), (W2, dW2, sW2), (b2, db2, sb2)):
        s[...] = rho * s + (1 - rho) * dw**2
        w -= learning_rate * dw / (np.sqrt(s) + epsilon)

    return loss


def predict(X, parameters):
    """The output for the rows of X (N, 3)."""
    W1, b1, W2, b2 = parameters
    a1 = leaky_relu(X @ W1 + b1)
    return a1 @ W2 + b2
