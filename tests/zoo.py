"""The zoo: small declared networks that every pass, writer and engine is run over, data for them, and more by chance.

from tests.zoo import ZOO, sample, programs

@pytest.mark.parametrize("name", ZOO)
def test_of_every_network(name):
    program = ZOO[name]()
    given = sample(program)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

import chainrule as cr
from chainrule.formulas.activations import ActivationLike
from chainrule.formulas.layers import Layer
from chainrule.formulas.optimizers import Optimizer
from chainrule.formulas.penalties import Penalty
from chainrule.program.steps import Program

Array = NDArray[Any]
Arrays = dict[str, Array]

# --- data for a program ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """What one step of a program reads, float64.

    inputs              X, y, masks and sample_weight, in the order of `program.inputs`
    parameters, state   in the order of `program.parameters` and `program.state`; slots are above zero, as after a step
    hyperparameters     the program's own
    t                   the step counter
    """

    inputs: Arrays
    parameters: Arrays
    state: Arrays
    hyperparameters: dict[str, float]
    t: int = 3

    @property
    def rows(self) -> int:
        return len(self.inputs["X"])

    @property
    def values(self) -> dict[str, Any]:
        """Everything by name, copied: what `run_steps` of the reference evaluator takes."""
        arrays = {**self.inputs, **self.parameters, **self.state}
        return {"N": self.rows, "t": self.t, **self.hyperparameters, **{k: v.copy() for k, v in arrays.items()}}


def sample(program: Program, rows: int = 6, seed: int = 0) -> Sample:
    """Data, parameters and state for one step of a program: the same for the same seed."""
    random = np.random.RandomState(seed)
    target = program.declaration.loss.target
    inputs: Arrays = {}
    for name, shape in program.inputs.items():
        size = (rows, int(shape[1]))
        if name == "X":
            inputs[name] = random.standard_normal(size)
        elif name == "y":
            inputs[name] = targets(target, size, random)
        elif name == "sample_weight":
            inputs[name] = random.uniform(0.5, 2.0, size)
        else:
            keep = next(mask.keep for mask in program.masks if mask.name == name)
            inputs[name] = (random.random_sample(size) < keep).astype(float)
    parameters: Arrays = {}
    for name, variable in program.parameters.items():
        wide = np.sqrt(int(variable.shape[0])) if len(variable.shape) == 2 else 3.0
        parameters[name] = np.asarray(variable.start + random.standard_normal(numbers(variable.shape)) / wide)
    state: Arrays = {}
    for name, variable in program.state.items():
        state[name] = np.asarray(variable.start + random.uniform(0.01, 0.1, numbers(variable.shape)))
    return Sample(inputs, parameters, state, dict(program.hyperparameters))


def numbers(shape: tuple[int | str, ...]) -> tuple[int, ...]:
    return tuple(int(n) for n in shape)


def targets(target: str, size: tuple[int, int], random: np.random.RandomState) -> Array:
    """A y that the loss accepts."""
    if target == "nonnegative":
        return random.poisson(1.5, size).astype(float)
    if target == "unit":
        return random.random_sample(size)
    if target == "probabilities":
        return np.eye(size[1])[random.randint(size[1], size=size[0])]
    return random.standard_normal(size)


# --- the declared networks -------------------------------------------------------------------------------------------

SWISH = cr.formula("swish", "z * sigmoid(beta * z)", beta=1.0, trainable=["beta"])
LOGCOSH = cr.formula("logcosh", "softplus(2 * (p - y)) - (p - y)")


Make = Callable[[], Program]  # derived when first asked for, and once: a Program never changes


def parsed(notation: str, activation: Any, output: Any, loss: Any, optimizer: Any, **more: Any) -> Make:
    """A program of Dense layers; options of `derive` and of `Network.parse` side by side."""
    declared = {key: more.pop(key) for key in ("bias", "batch_norm", "dropout") if key in more}
    return cache(lambda: cr.derive(cr.Network.parse(notation, activation, output, **declared), loss, optimizer, **more))


def layered(inputs: int, layers: list[Layer], loss: Any, optimizer: Any, **more: Any) -> Make:
    return cache(lambda: cr.derive(cr.Network(inputs, layers), loss, optimizer, **more))


GD = cr.GradientDescent(0.1)

ZOO: dict[str, Make] = {
    "founding_3_1": parsed("3-1", "sigmoid", "sigmoid", "half_squared_error", cr.GradientDescent(1.0), bias=False),
    "founding_3_4_1": parsed("3-4-1", "sigmoid", "sigmoid", "half_squared_error", cr.GradientDescent(1.0), bias=False),
    "linear": parsed("4-1", "linear", "linear", "half_mean_squared_error", GD),
    "tanh_momentum": parsed("3-5-4-2", "tanh", "linear", "mean_squared_error", cr.Momentum(0.05)),
    "relu_softmax_adam": parsed("4-6-3", "relu", "softmax", "softmax_cross_entropy", cr.Adam(0.01)),
    "leaky_relu_absolute_nesterov": parsed("3-5-1", "leaky_relu", "linear", "mean_absolute_error", cr.Nesterov(0.01)),
    "elu_huber_rmsprop": parsed("3-5-2", "elu", "linear", "huber", cr.RMSprop(0.01)),
    "gelu_adamw": parsed("5-7-2", "gelu", "linear", "mean_squared_error", cr.AdamW(0.01)),
    "silu_binary_adagrad": parsed("3-5-2", "silu", "sigmoid", "binary_cross_entropy", cr.Adagrad(0.1)),
    "softplus_poisson": parsed("3-4-2", "softplus", "exp", "poisson", GD),
    "exp_poisson_of_softplus": parsed("3-4-1", "exp", "softplus", "poisson", cr.GradientDescent(0.01)),
    "softmax_inside": parsed("4-5-3", "softmax", "sigmoid", "mean_squared_error", GD),
    "softmax_squared_error": parsed("3-4-3", "tanh", "softmax", "half_squared_error", GD),
    "deep_batch_norm": parsed(
        "4-6-5-4-3-2", "relu", "linear", "mean_squared_error", cr.Adam(0.01), batch_norm=True, dropout=0.25
    ),
    "l1": parsed("3-4-1", "tanh", "linear", "mean_squared_error", GD, penalty=cr.L1(0.01)),
    "l2_weighted": parsed(
        "3-4-2", "sigmoid", "softmax", "softmax_cross_entropy", cr.Adam(0.01), penalty=cr.L2(0.1), weighted=True
    ),
    "elastic_net_clip_norm": parsed(
        "3-4-1", "tanh", "sigmoid", "binary_cross_entropy", cr.Momentum(0.1), penalty=cr.ElasticNet(0.01, 0.1),
        clip_norm=0.5,
    ),
    "clip_delta": parsed("3-4-2", "sigmoid", "linear", "half_squared_error", GD, clip_delta=0.3),
    "step_decay": parsed("3-3-1", "tanh", "linear", "mean_squared_error", cr.GradientDescent(cr.StepDecay(0.1, 2))),
    "exponential_decay": parsed(
        "3-3-1", "tanh", "linear", "mean_squared_error", cr.Momentum(cr.ExponentialDecay(0.1, 0.9))
    ),
    "cosine_warm_up": parsed(
        "3-3-1", "tanh", "linear", "mean_squared_error", cr.Adam(cr.CosineDecay(0.1, 10, 0.1, warm_up=5))
    ),
    "constant_warm_up": parsed("3-1", "tanh", "tanh", "mean_squared_error", cr.Adagrad(cr.ConstantRate(0.1, 4))),
    "frozen": layered(
        3, [cr.Dense(4, "tanh", trainable=False), cr.Dense(4, "silu", trainable=False), cr.Dense(2)],
        "mean_squared_error", cr.Adam(0.01),
    ),
    "frozen_between": layered(
        3, [cr.Dense(4, SWISH), cr.Dense(5, "relu", trainable=False, batch_norm=True), cr.Dense(2)],
        "mean_squared_error", GD, penalty=cr.L2(0.1),
    ),
    "every_layer": layered(
        3,
        [
            cr.BatchNorm(), cr.Dropout(0.1), cr.Dense(5, bias=False), cr.BatchNorm(), cr.Activation("silu"),
            cr.Activation("tanh"), cr.Dropout(0.5), cr.Dense(4, "softmax"), cr.Dense(3, initial="uniform"),
            cr.Activation("sigmoid"),
        ],
        "binary_cross_entropy", cr.RMSprop(0.01), weighted=True,
    ),
    "own_formulas": layered(
        3, [cr.Dense(4, SWISH), cr.Dense(3, SWISH), cr.Dense(2)], LOGCOSH, cr.Adam(0.01), clip_norm=1.0,
    ),
    "own_of_rows": layered(
        3,
        [cr.Dense(4, cr.formula("rows", "z * softmax(beta * z) / (2 + tanh(z.mean(axis=1, keepdims=True)))", beta=1.5,
                                trainable=["beta"])), cr.Dense(2)],
        "(p - y)**2 * (1 + 0.1 * (p - y)**2)", GD, weighted=True,
    ),
}  # fmt: skip

# --- more, drawn by chance -------------------------------------------------------------------------------------------

HIDDEN: tuple[ActivationLike, ...] = (
    "linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "softmax", SWISH,
          "z * sigmoid(1.702 * z)", "tanh(exp(0.1 * z))")  # fmt: skip
OUTPUTS: dict[str, tuple[str, ...]] = {
    "half_squared_error": ("linear", "sigmoid", "tanh", "softplus"),
    "half_mean_squared_error": ("linear", "sigmoid"),
    "mean_squared_error": ("linear", "gelu", "softmax"),
    "mean_absolute_error": ("linear", "leaky_relu"),
    "huber": ("linear", "elu"),
    "poisson": ("exp", "softplus", "sigmoid"),
    "binary_cross_entropy": ("sigmoid",),
    "softmax_cross_entropy": ("softmax",),
}
RATES: tuple[float | cr.Schedule, ...] = (0.01, cr.ConstantRate(0.01, warm_up=3), cr.StepDecay(0.01, 2),
                                          cr.ExponentialDecay(0.01), cr.CosineDecay(0.01, 9))  # fmt: skip
OPTIMIZERS: tuple[type[Optimizer], ...] = (cr.GradientDescent, cr.Momentum, cr.Nesterov, cr.RMSprop, cr.Adagrad,
                                           cr.Adam, cr.AdamW)  # fmt: skip
PENALTIES: tuple[Penalty | None, ...] = (None, cr.L1(0.01), cr.L2(0.1), cr.ElasticNet(0.02, 0.1))


@st.composite
def programs(draw: st.DrawFn, depth: int = 5, width: int = 33) -> Program:
    """Declared networks with 0 to `depth` hidden layers of 1 to `width` units, anything with anything."""
    units = st.integers(1, width)
    layers: list[Layer] = []
    for _ in range(draw(st.integers(0, depth))):
        normed = draw(st.booleans())
        trainable = draw(st.sampled_from([True, True, True, False]))
        layers.append(
            cr.Dense(draw(units), draw(st.sampled_from(HIDDEN)), draw(st.booleans()), normed, trainable=trainable)
        )
        layers += draw(st.sampled_from([[], [], [cr.Dropout(0.3)], [cr.BatchNorm()], [cr.Activation("tanh")]]))
    loss = draw(st.sampled_from(sorted(OUTPUTS)))
    output = draw(st.sampled_from(OUTPUTS[loss]))
    outputs = draw(st.integers(2, width) if output == "softmax" else units)
    layers.append(cr.Dense(outputs, output, draw(st.booleans())))
    return cr.derive(
        cr.Network(draw(units), layers),
        loss,
        draw(st.sampled_from(OPTIMIZERS))(draw(st.sampled_from(RATES))),
        draw(st.sampled_from(PENALTIES)),
        clip_delta=draw(st.sampled_from([None, None, 0.1])),
        clip_norm=draw(st.sampled_from([None, None, 0.5])),
        weighted=draw(st.booleans()),
    )
