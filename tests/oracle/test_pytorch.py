"""PyTorch as an outside oracle: 200 random networks, each built a second time by hand in PyTorch, float64.

Loss, gradients, and after several steps parameters and running statistics agree as DESIGN.md, section 3 defines.
Autograd and torch.optim are PyTorch's; only the penalties, which it lacks, are written here, as part of its loss.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812  as everybody calls it

import chainrule as cr
from chainrule.program.steps import Program
from chainrule.training.start import draw
from tests.oracle.declared import COUNT, HIDDEN, STEPS, Declared, declare
from tests.writers.agreement import assert_agree, gradients
from tests.zoo import OPTIMIZERS, OUTPUTS

KERNELS = ("auto", "plain", "tiled", "lanes")
Tensor = Any
Tensors = dict[str, Tensor]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "softplus": F.softplus,
    "exp": torch.exp,
    "softmax": lambda z: F.softmax(z, dim=1),
}


# --- the oracle ------------------------------------------------------------------------------------------------------


def forward(declared: Declared, parameters: Tensors, running: Tensors, X: Tensor) -> tuple[Tensor, Tensor]:
    """The last pre-activation and the output; running statistics are updated."""
    a = X
    for number, layer in enumerate(declared.layers, start=1):
        z = a @ parameters[f"W{number}"]
        if layer.batch_norm:
            statistics = running[f"running_mean{number}"], running[f"running_variance{number}"]
            scale = parameters[f"gamma{number}"], parameters[f"beta{number}"]
            z = F.batch_norm(z, *statistics, *scale, training=True, momentum=0.1, eps=1e-5)
        elif layer.bias:
            z = z + parameters[f"b{number}"]
        a = ACTIVATIONS[layer.activation](z)
    return z, a


def terms(declared: Declared, z: Tensor, p: Tensor, y: Tensor) -> Tensor:
    """The loss of every element, or for cross-entropy of every row."""
    output = declared.layers[-1].activation
    if declared.loss == "softmax_cross_entropy":
        return F.cross_entropy(z, y, reduction="none")[:, None]
    if declared.loss == "binary_cross_entropy":
        return F.binary_cross_entropy_with_logits(z, y, reduction="none")
    if declared.loss == "poisson":
        given = z if output == "exp" else p
        return F.poisson_nll_loss(given, y, log_input=output == "exp", eps=0.0, reduction="none")
    if declared.loss == "huber":
        return F.huber_loss(p, y, reduction="none")
    if declared.loss == "mean_absolute_error":
        return F.l1_loss(p, y, reduction="none")
    return F.mse_loss(p, y, reduction="none")


def loss(declared: Declared, parameters: Tensors, running: Tensors) -> Tensor:
    X, y = torch.from_numpy(declared.X), torch.from_numpy(declared.y)
    elements = terms(declared, *forward(declared, parameters, running, X), y)
    weights = torch.ones(len(X), 1, dtype=X.dtype)
    if declared.sample_weight is not None:
        weights = torch.from_numpy(declared.sample_weight)[:, None]
    total = (weights * elements).sum()
    if declared.loss != "half_squared_error":
        total = total / (weights.sum() * elements.shape[1])
    if declared.loss.startswith("half"):
        total = 0.5 * total
    strengths = declared.penalty.hyperparameters if declared.penalty else {}
    for name, W in parameters.items():
        if name.startswith("W"):
            total = total + strengths.get("l1", 0.0) * W.abs().sum() + 0.5 * strengths.get("l2", 0.0) * (W * W).sum()
    return total


def torch_optimizer(declared: Declared, parameters: list[Tensor]) -> torch.optim.Optimizer:
    given = declared.optimizer
    numbers = given.hyperparameters
    rate, epsilon = numbers["learning_rate"], numbers.get("epsilon", 0.0)
    betas = numbers.get("rho1", 0.0), numbers.get("rho2", 0.0)
    made: dict[str, Callable[[], torch.optim.Optimizer]] = {
        "GradientDescent": lambda: torch.optim.SGD(parameters, rate),
        "Momentum": lambda: torch.optim.SGD(parameters, rate, momentum=numbers["mu"]),
        "Nesterov": lambda: torch.optim.SGD(parameters, rate, momentum=numbers["mu"], nesterov=True),
        "RMSprop": lambda: torch.optim.RMSprop(parameters, rate, alpha=numbers["rho"], eps=epsilon),
        "Adagrad": lambda: torch.optim.Adagrad(parameters, rate, eps=epsilon),
        "Adam": lambda: torch.optim.Adam(parameters, rate, betas=betas, eps=epsilon),
        "AdamW": lambda: torch.optim.AdamW(parameters, rate, betas=betas, eps=epsilon, weight_decay=numbers["decay"]),
    }
    return made[type(given).__name__]()


class Oracle:
    """What PyTorch finds: the gradients of the first step; losses, parameters and running statistics of several."""

    def __init__(self, seed: int) -> None:
        self.declared = declare(seed)
        self.program: Program = self.declared.program()
        self.start, self.state = draw(self.program, np.random.RandomState(seed), np.dtype("float64"))
        trainable = self.program.trainable
        parameters = {n: torch.tensor(a, requires_grad=n in trainable) for n, a in self.start.items()}
        running = {n: torch.tensor(a) for n, a in self.state.items() if n.startswith("running_")}
        learned = [parameters[name] for name in trainable]
        optimizer = torch_optimizer(self.declared, learned)
        self.losses: list[float] = []
        self.gradients: dict[str, Any] = {}
        for step in range(STEPS):
            optimizer.zero_grad()
            value = loss(self.declared, parameters, running)
            value.backward()
            if step == 0:
                self.gradients = {f"d{n}": parameters[n].grad.numpy().copy() for n in trainable}
            if self.declared.clip_norm is not None:
                torch.nn.utils.clip_grad_norm_(learned, self.declared.clip_norm)
            optimizer.step()
            self.losses.append(value.item())
        self.kept = {n: tensor.detach().numpy() for n, tensor in {**parameters, **running}.items()}


oracle = cache(Oracle)


# --- chainrule -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["numpy", "reference", "c"])
@pytest.mark.parametrize("seed", range(COUNT))
def test_an_engine_agrees_with_pytorch(seed, engine, tmp_path):
    expected = oracle(seed)
    declared, program = expected.declared, expected.program
    given: dict[str, Any] = {"parameters": expected.start, "sample_weight": declared.sample_weight, "engine": engine}
    if engine == "c":  # compiled once for both, with the kernel sets in turn
        given["library"] = tmp_path / "oracle.so"
        cr.build(program, given["library"], target="native", dtype="float64", kernels=KERNELS[seed % len(KERNELS)])
    traced = cr.trace(program, declared.X, declared.y, dtype="float64", **given)
    assert set(gradients(program)) == set(expected.gradients)
    assert_agree(program, {n: traced[n] for n in expected.gradients}, expected.gradients)
    np.testing.assert_allclose(traced[program.loss], expected.losses[0], rtol=1e-10)
    run = cr.Training(program, declared.X, declared.y, epochs=STEPS, dtype="float64", progress=False, **given).fit()
    np.testing.assert_allclose(run.losses, expected.losses, rtol=1e-10)
    found = {**run.parameters, **run.state}
    assert_agree(program, {name: found[name] for name in expected.kept}, expected.kept)


def test_everything_occurs_among_the_networks():
    all_declared = [declare(seed) for seed in range(COUNT)]
    layers = [layer for declared in all_declared for layer in declared.layers]
    hidden = [layer.activation for declared in all_declared for layer in declared.layers[:-1]]
    assert set(hidden) == set(HIDDEN)
    assert {declared.loss for declared in all_declared} == set(OUTPUTS)
    assert {type(declared.optimizer) for declared in all_declared} == set(OPTIMIZERS)
    assert {type(declared.penalty).__name__ for declared in all_declared} == {"NoneType", "L1", "L2", "ElasticNet"}
    assert {len(declared.layers) - 1 for declared in all_declared} == set(range(6))
    assert {1, 33} <= {layer.units for layer in layers}
    assert {layer.batch_norm for layer in layers} == {layer.trainable for layer in layers} == {True, False}
    assert {declared.clip_norm is None for declared in all_declared} == {True, False}
    assert {declared.sample_weight is None for declared in all_declared} == {True, False}
