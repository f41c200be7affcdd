"""The experiments of question 3, which `chainrule compare` repeats: why not emphasise the error?

loss        the founding network with, without and instead of the slope
far         one neuron that starts confident and wrong, at z = -10: how many steps until it has turned round?
depth       two to ten layers of sigmoid, relu, and a typed formula
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..derivation import derive
from ..engines.engine import Array
from ..formulas.optimizers import Adam, GradientDescent
from ..network import Network
from ..program.steps import Program
from ..training import Training
from .comparison import Comparison, compare

EXPERIMENTS = ("loss", "far", "depth")
FOUNDING_X = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]
FOUNDING_Y = [0, 1, 1, 0]
FAR = -10.0
FAR_STEPS = 300_000
DEPTHS = (2, 4, 7, 10)


def founding(loss: str = "half_squared_error", rate: float = 1.0, activation: str = "sigmoid") -> Program:
    net = Network.parse("3-4-1", activation=activation, output="sigmoid", bias=False, initial="uniform")
    return derive(net, loss, GradientDescent(rate))


def loss_programs() -> dict[str, Program]:
    """With the slope; without; cross-entropy, at the rate that makes its mean a sum; the error cubed, both ways."""
    plain = founding()
    return {
        "error * slope": plain,
        "error": plain.replace("delta2", "a2 - y"),
        "cross-entropy": founding("binary_cross_entropy", rate=float(len(FOUNDING_Y))),
        "error**3 * slope": plain.replace("error2", "(a2 - y)**3"),
        "error**3": plain.replace("delta2", "(a2 - y)**3"),
    }


def compare_losses(
    seeds: int, iterations: int, engine: str = "auto", more: dict[str, Program] | None = None
) -> Comparison:
    """The founding network: same seeds, same data, full batch, rate 1."""
    programs = {**loss_programs(), **(more or {})}
    return compare(programs, FOUNDING_X, FOUNDING_Y, epochs=iterations, seeds=seeds, engine=engine)


@dataclass(frozen=True)
class Turn:
    """One neuron on its way from z = -10: after how many steps it got there; None if it never did.

    goal        what there is to reach, in words of the formulas: `z > 0`, `|a - 10| < 0.1`
    slope       of its activation at the start
    """

    name: str
    goal: str
    steps: int | None
    slope: float
    losses: Array


def far_turns(
    rate: float = 0.1, most: int = FAR_STEPS, engine: str = "auto", only: Sequence[str] = ()
) -> tuple[Turn, ...]:
    """One input of 1, one weight of -10, no bias: relu and leaky relu towards 10, sigmoid towards 1; or a few."""
    found = []
    for name, activation, loss, target, goal, below in (
        ("relu", "relu", "half_squared_error", 10.0, "|a - 10| < 0.1", 0.5 * 0.1**2),
        ("leaky_relu", "leaky_relu", "half_squared_error", 10.0, "|a - 10| < 0.1", 0.5 * 0.1**2),
        ("sigmoid, squared error", "sigmoid", "half_squared_error", 1.0, "z > 0", 0.5 * 0.5**2),
        ("sigmoid, cross-entropy", "sigmoid", "binary_cross_entropy", 1.0, "z > 0", float(np.log(2))),
    ):
        if only and name not in only:
            continue
        program = derive(Network.parse("1-1", output=activation, bias=False), loss, GradientDescent(rate))
        run = Training(
            program, [[1.0]], [target], epochs=most, dtype="float64", engine=engine, parameters={"W1": [[FAR]]},
            progress=False,
        ).fit()  # fmt: skip
        reached = run.losses < below
        a = float(1 / (1 + np.exp(-FAR)))
        slope = {"relu": 0.0, "leaky_relu": 0.01}.get(activation, a * (1 - a))
        found.append(Turn(name, goal, int(reached.argmax()) if reached.any() else None, slope, run.losses))
    return tuple(found)


def disc(rows: int = 64) -> tuple[Any, Any]:
    """Points of the plane, and whether they lie inside a circle."""
    X = np.random.RandomState(0).standard_normal((rows, 2))
    return X, ((X**2).sum(axis=1) < 1.4).astype(float)


def depth_programs(activations: Sequence[str], depths: Sequence[int] = DEPTHS) -> dict[str, Program]:
    programs = {}
    for activation in activations:
        for depth in depths:
            net = Network.parse("-".join(["2", *["8"] * (depth - 1), "1"]), activation, "sigmoid")
            programs[f"{activation}, {depth}"] = derive(net, "binary_cross_entropy", Adam(0.01))
    return programs


def compare_depths(seeds: int, iterations: int, activations: Sequence[str], engine: str = "numpy") -> Comparison:
    """Two to ten layers of eight units on the disc, Adam at 0.01, full batch; compiling would take the longest."""
    X, y = disc()
    return compare(depth_programs(activations), X, y, epochs=iterations, seeds=seeds, engine=engine)


__all__ = ["EXPERIMENTS", "Turn", "compare_depths", "compare_losses", "far_turns", "loss_programs"]
