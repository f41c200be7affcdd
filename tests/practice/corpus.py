"""Wrong solutions and unusual ones, over several networks: what a classroom hands in.

A wrong one is the right program with a line changed; `quantity` is the first that is wrong by it, `reasons` what may be
said of it (none: nothing in particular is demanded).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import chainrule as cr
from chainrule.practice.exercise import Exercise
from chainrule.practice.ladder import LADDER

GIVEN = "def step"


def declared(notation: str, activation: str, output: str, loss: str, optimizer: Any, **more: Any) -> Exercise:
    kept = {key: more.pop(key) for key in ("bias", "batch_norm", "dropout") if key in more}
    program = cr.derive(cr.Network.parse(notation, activation, output, **kept), loss, optimizer, **more)
    return Exercise(program.declaration)


@cache
def networks() -> dict[str, Exercise]:
    return {
        "founding": Exercise(LADDER[7].declare()),
        "neuron": Exercise(LADDER[3].declare()),
        "tanh": Exercise(LADDER[8].declare()),
        "relu": Exercise(LADDER[9].declare()),
        "softmax": Exercise(LADDER[10].declare()),
        "momentum": Exercise(LADDER[11].declare()),
        "adam": Exercise(LADDER[12].declare()),
        "batch_norm": Exercise(LADDER[13].declare()),
        "both": Exercise(LADDER[14].declare()),
        "dropout": declared("3-4-2", "sigmoid", "linear", "mean_squared_error", cr.GradientDescent(0.1), dropout=0.25),
        "square": declared("4-4-4", "tanh", "sigmoid", "half_squared_error", cr.GradientDescent(0.5)),
    }


@dataclass(frozen=True)
class Wrong:
    """One wrong solution: what is put for what, in order."""

    network: str
    changes: tuple[tuple[str, str], ...]
    quantity: str
    reasons: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return changed(networks()[self.network].program.source("numpy"), self.changes)


def changed(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        assert old in text, (old, text)
        head, found, rest = text.partition(GIVEN)
        text = head + found + rest.replace(old, new, 1)
    return text


def wrong(network: str, old: str, new: str, quantity: str, *reasons: str) -> Wrong:
    return Wrong(network, ((old, new),), quantity, reasons)


WRONG = (
    # --- the founding network ---
    wrong("founding", "(delta2 @ W2.T) * (a1 * (1 - a1))", "delta2 @ W2.T", "delta1", "missing_slope"),
    wrong("founding", "(a2 - y) * (a2 * (1 - a2))", "(a2 - y)", "delta2", "missing_slope"),
    wrong("founding", "(a2 - y) * (a2 * (1 - a2))", "(y - a2) * (a2 * (1 - a2))", "delta2", "sign"),
    wrong("founding", "(delta2 @ W2.T) * (a1 * (1 - a1))", "-(delta2 @ W2.T) * (a1 * (1 - a1))", "delta1", "sign"),
    wrong("founding", "(a1 * (1 - a1))", "((X @ W1) * (1 - X @ W1))", "delta1", "slope_of_z"),
    wrong("founding", "(a1 * (1 - a1))", "(sigmoid(a1) * (1 - sigmoid(a1)))", "delta1", "activation_twice"),
    wrong("founding", "(a1 * (1 - a1))", "(1 - a1**2)", "delta1", "other_slope"),
    wrong("founding", "(a1 * (1 - a1))", "a1", "delta1", "wrong_name", "term_missing", "factor_missing"),
    wrong("founding", "dW1 = X.T @ delta1", "dW1 = (X.T @ delta1).T", "dW1", "transposed_whole"),
    wrong("founding", "dW1 = X.T @ delta1", "dW1 = delta1.T @ X", "dW1", "transposed_whole"),
    wrong("founding", "dW2 = a1.T @ delta2", "dW2 = X.T @ delta2", "dW2", "wrong_name"),
    wrong("founding", "dW1 = X.T @ delta1", "dW1 = X.T @ delta1 / len(X)", "dW1", "mean_extra"),
    wrong("founding", "a1 = sigmoid(X @ W1)", "a1 = X @ W1", "a1", "activation_missing"),
    wrong("founding", "W1 -= learning_rate * dW1", "W1 += learning_rate * dW1", "W1", "uphill"),
    wrong("founding", "W1 -= learning_rate * dW1", "W1 -= dW1", "W1", "rate_missing", "factor_missing"),
    wrong("founding", "W1 -= learning_rate * dW1", "W1 = W1 - learning_rate * dW1", "W1", "not_in_place"),
    wrong("founding", "W2 -= learning_rate * dW2", "pass", "W2", "not_updated"),
    Wrong(
        "founding",
        (("    W2 -= learning_rate * dW2\n", ""),
         ("    delta1 = ", "    W2 -= learning_rate * (a1.T @ delta2)\n    delta1 = ")),
        "delta1", ("update_before_use",),
    ),
    wrong("founding", "0.5 * ((a2 - y)**2).sum()", "((a2 - y)**2).sum()", "data_loss", "factor", "doubled"),
    wrong("founding", "0.5 * ((a2 - y)**2).sum()", "0.5 * (a2 - y).sum()", "data_loss", "square_missing"),
    wrong("founding", "return data_loss", "pass", "data_loss", "nothing_returned"),
    wrong("founding", "(a2 - y) * (a2 * (1 - a2))", "(a2 - y)**3 * (a2 * (1 - a2))", "delta2"),
    # --- under other names: the program is named, not the learner's variable ---
    Wrong(
        "founding",
        (("delta1 = (delta2 @ W2.T) * (a1 * (1 - a1))", "hidden = delta2 @ W2.T"), ("X.T @ delta1", "X.T @ hidden")),
        "delta1", ("missing_slope",),
    ),
    Wrong(
        "founding",
        (("    dW1 = X.T @ delta1\n", ""), ("learning_rate * dW1", "X.T @ delta1")),
        "W1", ("rate_missing", "factor_missing"),
    ),
    # --- one layer ---
    wrong("neuron", "(a1 - y) * (a1 * (1 - a1))", "a1 * (1 - a1)", "delta1", "factor_missing"),
    wrong("neuron", "X.T @ delta1", "X.T @ (a1 - y)", "dW1", "wrong_name"),
    wrong("neuron", "sigmoid(X @ W1)", "sigmoid(-(X @ W1))", "z1", "sign"),
    # --- bias, tanh, a mean ---
    wrong("tanh", "delta2 = (z2 - y) / N", "delta2 = z2 - y", "delta2", "mean_missing"),
    wrong("tanh", "(1 - a1**2)", "(1 - a1)", "delta1", "square_missing"),
    wrong("tanh", "(1 - a1**2)", "(a1 * (1 - a1))", "delta1", "other_slope"),
    wrong("tanh", "(1 - a1**2)", "(1 - (X @ W1 + b1)**2)", "delta1", "slope_of_z"),
    wrong("tanh", "X @ W1 + b1", "X @ W1", "a1", "term_missing"),
    wrong("tanh", "delta1.sum(axis=0)", "delta1.mean(axis=0)", "db1", "mean_extra"),
    wrong("tanh", "delta1.sum(axis=0)", "delta1.sum()", "db1", "summed_twice", "axis"),
    wrong("tanh", "delta1.sum(axis=0)", "delta1.sum(axis=1)", "db1", "axis"),
    wrong("tanh", "delta1.sum(axis=0)", "delta1", "db1", "sum_missing"),
    wrong("tanh", "(z2 - y) / N", "(z2 - y) / 5", "delta2", "hard_coded"),
    wrong("tanh", "(z2 - y) / N", "(z2 - y) / N / N", "delta2", "mean_extra", "mean_twice"),
    wrong("tanh", "(z2 - y) / N", "2 * (z2 - y) / N", "delta2", "factor", "doubled"),
    wrong("tanh", "b1 -= learning_rate * db1", "b1 -= 0.1 * db1", "b1", "hard_coded"),
    wrong("tanh", "z2 = a1 @ W2 + b2", "z2 = np.tanh(a1 @ W2 + b2)", "z2"),
    # --- two hidden layers ---
    wrong("relu", "(a2 > 0)", "a2", "delta2", "other_slope", "wrong_name"),
    wrong("relu", "(delta3 @ W3.T) * (a2 > 0)", "delta3 @ W3.T", "delta2", "missing_slope"),
    wrong("relu", "(a1 > 0)", "(1 - a1**2)", "delta1", "other_slope"),
    wrong("relu", "a1.T @ delta2", "a2.T @ delta2", "dW2", "wrong_name"),
    wrong("relu", "2 * (z3 - y) / (N * 2)", "2 * (z3 - y) / N", "delta3", "rows_elements"),
    # --- softmax ---
    wrong("softmax", "p = softmax(z2)", "p = 1 / (1 + np.exp(-z2))", "p", "other_activation"),
    wrong("softmax", "p = softmax(z2)", "p = np.exp(z2) / np.exp(z2).sum()", "p", "maximum_axis"),
    wrong("softmax", "p = softmax(z2)", "p = np.exp(z2) / np.exp(z2).sum(axis=0)", "p", "axis"),
    wrong("softmax", "(p - y) / N", "(y - p) / N", "delta2", "sign"),
    wrong("softmax", "(p - y) / N", "p - y", "delta2", "mean_missing"),
    wrong("softmax", "-(y * log_softmax(z2)).sum() / N", "-(y * log_softmax(z2)).mean()", "data_loss", "rows_elements"),
    wrong("softmax", "-(y * log_softmax(z2)).sum() / N", "(y * log_softmax(z2)).sum() / N", "data_loss", "sign"),
    # --- penalty and momentum ---
    wrong("momentum", "X.T @ delta1 + l2 * W1", "X.T @ delta1", "dW1", "term_missing"),
    wrong("momentum", "X.T @ delta1 + l2 * W1", "X.T @ delta1 - l2 * W1", "dW1", "sign_inside"),
    wrong("momentum", "v[...] = mu * v + dw", "v[...] = v + dw", "vW1"),
    wrong("momentum", "w -= learning_rate * v", "w -= learning_rate * dw", "W1", "wrong_name"),
    wrong("momentum", "v[...] = mu * v + dw", "v = mu * v + dw", "vW1", "not_in_place", "not_updated"),
    # --- Adam ---
    wrong("adam", "(m / correction1)", "m", "W1", "divisor_missing"),
    wrong("adam", "(1 - rho2) * dw**2", "(1 - rho2) * dw", "vW1", "square_missing"),
    wrong("adam", "(1 - rho1) * dw", "dw", "mW1", "factor_missing"),
    wrong("adam", "correction1 = 1 - rho1**t", "correction1 = 1 - rho1**(t - 1)", "correction1", "counter"),
    wrong("adam", "(np.sqrt(v / correction2) + epsilon)", "(v / correction2 + epsilon)", "W1", "function_missing"),
    # --- batch norm ---
    wrong("batch_norm", "(dn1 - dn1.mean(axis=0) - n1 * (dn1 * n1).mean(axis=0)) / std1", "dn1 / std1", "delta1",
          "constant_statistics"),
    wrong("batch_norm", "std1 = np.sqrt(variance1 + 1e-5)", "std1 = variance1 + 1e-5", "std1", "function_missing"),
    wrong("batch_norm", "variance1 = z1.var(axis=0)", "variance1 = z1.var(axis=0, ddof=1)", "variance1", "unbiased"),
    wrong("batch_norm", "dn1 = ds1 * gamma1", "dn1 = ds1", "dn1", "factor_missing"),
    wrong("batch_norm", "(ds1 * n1).sum(axis=0)", "ds1.sum(axis=0)", "dgamma1", "factor_missing"),
    # --- dropout, and matrices that are square ---
    wrong("dropout", "(mask1 / 0.75) * ", "", "delta1", "factor_missing"),
    wrong("dropout", "h1.T @ delta2", "a1.T @ delta2", "dW2", "wrong_name"),
    wrong("square", "delta2 @ W2.T", "delta2 @ W2", "delta1", "transpose_missing"),
    wrong("square", "X.T @ delta1", "(X.T @ delta1).T", "dW1", "transposed_whole"),
    wrong("square", "X @ W1 + b1", "X @ W1.T + b1", "a1", "transposed"),
)  # fmt: skip


@dataclass(frozen=True)
class Unusual:
    """A solution that is right and looks otherwise; `body` follows the signature."""

    name: str
    network: str
    body: str

    @property
    def text(self) -> str:
        source = networks()[self.network].program.source("numpy")
        head, found, rest = source.partition(GIVEN)
        signature, colon, _ = rest.partition("):\n")
        return head + found + signature + colon + self.body


UNUSUAL = (
    Unusual("other names", "founding", """
    first, second = parameters
    hidden = sigmoid(X @ first)
    output = sigmoid(hidden @ second)
    blame = (output - y) * output * (1 - output)
    back = blame @ second.T * hidden * (1 - hidden)
    second -= learning_rate * hidden.T @ blame
    first -= learning_rate * X.T @ back
    return 0.5 * np.sum((output - y)**2)
"""),
    Unusual("the founding texts' names and signs", "founding", """
    syn0, syn1 = parameters
    l0 = X
    l1 = 1 / (1 + np.exp(-(np.dot(l0, syn0))))
    l2 = 1 / (1 + np.exp(-(np.dot(l1, syn1))))
    l2_error = y - l2
    l2_delta = l2_error * (l2 * (1 - l2))
    l1_error = l2_delta.dot(syn1.T)
    l1_delta = l1_error * (l1 * (1 - l1))
    syn1 += learning_rate * l1.T.dot(l2_delta)
    syn0 += learning_rate * l0.T.dot(l1_delta)
    return 0.5 * (l2_error**2).sum()
"""),
    Unusual("our names, the opposite sign", "founding", """
    W1, W2 = parameters
    a1 = sigmoid(X @ W1)
    a2 = sigmoid(a1 @ W2)
    delta2 = (y - a2) * a2 * (1 - a2)
    delta1 = (delta2 @ W2.T) * a1 * (1 - a1)
    W1 += learning_rate * X.T @ delta1
    W2 += learning_rate * a1.T @ delta2
    return 0.5 * ((y - a2)**2).sum()
"""),
    Unusual("loops over everything", "founding", """
    W1, W2 = parameters
    dW1, dW2, loss = [[0.0] * 4 for _ in range(3)], [0.0] * 4, 0.0
    for n in range(len(X)):
        h = []
        for j in range(4):
            z = 0.0
            for i in range(3):
                z += X[n, i] * W1[i, j]
            h.append(1 / (1 + np.exp(-z)))
        out = 1 / (1 + np.exp(-sum(h[j] * W2[j, 0] for j in range(4))))
        loss += 0.5 * (out - y[n, 0])**2
        d = (out - y[n, 0]) * out * (1 - out)
        for j in range(4):
            dW2[j] += h[j] * d
            e = d * W2[j, 0] * h[j] * (1 - h[j])
            for i in range(3):
                dW1[i][j] += X[n, i] * e
    for j in range(4):
        W2[j, 0] -= learning_rate * dW2[j]
        for i in range(3):
            W1[i, j] -= learning_rate * dW1[i][j]
    return loss
"""),
    Unusual("a sample at a time", "founding", """
    W1, W2 = parameters
    dW1, dW2, total = np.zeros_like(W1), np.zeros_like(W2), 0.0
    for x, target in zip(X, y):
        a = sigmoid(x @ W1)
        out = sigmoid(a @ W2)
        delta2 = (out - target) * out * (1 - out)
        delta1 = (W2 @ delta2) * a * (1 - a)
        dW1 += np.outer(x, delta1)
        dW2 += np.outer(a, delta2)
        total += 0.5 * float(((out - target)**2).sum())
    W1 -= learning_rate * dW1
    W2 -= learning_rate * dW2
    return total
"""),
    Unusual("einsum", "founding", """
    W1, W2 = parameters
    a1 = sigmoid(np.einsum("ni,ij->nj", X, W1))
    a2 = sigmoid(np.einsum("nj,jk->nk", a1, W2))
    e = a2 - y
    d2 = np.einsum("nk,nk,nk->nk", e, a2, 1 - a2)
    d1 = np.einsum("nk,jk,nj,nj->nj", d2, W2, a1, 1 - a1)
    W1 -= learning_rate * np.einsum("ni,nj->ij", X, d1)
    W2 -= learning_rate * np.einsum("nj,nk->jk", a1, d2)
    return 0.5 * np.einsum("nk,nk", e, e)
"""),
    Unusual("everything transposed", "founding", """
    V1, V2 = parameters[0].T, parameters[1].T
    x, t = X.T, y.T
    h = sigmoid(V1 @ x)
    o = sigmoid(V2 @ h)
    d2 = (o - t) * o * (1 - o)
    d1 = (V2.T @ d2) * h * (1 - h)
    V1 -= learning_rate * d1 @ x.T
    V2 -= learning_rate * d2 @ h.T
    return ((o - t)**2).sum() / 2
"""),
    Unusual("gradients by central differences", "founding", """
    W1, W2 = parameters

    def loss():
        return 0.5 * ((sigmoid(sigmoid(X @ W1) @ W2) - y)**2).sum()

    before, gradients = loss(), []
    for w in (W1, W2):
        g = np.zeros_like(w)
        for index in np.ndindex(*w.shape):
            kept = w[index]
            w[index] = kept + 1e-5
            up = loss()
            w[index] = kept - 1e-5
            g[index] = (up - loss()) / 2e-5
            w[index] = kept
        gradients.append(g)
    for w, g in zip((W1, W2), gradients):
        w -= learning_rate * g
    return before
"""),
    Unusual("the list of parameters is changed", "founding", """
    W1, W2 = parameters
    a1 = sigmoid(X @ W1)
    a2 = sigmoid(a1 @ W2)
    delta2 = (a2 - y) * a2 * (1 - a2)
    delta1 = (delta2 @ W2.T) * a1 * (1 - a1)
    parameters[0] = W1 - learning_rate * X.T @ delta1
    parameters[1] = W2 - learning_rate * a1.T @ delta2
    return 0.5 * ((a2 - y)**2).sum()
"""),
    Unusual("a class and functions", "founding", """
    return Net(parameters, learning_rate)(X, y)


class Layer:
    def forward(self, x, w):
        self.x, self.w = x, w
        self.a = sigmoid(x @ w)
        return self.a

    def backward(self, error):
        self.delta = error * self.a * (1 - self.a)
        self.gradient = self.x.T @ self.delta
        return self.delta @ self.w.T


class Net:
    def __init__(self, parameters, rate):
        self.parameters, self.rate = parameters, rate
        self.layers = [Layer() for _ in parameters]

    def __call__(self, x, y):
        for layer, w in zip(self.layers, self.parameters):
            x = layer.forward(x, w)
        error = x - y
        loss = 0.5 * (error**2).sum()
        for layer in reversed(self.layers):
            error = layer.backward(error)
        for layer in self.layers:
            layer.w -= self.rate * layer.gradient
        return loss
"""),
    Unusual("one name for every delta", "founding", """
    W1, W2 = parameters
    a1 = sigmoid(X @ W1)
    a2 = sigmoid(a1 @ W2)
    delta = a2 - y
    loss = 0.5 * (delta**2).sum()
    delta *= a2 * (1 - a2)
    step2 = learning_rate * (a1.T @ delta)
    delta = delta @ W2.T
    delta *= a1 * (1 - a1)
    W1 -= learning_rate * (X.T @ delta)
    W2 -= step2
    return loss
"""),
    Unusual("our names used otherwise", "founding", """
    W1, W2 = parameters
    z1 = sigmoid(X @ W1)
    z2 = sigmoid(z1 @ W2)
    error2 = 0.5 * (z2 - y)**2
    a1 = z1 * (1 - z1)
    a2 = z2 * (1 - z2)
    error1 = (z2 - y) * a2
    dW2 = learning_rate * z1.T @ error1
    dW1 = learning_rate * X.T @ (error1 @ W2.T * a1)
    W1 -= dW1
    W2 -= dW2
    return error2.sum()
"""),
    Unusual("the mean in the gradients", "tanh", """
    W1, b1, W2, b2 = parameters
    h = np.tanh(X @ W1 + b1)
    out = h @ W2 + b2
    delta2 = out - y
    delta1 = delta2 * W2.T * (1 - h * h)
    loss = 0.5 * np.mean(delta2**2)
    W1 -= learning_rate * np.mean(X[:, :, None] * delta1[:, None, :], axis=0)
    b1 -= learning_rate * delta1.mean(0)
    W2 -= learning_rate * h.T @ delta2 / X.shape[0]
    b2 -= learning_rate * delta2.mean(0)
    return loss
"""),
    Unusual("biases as rows", "tanh", """
    W1, b1, W2, b2 = parameters
    ones = np.ones((len(X), 1))
    A, B = np.vstack([W1, b1]), np.vstack([W2, b2])
    X1 = np.hstack([X, ones])
    h = np.tanh(X1 @ A)
    h1 = np.hstack([h, ones])
    d = (h1 @ B - y) / len(X)
    dA = X1.T @ (d @ W2.T * (1 - h**2))
    dB = h1.T @ d
    loss = 0.5 * np.mean((h1 @ B - y)**2)
    W1 -= learning_rate * dA[:-1]
    b1 -= learning_rate * dA[-1]
    W2 -= learning_rate * dB[:-1]
    b2 -= learning_rate * dB[-1]
    return loss
"""),
    Unusual("columns kept", "tanh", """
    W1, b1, W2, b2 = parameters
    N = len(X)
    a1 = np.tanh(X.dot(W1) + b1[np.newaxis, :])
    z2 = a1.dot(W2) + b2
    delta2 = (z2 - y) / N
    delta1 = delta2.dot(W2.T) * (1.0 - np.square(a1))
    db1 = delta1.sum(axis=0, keepdims=True)
    db2 = delta2.sum(axis=0, keepdims=True)
    W1 -= learning_rate * X.T.dot(delta1)
    b1 -= learning_rate * db1[0]
    W2 -= learning_rate * a1.T.dot(delta2)
    b2 -= learning_rate * db2[0]
    return 0.5 * ((z2 - y)**2).sum() / N
"""),
    Unusual("masks instead of slopes", "relu", """
    W1, b1, W2, b2, W3, b3 = parameters
    z1 = X @ W1 + b1
    h1 = np.where(z1 > 0, z1, 0)
    z2 = h1 @ W2 + b2
    h2 = np.maximum(0, z2)
    out = h2 @ W3 + b3
    g = 2 * (out - y) / y.size
    g3, gb3 = h2.T @ g, g.sum(0)
    g = g @ W3.T
    g[z2 <= 0] = 0
    g2, gb2 = h1.T @ g, g.sum(0)
    g = g @ W2.T
    g[z1 <= 0] = 0
    for w, d in zip(parameters, (X.T @ g, g.sum(0), g2, gb2, g3, gb3)):
        w -= learning_rate * d
    return np.square(out - y).mean()
"""),
    Unusual("softmax by hand", "softmax", """
    W1, b1, W2, b2 = parameters
    h = np.maximum(X @ W1 + b1, 0)
    e = np.exp(h @ W2 + b2)
    p = e / e.sum(axis=1, keepdims=True)
    picked = p[np.arange(len(X)), y.argmax(axis=1)]
    d = p.copy()
    d[np.arange(len(X)), y.argmax(axis=1)] -= 1
    d /= len(X)
    dh = d @ W2.T * (h > 0)
    W2 -= learning_rate * h.T @ d
    b2 -= learning_rate * d.sum(axis=0)
    W1 -= learning_rate * X.T @ dh
    b1 -= learning_rate * dh.sum(axis=0)
    return -np.log(picked).mean()
"""),
    Unusual("decay as a factor", "momentum", """
    weights = (0, 2)
    W1, b1, W2, b2 = parameters
    h = np.tanh(X @ W1 + b1)
    out = h @ W2 + b2
    loss = ((out - y)**2).mean() + l2 / 2 * sum((parameters[i]**2).sum() for i in weights)
    d = 2 * (out - y) / y.size
    dh = d @ W2.T * (1 - h**2)
    for i, g in enumerate((X.T @ dh, dh.sum(0), h.T @ d, d.sum(0))):
        if i in weights:
            g = g + l2 * parameters[i]
        state[i] *= mu
        state[i] += g
        parameters[i] -= learning_rate * state[i]
    return loss
"""),
    Unusual("Adam with its rate corrected", "adam", """
    W1, b1, W2, b2 = parameters
    h = np.tanh(X @ W1 + b1)
    p = sigmoid(h @ W2 + b2)
    d = (p - y) / len(X)
    dh = d @ W2.T * (1 - h**2)
    rate = learning_rate * np.sqrt(1 - rho2**t) / (1 - rho1**t)
    small = epsilon * np.sqrt(1 - rho2**t)
    for k, g in enumerate([X.T @ dh, dh.sum(0), h.T @ d, d.sum(0)]):
        state[2 * k] += (1 - rho1) * (g - state[2 * k])
        state[2 * k + 1] += (1 - rho2) * (g * g - state[2 * k + 1])
        parameters[k] -= rate * state[2 * k] / (np.sqrt(state[2 * k + 1]) + small)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
"""),
    Unusual("batch norm in three terms", "batch_norm", """
    W1, gamma1, beta1, W2, b2 = parameters
    running_mean1, running_variance1 = state
    n = X.shape[0]
    z = X @ W1
    mu, var = z.mean(0), ((z - z.mean(0))**2).mean(0)
    inv = 1 / np.sqrt(var + 1e-5)
    xhat = (z - mu) * inv
    h = np.tanh(gamma1 * xhat + beta1)
    out = h @ W2 + b2
    d = 2 * (out - y) / y.size
    ds = d @ W2.T * (1 - h**2)
    dxhat = ds * gamma1
    dvar = (dxhat * (z - mu) * -0.5 * inv**3).sum(0)
    dmu = (-dxhat * inv).sum(0) + dvar * (-2 * (z - mu)).mean(0)
    dz = dxhat * inv + dvar * 2 * (z - mu) / n + dmu / n
    W1 -= learning_rate * X.T @ dz
    gamma1 -= learning_rate * (ds * xhat).sum(0)
    beta1 -= learning_rate * ds.sum(0)
    W2 -= learning_rate * h.T @ d
    b2 -= learning_rate * d.sum(0)
    running_mean1 += 0.1 * (mu - running_mean1)
    running_variance1 += 0.1 * (z.var(0, ddof=1) - running_variance1)
    return ((out - y)**2).mean()
"""),
    Unusual("columns one by one", "batch_norm", """
    W1, gamma1, beta1, W2, b2 = parameters
    N, units = len(X), len(gamma1)
    z = X @ W1
    n, std = np.empty_like(z), np.empty(units)
    for j in range(units):
        column = z[:, j]
        state[0][j] = 0.9 * state[0][j] + 0.1 * column.mean()
        state[1][j] = 0.9 * state[1][j] + 0.1 * column.var(ddof=1)
        std[j] = np.sqrt(column.var() + 1e-5)
        n[:, j] = (column - column.mean()) / std[j]
    h = np.tanh(n * gamma1 + beta1)
    out = h @ W2 + b2
    loss = np.mean((out - y)**2)
    d = (out - y) * 2 / y.size
    ds = (d @ W2.T) * (1 - h * h)
    dz = np.empty_like(z)
    for j in range(units):
        g = ds[:, j] * gamma1[j]
        dz[:, j] = (N * g - g.sum() - n[:, j] * (g @ n[:, j])) / (N * std[j])
    gamma1 -= learning_rate * np.einsum("nj,nj->j", ds, n)
    beta1 -= learning_rate * ds.sum(axis=0)
    W2 -= learning_rate * h.T @ d
    b2 -= learning_rate * d.sum(axis=0)
    W1 -= learning_rate * X.T @ dz
    return loss
"""),
    Unusual("everything in two lines", "neuron", """
    a = sigmoid(X @ parameters[0])
    parameters[0] -= learning_rate * X.T @ ((a - y) * a * (1 - a)); return 0.5 * ((a - y)**2).sum()
"""),
)  # fmt: skip
