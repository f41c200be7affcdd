"""Forty trainings with a planted fault, ten kinds of four, and twenty healthy ones; drawn with seeds of their own.

The bounds of `chainrule.observe.diagnosis` were chosen on other seeds (offset 0); the tests use fresh ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.training import Training

Data = tuple[Any, Any]


def blobs(seed: int, rows: int = 240, features: int = 5, classes: int = 3, apart: float = 2.0) -> Data:
    """Gaussian clouds, one a class; standardised columns."""
    random = np.random.RandomState(seed)
    centres = apart * random.standard_normal((classes, features))
    y = np.arange(rows) % classes
    X = centres[y] + random.standard_normal((rows, features))
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def curve(seed: int, rows: int = 240, features: int = 4) -> Data:
    """A smooth number, with a little noise."""
    random = np.random.RandomState(seed)
    X = random.standard_normal((rows, features))
    y = np.sin(X @ random.standard_normal(features)) + 0.5 * X[:, 0] + 0.1 * random.standard_normal(rows)
    return X, y


def fitted(network: cr.Network, loss: str, optimizer: Any, data: Data, epochs: int, seed: int, **more: Any) -> Training:
    X, y = data
    run = cr.Training(
        cr.derive(network, loss, optimizer), X, y, epochs=epochs, seed=seed, dtype="float64", engine="numpy",
        batch_size=more.pop("batch_size", 32), callbacks=[cr.Observer()], **more,
    )  # fmt: skip
    with suppress(cr.Diverged):
        run.fit()
    return run


def classifier(seed: int, k: int) -> tuple[cr.Network, str, Data]:
    """A healthy network for blobs; k of four picks how it is made."""
    hidden, activation, classes = ((16, "relu", 3), (12, "tanh", 2), (24, "relu", 4), (10, "sigmoid", 2))[k % 4]
    data = blobs(seed, classes=classes)
    if classes == 2:
        return cr.Network.parse(f"5-{hidden}-1", activation, "sigmoid"), "binary_cross_entropy", data
    return cr.Network.parse(f"5-{hidden}-{classes}", activation, "softmax"), "softmax_cross_entropy", data


def deep_sigmoid(seed: int, k: int) -> Training:
    depth = "-".join(["10"] * (5 + k))
    network = cr.Network.parse(f"5-{depth}-1", "sigmoid", "sigmoid")
    return fitted(network, "binary_cross_entropy", cr.GradientDescent(0.5), blobs(seed, classes=2), 20, seed)


def rate_times_100(seed: int, k: int) -> Training:
    network, loss, data = classifier(seed, k)
    optimizer = cr.Adam(1.0) if k % 2 else cr.GradientDescent(20.0)
    if k == 2:
        return fitted(
            cr.Network.parse("4-16-1", "tanh"), "mean_squared_error", cr.GradientDescent(5.0), curve(seed), 20, seed
        )
    return fitted(network, loss, optimizer, data, 20, seed)


def rate_by_1000(seed: int, k: int) -> Training:
    network, loss, data = classifier(seed, k)
    optimizer = cr.Adam(1e-5) if k % 2 else cr.GradientDescent(2e-4)
    return fitted(network, loss, optimizer, data, 20, seed)


def unscaled(seed: int, k: int) -> Training:
    network, loss, (X, y) = classifier(seed, k)
    X = X.copy()
    X[:, k] = X[:, k] * (1000, 300, 2000, 500)[k] + (0, 1000, 0, 200)[k]
    return fitted(network, loss, cr.Adam(0.01), (X, y), 20, seed)


def dead_by_bias(seed: int, k: int) -> Training:
    classes = 2 + k % 2
    network = cr.Network.parse(f"5-{12 + 4 * k}-{classes}", "relu", "softmax")
    given = {"b1": np.full(12 + 4 * k, -10.0 - 5 * k)}
    return fitted(
        network, "softmax_cross_entropy", cr.Adam(0.003), blobs(seed, classes=classes), 20, seed, parameters=given
    )


def loss_that_does_not_fit(seed: int, k: int) -> Training:
    """A confident and wrong output under the squared error, or an absolute error for classes."""
    data = blobs(seed, classes=2)
    network = cr.Network.parse("5-8-1", "tanh", "sigmoid")
    loss = ("mean_squared_error", "half_mean_squared_error", "mean_squared_error", "mean_absolute_error")[k]
    given = {"b2": [(-12.0, 10.0, -9.0, 9.0)[k]]}
    return fitted(network, loss, cr.GradientDescent(0.3), data, 20, seed, parameters=given)


def noisy_labels(seed: int, k: int) -> Training:
    X, y = blobs(seed, rows=160, features=8, classes=2, apart=1.0)
    random = np.random.RandomState(seed + 1)
    y = np.where(random.random_sample(len(y)) < 0.25, 1 - y, y)
    network = cr.Network.parse(f"8-{48 + 16 * k}-1", ("relu", "tanh")[k % 2], "sigmoid")
    held = X[100:], y[100:]
    return fitted(network, "binary_cross_entropy", cr.Adam(0.01), (X[:100], y[:100]), 120, seed, validation=held)


def imbalanced(seed: int, k: int) -> Training:
    random = np.random.RandomState(seed)
    y = (np.arange(600) < (18, 24, 30, 20)[k]).astype(int)
    X = random.standard_normal((600, 4)) + 0.8 * y[:, None]
    if k % 2:
        network, loss = cr.Network.parse("4-8-2", "relu", "softmax"), "softmax_cross_entropy"
    else:
        network, loss = cr.Network.parse("4-8-1", "tanh", "sigmoid"), "binary_cross_entropy"
    return fitted(network, loss, cr.Adam(0.003), (X, y), 20, seed)


def saturated_weights(seed: int, k: int) -> Training:
    activation = ("tanh", "sigmoid")[k % 2]
    network = cr.Network.parse("5-16-1", activation, "sigmoid")
    random = np.random.RandomState(seed)
    given = {"W1": random.standard_normal((5, 16)) * (15, 30, 25, 20)[k]}
    return fitted(
        network, "binary_cross_entropy", cr.GradientDescent(0.1), blobs(seed, classes=2), 20, seed, parameters=given
    )


def alike(seed: int, k: int) -> Training:
    network, loss, data = classifier(seed, k)
    shapes = {name: [int(n) for n in v.shape] for name, v in cr.derive(network, loss).parameters.items()}
    given = {name: np.full(shape, (0.3, 0.5, 0.2, 0.1)[k]) for name, shape in shapes.items()}
    return fitted(network, loss, cr.Adam(0.01), data, 20, seed, parameters=given)


def exploding(seed: int, k: int) -> Training:
    widths = [5, *[16] * (4 + k), 1]
    random = np.random.RandomState(seed)
    given = {
        f"W{i + 1}": random.standard_normal((a, b)) * (1.2, 1.0, 1.5, 1.1)[k]
        for i, (a, b) in enumerate(itertools.pairwise(widths))
    }
    network = cr.Network.parse("-".join(map(str, widths)), ("relu", "leaky_relu")[k % 2], "linear")
    X, y = curve(seed, features=5)
    return fitted(network, "mean_squared_error", cr.Adam(0.001), (X, y), 10, seed, parameters=given)


KINDS: dict[str, tuple[Callable[[int, int], Training], tuple[str, ...]]] = {
    "deep_sigmoid": (deep_sigmoid, ("vanishing_gradient",)),
    "rate_times_100": (rate_times_100, ("rate_too_large", "diverging")),
    "rate_by_1000": (rate_by_1000, ("rate_too_small",)),
    "unscaled": (unscaled, ("unscaled_input",)),
    "dead_by_bias": (dead_by_bias, ("dead_relu",)),
    "wrong_loss": (loss_that_does_not_fit, ("wrong_loss",)),
    "noisy_labels": (noisy_labels, ("overfitting",)),
    "imbalanced": (imbalanced, ("imbalance_ignored",)),
    "saturated_weights": (saturated_weights, ("saturated_units",)),
    "alike": (alike, ("identical_units",)),
    "exploding": (exploding, ("exploding_gradient",)),
}


def healthy(seed: int, k: int) -> Training:
    """Twenty ordinary trainings: classes and numbers, four optimizers, with and without validation."""
    if k % 4 == 3:
        optimizer: cr.Optimizer = (cr.Adam(0.01), cr.GradientDescent(0.1), cr.Momentum(0.02), cr.RMSprop(0.003))[
            k // 4 % 4
        ]
        network = cr.Network.parse(("4-16-1", "4-12-8-1")[k % 2], ("tanh", "relu", "elu")[k % 3])
        return fitted(network, "half_mean_squared_error", optimizer, curve(seed), 40, seed)
    network, loss, data = classifier(seed, k)
    optimizer = (cr.Adam(0.01), cr.GradientDescent(0.2), cr.Momentum(0.05), cr.AdamW(0.01), cr.Adagrad(0.1))[k % 5]
    X, y = data
    more = {"validation": (X[200:], y[200:])} if k % 3 == 0 else {}
    return fitted(network, loss, optimizer, (X[:200], y[:200]), 40, seed, **more)
