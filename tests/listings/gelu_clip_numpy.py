"""A 4-5-3 gelu network, softmax output, trained by AdamW with clipping on the cross-entropy."""

import math

import numpy as np

TAIL = (  # exp(x**2 / 2) * normal_cdf(-x) as a ratio of two polynomials, for x >= 0, to 6e-17
    (0.0, 1.0),
    (0.3989422804003628, 26.84821143191933),
    (10.710886693574182, 354.03449700863735),
    (140.8403872757938, 2967.7106450023384),
    (1173.234366798313, 17324.289859771936),
    (6771.349154101635, 73029.42892640899),
    (27982.71560094829, 223842.37963425444),
    (82806.50468630914, 490378.6604528016),
    (169889.8647588607, 732156.4659839324),
    (221439.76572586937, 670705.0724116345),
    (142768.4856632963, 285536.97132659267),
)


def normal_cdf(z):
    x = np.minimum(np.abs(z), 40)
    numerator = denominator = 0
    for a, b in TAIL:
        numerator = numerator * x + a
        denominator = denominator * x + b
    tail = np.exp(-0.5 * x**2) * numerator / denominator
    return np.where(z > 0, 1 - tail, tail)


def normal_pdf(z):
    return np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def step(X, y, parameters, state, t, learning_rate=0.001, rho1=0.9, rho2=0.999, epsilon=1e-8,
         decay=0.01, clip_norm=1.0):
    """One training step, the t-th from 1, in place; returns the loss before it."""
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
    dW2, db2 = a1.T @ delta2, delta2.sum(axis=0)
    delta1 = (delta2 @ W2.T) * (normal_cdf1 + z1 * normal_pdf(z1))
    dW1, db1 = X.T @ delta1, delta1.sum(axis=0)

    # update
    gradient_norm = np.sqrt(sum((d**2).sum() for d in (dW1, db1, dW2, db2)))
    clip_scale = min(1, clip_norm / (gradient_norm + 1e-6))
    correction1 = 1 - rho1**t
    correction2 = 1 - rho2**t
    for w, dw, m, v in (
        (W1, dW1, mW1, vW1),
        (b1, db1, mb1, vb1),
        (W2, dW2, mW2, vW2),
        (b2, db2, mb2, vb2),
    ):
        dw *= clip_scale
        m[...] = rho1 * m + (1 - rho1) * dw
        v[...] = rho2 * v + (1 - rho2) * dw**2
        w *= 1 - learning_rate * decay
        w -= learning_rate * (m / correction1) / (np.sqrt(v / correction2) + epsilon)

    return data_loss


def predict(X, parameters):
    """The network's output for the rows of X."""
    W1, b1, W2, b2 = parameters
    z1 = X @ W1 + b1
    a1 = z1 * normal_cdf(z1)
    return softmax(a1 @ W2 + b2)
