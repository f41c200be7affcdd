"""NumPy by hand: the loop an expert writes, unrolled for each network (see tests/listings). The reference for all."""

from __future__ import annotations

import numpy as np

from ..cases import Array, Orders
from .contender import Contender, Predictor


def softmax(z: Array) -> Array:
    e: Array = np.exp(z - z.max(axis=1, keepdims=True))
    e /= e.sum(axis=1, keepdims=True)
    return e


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def founding(
    X: Array, y: Array, parameters: list[Array], state: list[Array], t: int, rate: float, epsilon: float
) -> float:
    """3-4-1 sigmoid, half the squared error, gradient descent."""
    W1, W2 = parameters
    a1 = sigmoid(X @ W1)
    a2 = sigmoid(a1 @ W2)
    error = a2 - y
    delta2 = error * (a2 * (1 - a2))
    delta1 = (delta2 @ W2.T) * (a1 * (1 - a1))
    W1 -= rate * (X.T @ delta1)
    W2 -= rate * (a1.T @ delta2)
    return float(0.5 * (error * error).sum())


def classify_one_hidden(
    X: Array, y: Array, parameters: list[Array], state: list[Array], t: int, rate: float, epsilon: float
) -> float:
    """relu, softmax and cross-entropy, Adam."""
    W1, b1, W2, b2 = parameters
    N = len(X)
    a1 = np.maximum(X @ W1 + b1, 0)
    p = softmax(a1 @ W2 + b2)
    loss = -float(np.log((y * p).sum(axis=1)).sum()) / N
    delta2 = (p - y) / N
    delta1 = (delta2 @ W2.T) * (a1 > 0)
    gradients = [X.T @ delta1, delta1.sum(axis=0), a1.T @ delta2, delta2.sum(axis=0)]
    adam(parameters, gradients, state, t, rate, epsilon)
    return loss


def classify_two_hidden(
    X: Array, y: Array, parameters: list[Array], state: list[Array], t: int, rate: float, epsilon: float
) -> float:
    """relu, softmax and cross-entropy, Adam."""
    W1, b1, W2, b2, W3, b3 = parameters
    N = len(X)
    a1 = np.maximum(X @ W1 + b1, 0)
    a2 = np.maximum(a1 @ W2 + b2, 0)
    p = softmax(a2 @ W3 + b3)
    loss = -float(np.log((y * p).sum(axis=1)).sum()) / N
    delta3 = (p - y) / N
    delta2 = (delta3 @ W3.T) * (a2 > 0)
    delta1 = (delta2 @ W2.T) * (a1 > 0)
    gradients = [X.T @ delta1, delta1.sum(axis=0), a1.T @ delta2, delta2.sum(axis=0), a2.T @ delta3, delta3.sum(axis=0)]
    adam(parameters, gradients, state, t, rate, epsilon)
    return loss


def regress_two_hidden(
    X: Array, y: Array, parameters: list[Array], state: list[Array], t: int, rate: float, epsilon: float
) -> float:
    """tanh, linear and half the mean squared error, Adam."""
    W1, b1, W2, b2, W3, b3 = parameters
    a1 = np.tanh(X @ W1 + b1)
    a2 = np.tanh(a1 @ W2 + b2)
    error = a2 @ W3 + b3 - y
    delta3 = error / error.size
    delta2 = (delta3 @ W3.T) * (1 - a2 * a2)
    delta1 = (delta2 @ W2.T) * (1 - a1 * a1)
    gradients = [X.T @ delta1, delta1.sum(axis=0), a1.T @ delta2, delta2.sum(axis=0), a2.T @ delta3, delta3.sum(axis=0)]
    adam(parameters, gradients, state, t, rate, epsilon)
    return float(0.5 * (error * error).mean())


def adam(
    parameters: list[Array], gradients: list[Array], state: list[Array], t: int, rate: float, epsilon: float
) -> None:
    """Kingma & Ba (2015), algorithm 1, with its usual moments; state: m, v of each parameter in turn."""
    correction1, correction2 = 1 - 0.9**t, 1 - 0.999**t
    for w, g, m, v in zip(parameters, gradients, state[::2], state[1::2], strict=True):
        m *= 0.9
        m += 0.1 * g
        v *= 0.999
        v += 0.001 * (g * g)
        w -= rate / correction1 * m / (np.sqrt(v / correction2) + epsilon)


class ByHand(Contender):
    """One of the steps above, called for every batch."""

    name, key, modules, package = "NumPy by hand", "hand", ("numpy",), "numpy"

    def reset(self) -> None:
        self.parameters, self.t = self.case.weights(), 0
        self.state = [np.zeros_like(w) for w in self.parameters for _ in range(2)]
        hidden = len(self.case.widths) - 2
        if self.case.head == "sigmoid":
            self.step = founding
        elif self.case.head == "linear":
            self.step = regress_two_hidden
        else:
            self.step = classify_one_hidden if hidden == 1 else classify_two_hidden

    def run(self, blocks: Orders) -> Array:
        step, parameters, state, settings = self.step, self.parameters, self.state, (self.case.rate, self.case.epsilon)
        X, y, t, losses = self.data.X, self.data.y, self.t, []
        for order in blocks:
            if not self.case.shuffled:
                for _ in range(self.case.block):
                    t += 1
                    losses.append(step(X, y, parameters, state, t, *settings))
                continue
            for rows in order:
                t += 1
                losses.append(step(X[rows], y[rows], parameters, state, t, *settings))
        self.t = t
        return np.array(losses)

    def weights(self) -> list[Array]:
        return [w.copy() for w in self.parameters]

    def predictor(self) -> Predictor | None:
        if self.case.head != "softmax" or len(self.case.widths) != 4:
            return None
        W1, b1, W2, b2, W3, b3 = self.parameters
        return lambda row: softmax(np.maximum(np.maximum(row @ W1 + b1, 0) @ W2 + b2, 0) @ W3 + b3)
