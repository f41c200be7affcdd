"""The ten networks of tests/listings, as they are declared: the yardstick and the golden sources."""

from __future__ import annotations

from collections.abc import Callable

import chainrule as cr
from chainrule.program.steps import Program


def founding_3_1() -> Program:
    net = cr.Network.parse("3-1", output="sigmoid", bias=False)
    return cr.derive(net, loss="half_squared_error", optimizer=cr.GradientDescent(1.0))


def founding_3_4_1() -> Program:
    net = cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False)
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
    declared.__name__: declared
    for declared in (
        founding_3_1, founding_3_4_1, relu_softmax, regression, adam, batch_norm, dropout, leaky_elastic, gelu_clip,
        poisson_schedule,
    )
}  # fmt: skip
