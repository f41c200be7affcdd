"""The loop over steps in registers: networks of few units on any number of rows, beside NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import make_engine
from chainrule.engines.c import CEngine
from chainrule.engines.emitted import FUNCTIONS, Emitted
from chainrule.engines.engine import Batches, packed
from chainrule.program.steps import Program
from chainrule.training.start import draw


def program(
    notation: str, activation: str, output: str, loss: str, optimizer: cr.Optimizer, bias: bool = True, **more: object
) -> Program:
    network = cr.Network.parse(notation, activation=activation, output=output, bias=bias)
    return cr.derive(network, loss=loss, optimizer=optimizer, **more)  # type: ignore[arg-type]  # given by name


def own_formula() -> Program:
    """Choices inside choices, and a condition of two comparisons."""
    text = "where((z > -1) * (z < 1), z, where(z > 0, 1 + 0.1 * log(abs(z)), -1))"
    layers = [cr.Dense(3, cr.formula("bent", text)), cr.Dense(1, "linear")]
    return cr.derive(cr.Network(2, layers), loss="mean_squared_error", optimizer=cr.GradientDescent(0.1))


# Between them: every way from units to units, forward and back; one input; idle lanes; all kinds of sums.
HELD = {
    "founding": lambda: program("3-4-1", "sigmoid", "sigmoid", "half_squared_error", cr.GradientDescent(1.0), False),
    "one_layer": lambda: program("3-1", "linear", "sigmoid", "binary_cross_entropy", cr.Adam(0.05)),
    "idle_lanes": lambda: program("5-3-4-3", "silu", "tanh", "huber", cr.GradientDescent(0.1), penalty=cr.L2(0.01)),
    "single_units": lambda: program("1-1-3-1", "elu", "linear", "mean_absolute_error", cr.Momentum(0.1, 0.9)),
    "clipped": lambda: program("1-4-1", "softplus", "linear", "mean_squared_error", cr.Nesterov(0.1), clip_norm=0.5),
    "choices": lambda: program("2-3-1-1", "leaky_relu", "sigmoid", "poisson", cr.RMSprop(0.01), clip_delta=0.01),
    "own_formula": own_formula,
}  # fmt: skip
OTHERS = {
    "two_units": lambda: program("2-2-1", "tanh", "linear", "mean_squared_error", cr.GradientDescent(0.1)),
    "wide": lambda: program("3-5-1", "tanh", "linear", "mean_squared_error", cr.GradientDescent(0.1)),
    "deep": lambda: program("4-4-4-4-1", "tanh", "linear", "mean_squared_error", cr.Adam(0.1)),
    "softmax": lambda: program("3-4-3", "tanh", "softmax", "softmax_cross_entropy", cr.GradientDescent(0.1)),
}
MARK = "enum { LANES = 4 };"
ROWS = 11
BATCHES = (
    Batches(np.array([0, 5, 10, 11, 15], np.int64), np.array([10, 3, 1, 4, 5, 2, 7, 8, 9, 0, 6, 1, 2, 3, 4], np.int64)),
    Batches.whole(ROWS, 2),
)


@pytest.fixture(autouse=True)
def compiling_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAINRULE_ENGINE", raising=False)


def text_of(made: Program, dtype: str = "float64") -> str:
    return Emitted(made, dtype, "lanes", FUNCTIONS).text


@pytest.mark.usefixtures("quick_compiler")
@pytest.mark.parametrize(("name", "dtype"), [*((name, "float64") for name in HELD), ("idle_lanes", "float32")])
def test_batches_of_any_size_agree_with_numpy(name: str, dtype: str) -> None:
    made, random = HELD[name](), np.random.RandomState(0)
    assert MARK in text_of(made, dtype)
    inputs = {"X": random.standard_normal((ROWS, int(made.inputs["X"][1]))),
              "y": random.random_sample((ROWS, int(made.inputs["y"][1])))}  # fmt: skip
    inputs = {key: array.astype(dtype) for key, array in inputs.items()}
    found = []
    for engine in (make_engine(made, "numpy", dtype), CEngine(made, dtype, kernels="lanes")):
        parameters, state = draw(made, np.random.RandomState(3), engine.dtype)
        parameters, t = packed(parameters), 1
        losses = []
        for batches in BATCHES:
            losses.append(engine.run(inputs, batches, {}, parameters, state, t, dict(made.hyperparameters)))
            t += len(batches)
        found.append([np.concatenate(losses), *parameters.values(), *state.values()])
    tolerance = 1e-10 if dtype == "float64" else 1e-5
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", OTHERS)
def test_what_has_no_place_in_registers_is_written_as_before(name: str) -> None:
    text = text_of(OTHERS[name]())
    assert MARK not in text
    assert "_lanes(" not in text
