"""The ten networks of tests/listings, as they are declared: the yardstick, the golden sources; and runs for scripts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

import chainrule as cr
from chainrule.program.steps import Program
from chainrule.writers import LANGUAGES, writer
from chainrule.writers.arrays import ArrayWriter
from chainrule.writers.run import Run

ARRAY_LANGUAGES = tuple(name for name in LANGUAGES if issubclass(writer(name), ArrayWriter))


def founding_3_1() -> Program:
    net = cr.Network.parse("3-1", output="sigmoid", bias=False)
    return cr.derive(net, loss="half_squared_error", optimizer=cr.GradientDescent(1.0))


def founding_3_4_1() -> Program:
    layers = [cr.Dense(units, "sigmoid", bias=False, initial="uniform") for units in (4, 1)]
    net = cr.Network(3, layers)
    return cr.derive(net, loss="half_squared_error", optimizer=cr.GradientDescent(1.0))


def relu_softmax() -> Program:
    net = cr.Network.parse("4-8-3", activation="relu", output="softmax")
    return cr.derive(net, loss="softmax_cross_entropy", optimizer=cr.GradientDescent(0.1))


def regression() -> Program:
    net = cr.Network.parse("8-32-32-1", activation="tanh")
    return cr.derive(net, loss="mean_squared_error", optimizer=cr.Adam())


def adam() -> Program:
    net = cr.Network.parse("20-64-64-2", activation="relu", output="softmax")
    return cr.derive(net, loss="softmax_cross_entropy", optimizer=cr.Adam())


def batch_norm() -> Program:
    net = cr.Network.parse("5-6-1", activation="relu", output="sigmoid", batch_norm=True)
    return cr.derive(net, loss="binary_cross_entropy", optimizer=cr.Momentum(0.1))


def dropout() -> Program:
    net = cr.Network.parse("6-8-4-1", activation="tanh", dropout=0.2)
    return cr.derive(net, loss="half_mean_squared_error", optimizer=cr.Nesterov(), penalty=cr.L2(1e-4))


def leaky_elastic() -> Program:
    net = cr.Network.parse("3-5-2", activation="leaky_relu")
    return cr.derive(net, loss="huber", optimizer=cr.RMSprop(rho=0.9), penalty=cr.ElasticNet(1e-4, 1e-3))


def gelu_clip() -> Program:
    net = cr.Network.parse("4-5-3", activation="gelu", output="softmax")
    return cr.derive(net, loss="softmax_cross_entropy", optimizer=cr.AdamW(), clip_norm=1.0)


def poisson_schedule() -> Program:
    net = cr.Network.parse("2-4-1", activation="silu", output="exp")
    rate = cr.CosineDecay(0.1, steps=1000, warm_up=100)
    return cr.derive(net, loss="poisson", optimizer=cr.Adagrad(rate), clip_delta=1.0)


NETWORKS: dict[str, Callable[[], Program]] = {
    declared.__name__: cache(declared)
    for declared in (
        founding_3_1, founding_3_4_1, relu_softmax, regression, adam, batch_norm, dropout, leaky_elastic, gelu_clip,
        poisson_schedule,
    )
}  # fmt: skip


# --- runs, for scripts -----------------------------------------------------------------------------------------------

XOR = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]


def table(rows: int, features: int, outputs: int, seed: int = 0) -> tuple[list[list[float]], list[list[float]]]:
    """Numbers with few digits, to be read: X, and y between 0 and 1."""
    random = np.random.RandomState(seed)
    X, y = random.standard_normal((rows, features)), random.random_sample((rows, outputs))
    return X.round(2).tolist(), y.round(2).tolist()


def labels(rows: int, classes: int) -> list[list[float]]:
    return [[float(i % classes == k) for k in range(classes)] for i in range(rows)]


def runs() -> dict[str, Run]:
    X5, y5 = table(17, 5, 1)
    X6, y6 = table(10, 6, 1)
    X4, _ = table(9, 4, 3)
    return {
        "founding_3_4_1": Run(3, 1, 4, XOR, [[0], [1], [1], [0]], {}, epochs=60_000, seed=1),
        "batch_norm": Run(5, 1, 17, X5, y5, {}, epochs=20, batch_size=8, seed=2, dtype="float32"),
        "dropout": Run(6, 1, 10, X6, y6, {}, epochs=12, batch_size=4, seed=3, hyperparameters={"learning_rate": 0.05}),
        "gelu_clip": Run(4, 3, 9, X4, labels(9, 3), {"b1": [0.1] * 5}, epochs=30, shuffle=False, batch_size=3),
        "poisson_schedule": Run(2, 1, 2000, None, None, {}, epochs=3, batch_size=500, seed=4),
    }


RUNS = runs()
