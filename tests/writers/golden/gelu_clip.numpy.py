"""4-5-3 gelu, softmax; softmax cross entropy; AdamW; clipped gradient

Derived and written by chainrule; needs NumPy.

parameters: W1 (4, 5) random, b1 (5,) zeros, W2 (5, 3) random, b2 (3,) zeros
state: mW1 to vb2 zeros in the shape of their parameters
"""

import math

import numpy as np


def erf(x):
    u = np.minimum(np.abs(x), 6)
    e = np.exp(-u**2)
    w = u / (1 + 0.272 * u)
    q = (((-2.4e-9 * w + 2.1645e-8) * w + 5.635e-9) * w - 6.00648e-7) * w - 9.262395e-7
    q = ((q * w + 3.30039494e-5) * w - 4.94144233e-5) * w - 0.001668651313
    q = ((q * w + 0.01651086865976) * w - 0.08540662788359) * w + 0.291734782358526
    q = (q * w - 0.69308086654988) * w + 1.1283791670955097
    return np.sign(x) * (1 - e + e * w * q)


def normal_cdf(x):
    return 0.5 * (1 + erf(x / math.sqrt(2)))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def log_softmax(z):
    u = z - z.max(axis=1, keepdims=True)
    return u - np.log(np.exp(u).sum(axis=1, keepdims=True))


def normal_pdf(x):
    return np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)


def step(X, y, parameters, state, t, learning_rate=0.001, rho1=0.9, rho2=0.999, epsilon=1e-8,
         decay=0.01, clip_norm=1.0):
    """One training step on X (N, 4) and y (N, 3), in place; returns the loss before it.

    t counts the steps, from 1.
    """
    W1, b1, W2, b2 = parameters
    mW1, vW1, mb1, vb1, mW2, vW2, mb2, vb2 = state
    N = len(X)

    # forward
    z1 = X @ W1 + b1
    normal_cdf1 = normal_cdf(z1)
    a1 = z1 * normal_cdf1
    z2 = a1 @ W2 + b2
    p = softmax(z2)

    # loss
    data_loss = -(y * log_softmax(z2)).sum() / N

    # backward
    delta2 = (p - y) / N
    delta1 = (delta2 @ W2.T) * (normal_cdf1 + z1 * normal_pdf(z1))
    dW1, db1 = X.T @ delta1, delta1.sum(axis=0)
    dW2, db2 = a1.T @ delta2, delta2.sum(axis=0)

    # update
    correction1 = 1 - rho1**t
    correction2 = 1 - rho2**t
    gradient_norm = np.sqrt((dW1**2).sum() + (db1**2).sum() + (dW2**2).sum() + (db2**2).sum())
    clip_scale = np.minimum(1, clip_norm / (gradient_norm + 1e-6))
    for w, dw, m, v in (
        (W1, dW1, mW1, vW1),
        (b1, db1, mb1, vb1),
        (W2, dW2, mW2, vW2),
        (b2, db2, mb2, vb2),
    ):
        dw = clip_scale * dw
        w *= 1 - learning_rate * decay
        m[...] = rho1 * m + (1 - rho1) * dw
        v[...] = rho2 * v + (1 - rho2) * dw**2
        w -= learning_rate * (m / correction1) / (np.sqrt(v / correction2) + epsilon)

    return data_loss


def predict(X, parameters):
    """The output for the rows of X (N, 4)."""
    W1, b1, W2, b2 = parameters
    z1 = X @ W1 + b1
    a1 = z1 * normal_cdf(z1)
    return softmax(a1 @ W2 + b2)
