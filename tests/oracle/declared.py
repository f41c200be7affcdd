"""200 random networks, the same ones every time: the declaration as plain data, and what it is in chainrule."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

import chainrule as cr
from chainrule.formulas.optimizers import Optimizer
from chainrule.formulas.penalties import Penalty
from chainrule.program.steps import Program
from tests.zoo import OPTIMIZERS, OUTPUTS, targets

COUNT = 200
ROWS = 9
STEPS = 5
HIDDEN = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "exp", "softmax")
PIECEWISE = ("linear", "relu", "leaky_relu", "elu")
RATES = {"GradientDescent": 0.05, "Momentum": 0.02, "Nesterov": 0.02}


@dataclass(frozen=True)
class Layer:
    """A Dense layer."""

    units: int
    activation: str
    bias: bool = True
    batch_norm: bool = False
    trainable: bool = True


@dataclass(frozen=True)
class Declared:
    """A network with its training, and data for it."""

    inputs: int
    layers: tuple[Layer, ...]
    loss: str
    optimizer: Optimizer
    penalty: Penalty | None
    clip_norm: float | None
    X: NDArray[Any] = field(repr=False)
    y: NDArray[Any] = field(repr=False)
    sample_weight: NDArray[Any] | None = field(repr=False)

    def program(self) -> Program:
        layers = [
            cr.Dense(layer.units, layer.activation, layer.bias, layer.batch_norm, layer.trainable)
            for layer in self.layers
        ]
        weighted = self.sample_weight is not None
        return cr.derive(
            cr.Network(self.inputs, layers), self.loss, self.optimizer, self.penalty,
            clip_norm=self.clip_norm, weighted=weighted,
        )  # fmt: skip


def declare(seed: int) -> Declared:
    """The network of this number; loss, optimizer and hidden activations take turns, so that each occurs often."""
    draw = Random(seed)
    losses = [(loss, output) for loss in sorted(OUTPUTS) for output in OUTPUTS[loss]]
    loss, output = losses[seed % len(losses)]
    layers: list[Layer] = []
    depth = draw.randint(0, 5)
    for i in range(depth):
        activation = HIDDEN[(seed + 3 * i) % len(HIDDEN)]
        normed = draw.random() < 0.3
        units = draw.randint(2, 33) if activation == "softmax" else draw.randint(1, 33)
        normed = normed or activation == "exp"  # of a large number it is infinite
        if normed and layers and layers[-1].activation in PIECEWISE:
            # Where all rows lie on one piece, batch norm takes out what a bias before it adds: the gradient of that
            # bias is 0 but for rounding, which optimizers that divide by its size make large. Nothing to agree about.
            keeps = layers[-1].batch_norm and layers[-1].activation != "linear"
            layers[-1] = replace(layers[-1], bias=False, batch_norm=keeps)
        layers.append(Layer(units, activation, draw.random() < 0.8, normed, draw.random() < 0.9))
    units = draw.randint(2, 33) if output == "softmax" else draw.randint(1, 33)
    layers.append(Layer(units, output, draw.random() < 0.8))
    kind = OPTIMIZERS[seed % len(OPTIMIZERS)]
    penalty = (None, None, cr.L1(0.01), cr.L2(0.1), cr.ElasticNet(0.02, 0.05))[seed % 5]
    random = np.random.RandomState(seed)
    inputs = draw.randint(1, 33)
    target = cr.derive(cr.Network(1, [cr.Dense(units, output)]), loss).declaration.loss.target
    return Declared(
        inputs,
        tuple(layers),
        loss,
        kind(RATES.get(kind.__name__, 0.01)),
        penalty,
        draw.choice([None, None, 0.1, 10.0]),
        random.standard_normal((ROWS, inputs)),
        targets(target, (ROWS, units), random),
        random.uniform(0.5, 2.0, ROWS) if draw.random() < 0.3 else None,
    )
