"""Wrong solutions under the learner's own names, on other networks: written without a look at how slips are found."""

from __future__ import annotations

import chainrule as cr
from tests.practice.corpus import declared

OWN = {
    "A": lambda: declared("2-5-3", "sigmoid", "softmax", "softmax_cross_entropy", cr.GradientDescent(0.3)),
    "B": lambda: declared("4-3-2", "tanh", "linear", "half_squared_error", cr.Momentum(0.1)),
    "C": lambda: declared("3-4-1", "relu", "sigmoid", "binary_cross_entropy", cr.Adam(0.01), batch_norm=True),
}
TEXTS = {
    "A": """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def step(X, y, parameters, learning_rate=0.3):
    W1, b1, W2, b2 = parameters
    h = sigmoid(X @ W1 + b1)
    out = softmax(h @ W2 + b2)
    loss = -np.sum(y * np.log(out)) / len(X)
    d2 = (out - y) / len(X)
    e1 = d2 @ W2.T
    d1 = e1 * h * (1 - h)
    gW1 = X.T @ d1
    gb1 = d1.sum(axis=0)
    gW2 = h.T @ d2
    gb2 = d2.sum(axis=0)
    W1 -= learning_rate * gW1
    b1 -= learning_rate * gb1
    W2 -= learning_rate * gW2
    b2 -= learning_rate * gb2
    return loss
""",
    "B": """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def step(X, y, parameters, state, learning_rate=0.1, mu=0.9):
    W1, b1, W2, b2 = parameters
    vW1, vb1, vW2, vb2 = state
    z1 = X @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    error2 = z2 - y
    delta2 = error2
    error1 = delta2 @ W2.T
    slope1 = 1 - a1 ** 2
    delta1 = error1 * slope1
    dW1 = X.T @ delta1
    db1 = delta1.sum(axis=0)
    dW2 = a1.T @ delta2
    db2 = delta2.sum(axis=0)
    vW1[...] = mu * vW1 + dW1
    vb1[...] = mu * vb1 + db1
    vW2[...] = mu * vW2 + dW2
    vb2[...] = mu * vb2 + db2
    W1 -= learning_rate * vW1
    b1 -= learning_rate * vb1
    W2 -= learning_rate * vW2
    b2 -= learning_rate * vb2
    return 0.5 * (error2 ** 2).sum()
""",
    "C": """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def step(X, y, parameters, state, t, learning_rate=0.01, rho1=0.9, rho2=0.999, epsilon=1e-08):
    W1, gamma1, beta1, W2, b2 = parameters
    N = len(X)
    z = X @ W1
    mu = z.mean(axis=0)
    var = z.var(axis=0)
    sd = np.sqrt(var + 1e-05)
    n = (z - mu) / sd
    s = gamma1 * n + beta1
    h = np.maximum(s, 0)
    p = sigmoid(h @ W2 + b2)
    L = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    d2 = (p - y) / N
    dh = d2 @ W2.T
    ds = dh * (s > 0)
    dgamma = (ds * n).sum(axis=0)
    dbeta = ds.sum(axis=0)
    dn = ds * gamma1
    d1 = (dn - dn.mean(axis=0) - n * (dn * n).mean(axis=0)) / sd
    grads = [X.T @ d1, dgamma, dbeta, h.T @ d2, d2.sum(axis=0)]
    for i, (w, g) in enumerate(zip(parameters, grads)):
        m, v = (state[2 * i], state[2 * i + 1])
        m[...] = rho1 * m + (1 - rho1) * g
        v[...] = rho2 * v + (1 - rho2) * g * g
        mh = m / (1 - rho1 ** t)
        vh = v / (1 - rho2 ** t)
        w -= learning_rate * mh / (np.sqrt(vh) + epsilon)
    state[-2][...] = 0.9 * state[-2] + 0.1 * mu
    state[-1][...] = 0.9 * state[-1] + 0.1 * var * N / (N - 1)
    return L
""",
}

# network, line, what stands there instead, the first wrong quantity (one of)
SLIPS = (
    ("A", "d2 = (out - y) / len(X)", "d2 = out - y", "delta2"),
    ("A", "d2 = (out - y) / len(X)", "d2 = (y - out) / len(X)", "delta2"),
    ("A", "d2 = (out - y) / len(X)", "d2 = (out - y) * out * (1 - out) / len(X)", "delta2"),
    ("A", "d1 = e1 * h * (1 - h)", "d1 = e1", "delta1"),
    ("A", "d1 = e1 * h * (1 - h)", "d1 = e1 * (X @ W1 + b1) * (1 - (X @ W1 + b1))", "delta1"),
    ("A", "d1 = e1 * h * (1 - h)", "d1 = e1 * (1 - h ** 2)", "delta1"),
    ("A", "d1 = e1 * h * (1 - h)", "d1 = e1 * (h > 0)", "delta1"),
    ("A", "d1 = e1 * h * (1 - h)", "d1 = e1 * h", "delta1"),
    ("A", "gW1 = X.T @ d1", "gW1 = X.T @ d1 / len(X)", "dW1"),
    ("A", "gb1 = d1.sum(axis=0)", "gb1 = d1.mean(axis=0)", "db1"),
    ("A", "gb2 = d2.sum(axis=0)", "gb2 = d2.sum()", "b2/db2"),
    ("A", "gW2 = h.T @ d2", "gW2 = (X @ W1 + b1).T @ d2", "dW2"),
    ("A", "W1 -= learning_rate * gW1", "W1 -= learning_rate * gW1.copy() * 0.5", "W1"),
    ("A", "W1 -= learning_rate * gW1", "W1 = W1 - learning_rate * gW1", "W1"),
    ("A", "b1 -= learning_rate * gb1", "pass", "b1"),
    ("A", "loss = -np.sum(y * np.log(out)) / len(X)", "loss = -np.sum(y * np.log(out))", "data_loss"),
    ("A", "loss = -np.sum(y * np.log(out)) / len(X)", "loss = -np.mean(y * np.log(out))", "data_loss"),
    ("A", "out = softmax(h @ W2 + b2)", "out = sigmoid(h @ W2 + b2)", "p"),
    ("A", "h = sigmoid(X @ W1 + b1)", "h = sigmoid(X @ W1)", "z1"),
    ("A", "h = sigmoid(X @ W1 + b1)", "h = X @ W1 + b1", "a1"),
    ("B", "delta2 = error2", "delta2 = error2 * (1 - z2 ** 2)", "delta2"),
    ("B", "error1 = delta2 @ W2.T", "error1 = error2 @ W2.T * 2", "error1"),
    ("B", "error1 = delta2 @ W2.T", "error1 = -delta2 @ W2.T", "error1"),
    ("B", "slope1 = 1 - a1 ** 2", "slope1 = 1 - z1 ** 2", "slope1"),
    ("B", "slope1 = 1 - a1 ** 2", "slope1 = 1 - np.tanh(a1) ** 2", "slope1"),
    ("B", "slope1 = 1 - a1 ** 2", "slope1 = a1 * (1 - a1)", "slope1"),
    ("B", "slope1 = 1 - a1 ** 2", "slope1 = 1 - 2 * a1", "slope1"),
    ("B", "slope1 = 1 - a1 ** 2", "slope1 = 1 + a1 ** 2", "slope1"),
    ("B", "delta1 = error1 * slope1", "delta1 = error1 * a1", "delta1"),
    ("B", "delta1 = error1 * slope1", "delta1 = error1 + slope1", "delta1"),
    ("B", "dW1 = X.T @ delta1", "dW1 = delta1.T @ X", "dW1"),
    ("B", "dW1 = X.T @ delta1", "dW1 = X.T @ error1", "dW1"),
    ("B", "dW2 = a1.T @ delta2", "dW2 = z1.T @ delta2", "dW2"),
    ("B", "db2 = delta2.sum(axis=0)", "db2 = delta2.sum(axis=0) / len(X)", "db2"),
    ("B", "vW1[...] = mu * vW1 + dW1", "vW1[...] = mu * vW1 - dW1", "vW1"),
    ("B", "vW1[...] = mu * vW1 + dW1", "vW1[...] = mu * vW1 + (1 - mu) * dW1", "vW1"),
    ("B", "vW1[...] = mu * vW1 + dW1", "vW1 = mu * vW1 + dW1", "vW1"),
    ("B", "vW1[...] = mu * vW1 + dW1", "vW1[...] = 0.9 * vW1 + dW1", "vW1"),
    ("B", "W1 -= learning_rate * vW1", "W1 -= vW1", "W1"),
    ("B", "W1 -= learning_rate * vW1", "W1 -= 0.1 * vW1", "W1"),
    ("B", "W1 -= learning_rate * vW1", "W1 -= learning_rate * dW1", "W1"),
    ("B", "W1 -= learning_rate * vW1", "W1 += learning_rate * vW1", "W1"),
    ("B", "W1 -= learning_rate * vW1", "W1 -= learning_rate ** 2 * vW1", "W1"),
    ("B", "return 0.5 * (error2 ** 2).sum()", "return 0.5 * (error2 ** 2).mean()", "data_loss"),
    ("B", "return 0.5 * (error2 ** 2).sum()", "return (error2 ** 2).sum()", "data_loss"),
    ("B", "return 0.5 * (error2 ** 2).sum()", "return 0.5 * abs(error2).sum()", "data_loss"),
    ("C", "sd = np.sqrt(var + 1e-05)", "sd = var + 1e-05", "std1"),
    ("C", "sd = np.sqrt(var + 1e-05)", "sd = np.sqrt(var) + 1e-05", "std1"),
    ("C", "var = z.var(axis=0)", "var = z.var(axis=0, ddof=1)", "variance1"),
    ("C", "mu = z.mean(axis=0)", "mu = z.mean()", "mean1"),
    ("C", "n = (z - mu) / sd", "n = z / sd", "n1"),
    ("C", "n = (z - mu) / sd", "n = (z - mu) / var", "n1"),
    ("C", "d1 = (dn - dn.mean(axis=0) - n * (dn * n).mean(axis=0)) / sd", "d1 = dn / sd", "delta1"),
    ("C", "d1 = (dn - dn.mean(axis=0) - n * (dn * n).mean(axis=0)) / sd", "d1 = (dn - dn.mean(axis=0)) / sd", "delta1"),
    ("C", "dn = ds * gamma1", "dn = ds", "dn1"),
    ("C", "ds = dh * (s > 0)", "ds = dh", "ds1"),
    ("C", "dgamma = (ds * n).sum(axis=0)", "dgamma = (ds * z).sum(axis=0)", "dgamma1"),
    ("C", "mh = m / (1 - rho1 ** t)", "mh = m", "W1"),
    ("C", "mh = m / (1 - rho1 ** t)", "mh = m / (1 - rho1)", "correction1/W1"),
    ("C", "w -= learning_rate * mh / (np.sqrt(vh) + epsilon)", "w -= learning_rate * mh / np.sqrt(vh + epsilon)", "W1"),
    ("C", "v[...] = rho2 * v + (1 - rho2) * g * g", "v[...] = rho2 * v + (1 - rho2) * g", "vW1"),
    ("C", "m[...] = rho1 * m + (1 - rho1) * g", "m[...] = rho1 * m + g", "mW1"),
    (
        "C",
        "state[-1][...] = 0.9 * state[-1] + 0.1 * var * N / (N - 1)",
        "state[-1][...] = 0.9 * state[-1] + 0.1 * var",
        "running_variance1",
    ),
    (
        "C",
        "state[-2][...] = 0.9 * state[-2] + 0.1 * mu",
        "state[-2][...] = 0.1 * state[-2] + 0.9 * mu",
        "running_mean1",
    ),
    ("C", "d2 = (p - y) / N", "d2 = (p - y) * p * (1 - p) / N", "delta2"),
    ("C", "ds = dh * (s > 0)", "ds = dh * (z > 0)", "ds1"),
)
